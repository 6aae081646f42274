/**
 * A map of strings that cannot grow: what hot-path steps remember about agents, addresses and URLs that anyone may send.
 *
 * Two generations instead of an LRU list: a hit is one `Map.get`, nothing is re-linked. When the young generation is
 * full it becomes the old one and the old one is forgotten, so the cache holds at most `limit` entries and an entry
 * that is asked for at least once in every `limit / 2` insertions stays.
 *
 * `limit` is a number of entries, `maxKeyLength` a number of UTF-16 units; longer keys are never kept, so that the
 * memory is bounded by `limit × maxKeyLength` whatever senders invent. `undefined` is not a value.
 */
export class BoundedCache<V extends string | number | boolean | object> {
  readonly #half: number;
  readonly #maxKeyLength: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  constructor(limit: number, maxKeyLength = 512) {
    this.#half = Math.max(1, limit >> 1);
    this.#maxKeyLength = maxKeyLength;
  }

  /** How many entries are held now; an entry that lives in both generations counts twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: string): V | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.set(key, old);
    return old;
  }

  set(key: string, value: V): void {
    if (key.length > this.#maxKeyLength) return;
    if (this.#young.size >= this.#half && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}
