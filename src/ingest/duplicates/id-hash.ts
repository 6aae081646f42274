/** What is hashed before project and id; whoever knows both can compute the hashes. */
export interface HashPrefixes {
  readonly low: string;
  readonly high: string;
}

const EXTRA_BYTES = 9;
const PREFIX_BYTES = 16;

/** New secret prefixes, text; the high one ends with the low one. */
export const randomPrefixes = (): HashPrefixes => {
  const random = (bytes: number) =>
    Buffer.from(crypto.getRandomValues(new Uint8Array(bytes))).toString("hex");
  const low = random(PREFIX_BYTES);
  return { low, high: random(EXTRA_BYTES) + low };
};

/** Bytes of a prefix, a project and an id that are hashed without making a string of them. */
const SCRATCH_BYTES = 2048;

/**
 * 64 bits for an id in a project, as two `xxHash32(concat(prefix, project, '\0', id))` that ClickHouse computes too.
 *
 * A pair of texts that collide in one xxHash32 can be made without knowing what comes before them, as long as its length
 * modulo 4 is known (a difference of 2^31 in a word, compensated 16 bytes on: it works every other time). The prefixes
 * differ by 18 bytes, so that such a pair does not collide in both.
 *
 * The high prefix ends with the low one because then one copy of the text serves both.
 */
export class IdHash {
  /** The hashes of the last `of`, as signed integers. */
  low = 0;
  high = 0;
  readonly prefixes: HashPrefixes;
  readonly #scratch = Buffer.alloc(SCRATCH_BYTES);
  readonly #extra: number;
  /** The scratch from its start, and from where the low prefix starts, by their end; made when first needed. */
  readonly #highTexts: Array<Uint8Array | undefined> = new Array(SCRATCH_BYTES + 1).fill(undefined);
  readonly #lowTexts: Array<Uint8Array | undefined> = new Array(SCRATCH_BYTES + 1).fill(undefined);
  #project: string | undefined;
  #idStart = 0;

  constructor(prefixes: HashPrefixes) {
    if (!prefixes.high.endsWith(prefixes.low)) throw new Error("the high prefix must end with the low one");
    this.prefixes = prefixes;
    this.#extra = Buffer.byteLength(prefixes.high) - Buffer.byteLength(prefixes.low);
  }

  /** Puts the hashes of an id into `low` and `high`. */
  of(project: string, id: string): void {
    if (project !== this.#project) this.#turnTo(project);
    // A UTF-16 unit takes three bytes at most.
    if (this.#idStart + id.length * 3 > SCRATCH_BYTES) {
      this.low = Bun.hash.xxHash32(`${this.prefixes.low}${project}\0${id}`) | 0;
      this.high = Bun.hash.xxHash32(`${this.prefixes.high}${project}\0${id}`) | 0;
      return;
    }
    const end = this.#idStart + this.#scratch.write(id, this.#idStart);
    this.low = Bun.hash.xxHash32(this.#lowTexts[end] ?? this.#view(this.#lowTexts, this.#extra, end)) | 0;
    this.high = Bun.hash.xxHash32(this.#highTexts[end] ?? this.#view(this.#highTexts, 0, end)) | 0;
  }

  #turnTo(project: string): void {
    const start = `${this.prefixes.high}${project}\0`;
    this.#idStart = Buffer.byteLength(start);
    this.#scratch.write(start);
    this.#project = project;
  }

  #view(views: Array<Uint8Array | undefined>, start: number, end: number): Uint8Array {
    const view = this.#scratch.subarray(start, end);
    views[end] = view;
    return view;
  }
}
