/** Bytes of the key's text: with a ULID in the default project a hash is one block of SHA-256. */
const KEY_BYTES = 16;

/** A new secret key. */
export const randomKey = (): string =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(KEY_BYTES / 2))).toString("hex");

/**
 * 64 bits for an id in a project: the first 8 bytes of `SHA256(concat(key, project, '\0', id))`, which ClickHouse
 * computes too. Nobody who does not know the key can make an id that collides with another, of their own project or of
 * somebody else's.
 */
export class IdHash {
  /** The halves of the last hash. */
  low = 0;
  high = 0;
  readonly key: string;
  readonly #digest = new Uint8Array(32);
  readonly #words = new Int32Array(this.#digest.buffer);

  constructor(key: string) {
    this.key = key;
  }

  /** Puts the hash of an id into `low` and `high`. */
  of(project: string, id: string): void {
    Bun.SHA256.hash(`${this.key}${project}\0${id}`, this.#digest);
    this.low = this.#words[0] as number;
    this.high = this.#words[1] as number;
  }
}
