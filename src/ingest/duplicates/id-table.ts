/**
 * The low half of a slot without a key: of a free one, as new memory is, or of one whose key was removed, which has
 * `REMOVED` as its high half. Either has the stamp 0.
 */
const NO_KEY = 0;
const REMOVED = 1;

/** Stamps are the bytes from here to 255. */
export const FIRST_STAMP = 1;

/**
 * Slots lie in blocks of one line of the processor's cache: 7 keys of two 32-bit words, 7 stamps of a byte, a byte to
 * spare. Places are counted in words; the words 14 and 15 of a block are its stamps.
 */
const BLOCK_SLOTS = 7;
const BLOCK_BYTES = 64;
const BLOCK_WORDS = 16;
const STAMP_WORDS = 14;

const MIN_BLOCKS = 2;

/** Share of the slots that may be taken before a table is made anew. */
const MAX_LOAD = 0.85;

/** How many times more ids than it holds a new table may have room for. */
export const MAX_GROWTH = 1.45;
/** The same at least, and for a table that shrinks: it was idle. */
export const MIN_GROWTH = 1.25;

/**
 * The bytes that a table with `count` live ids takes at most when it was just made anew or swept: 64/7 bytes a slot at a
 * load of 0.85 / 1.45 are 15.6 an id, and there are whole blocks only.
 */
export const maxTableBytes = (count: number): number => MIN_BLOCKS * BLOCK_BYTES + 16 * count;

/**
 * Both halves go into the place, so that ids that were made to agree in one half are still spread: no sender can make a
 * long run of taken slots. The low bits choose the table, the high ones the block.
 */
export const placeOf = (low: number, high: number): number => (low ^ Math.imul(high, 0x9e3779b1)) >>> 0;

/** The byte with the stamp of the slot at a word. */
const stampAt = (word: number): number => (word >> 4) * BLOCK_BYTES + STAMP_WORDS * 4 + ((word & 15) >> 1);

/**
 * A set of 64-bit keys (two signed 32-bit halves) with a stamp each, in 64/7 bytes a slot: open addressing, linear
 * probing from the start of a block.
 *
 * `expired` is shared with the owner: a stamp with 1 in it is of no use any more. Keys with such a stamp are not in the
 * set; their slots are given back by `sweep` and whenever the table is made anew. `growth` (1.25 to 1.45) is how many
 * times more keys than it holds a new table has room for.
 */
export class IdTable {
  readonly #expired: Uint8Array;
  readonly #growth: number;
  #words = new Int32Array(MIN_BLOCKS * BLOCK_WORDS);
  #bytes = new Uint8Array(this.#words.buffer);
  /** Slots that are not free: kept keys and removed ones. */
  #taken = 0;
  #maxTaken = Math.floor(MIN_BLOCKS * BLOCK_SLOTS * MAX_LOAD);
  #kept = 0;

  constructor(expired: Uint8Array, growth: number) {
    this.#expired = expired;
    this.#growth = growth;
  }

  /** Keys in the set, and expired ones whose slots are not given back yet. */
  get size(): number {
    return this.#kept;
  }

  get bytes(): number {
    return this.#bytes.length;
  }

  has(low: number, high: number): boolean {
    const word = this.#find(low, high);
    return word >= 0 && this.#expired[this.#bytes[stampAt(word)] as number] === 0;
  }

  /** Puts a key in, unless it is in already, whose stamp then stays; true when it was absent. */
  add(low: number, high: number, stamp: number): boolean {
    const words = this.#words;
    const bytes = this.#bytes;
    const half = low === NO_KEY ? ~NO_KEY : low;
    let word = this.#start(half, high);
    let removed = -1;
    for (let found = words[word]; ; found = words[word]) {
      if (found === half && words[word + 1] === high) {
        if (this.#expired[bytes[stampAt(word)] as number] === 0) return false;
        bytes[stampAt(word)] = stamp;
        return true;
      }
      if (found === NO_KEY) {
        if (words[word + 1] !== REMOVED) break;
        if (removed < 0) removed = word;
      }
      word = this.#next(word);
    }
    if (removed >= 0) word = removed;
    else if (this.#taken >= this.#maxTaken) {
      this.#remake(this.#growth);
      return this.add(low, high, stamp);
    } else this.#taken++;
    this.#kept++;
    words[word] = half;
    words[word + 1] = high;
    bytes[stampAt(word)] = stamp;
    return true;
  }

  remove(low: number, high: number): void {
    const word = this.#find(low, high);
    if (word >= 0) this.#release(word);
  }

  /** Gives back the slots of expired keys, and memory where the table has become too large. */
  sweep(): void {
    const bytes = this.#bytes;
    const expired = this.#expired;
    for (let block = 0; block < bytes.length; block += BLOCK_BYTES) {
      for (let slot = 0; slot < BLOCK_SLOTS; slot++) {
        const stamp = bytes[block + STAMP_WORDS * 4 + slot] as number;
        if (expired[stamp] === 1) this.#release(block / 4 + 2 * slot);
      }
    }
    if (this.bytes > maxTableBytes(this.#kept)) this.#remake(MIN_GROWTH);
  }

  clear(): void {
    this.#allocate(MIN_BLOCKS);
  }

  /** Where the search for a key starts. */
  #start(low: number, high: number): number {
    const blocks = this.#words.length / BLOCK_WORDS;
    return Math.floor((placeOf(low, high) * blocks) / 0x1_0000_0000) * BLOCK_WORDS;
  }

  /** The slot after one; the first after the last. */
  #next(word: number): number {
    let next = word + 2;
    if ((next & 15) === STAMP_WORDS) {
      next += BLOCK_WORDS - STAMP_WORDS;
      if (next === this.#words.length) next = 0;
    }
    return next;
  }

  /** Where a key is, expired or not, or -1. */
  #find(low: number, high: number): number {
    const words = this.#words;
    const half = low === NO_KEY ? ~NO_KEY : low;
    let word = this.#start(half, high);
    for (let found = words[word]; ; found = words[word]) {
      if (found === half && words[word + 1] === high) return word;
      if (found === NO_KEY && words[word + 1] !== REMOVED) return -1;
      word = this.#next(word);
    }
  }

  // A slot must stay taken as long as keys behind it may have been put there because of it.
  #release(word: number): void {
    const words = this.#words;
    const next = this.#next(word);
    const isLast = words[next] === NO_KEY && words[next + 1] !== REMOVED;
    words[word] = NO_KEY;
    words[word + 1] = isLast ? 0 : REMOVED;
    this.#bytes[stampAt(word)] = 0;
    this.#kept--;
    if (isLast) this.#taken--;
  }

  #allocate(blocks: number): void {
    this.#words = new Int32Array(blocks * BLOCK_WORDS);
    this.#bytes = new Uint8Array(this.#words.buffer);
    this.#maxTaken = Math.floor(blocks * BLOCK_SLOTS * MAX_LOAD);
    this.#taken = 0;
    this.#kept = 0;
  }

  /** Moves what is in the set into a table of the right size. */
  #remake(growth: number): void {
    const words = this.#words;
    const bytes = this.#bytes;
    const expired = this.#expired;
    const isLive = (word: number) => {
      const stamp = bytes[stampAt(word)] as number;
      return stamp >= FIRST_STAMP && expired[stamp] === 0;
    };
    let live = 0;
    for (let word = 0; word < words.length; word += 2) if ((word & 15) < STAMP_WORDS && isLive(word)) live++;
    const blocks = Math.ceil((live * growth) / MAX_LOAD / BLOCK_SLOTS);
    this.#allocate(Math.max(MIN_BLOCKS, blocks));
    for (let word = 0; word < words.length; word += 2) {
      if ((word & 15) < STAMP_WORDS && isLive(word)) {
        this.#insert(words[word] as number, words[word + 1] as number, bytes[stampAt(word)] as number);
      }
    }
  }

  /** Puts in a key that is known to be absent, into a table without removed slots and with room. */
  #insert(low: number, high: number, stamp: number): void {
    const words = this.#words;
    let word = this.#start(low, high);
    while (words[word] !== NO_KEY) word = this.#next(word);
    words[word] = low;
    words[word + 1] = high;
    this.#bytes[stampAt(word)] = stamp;
    this.#taken++;
    this.#kept++;
  }
}
