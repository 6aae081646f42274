/** In place of an age: of a slot that was never taken, and of one whose key is not in the set any more. */
const FREE = 0;
const GONE = 1;
/** The age 0 as it is kept. */
const NEW = 2;

/** The highest age that a key can have. */
export const MAX_AGE = 255 - NEW;

const MIN_SLOTS = 16;
const SLOT_BYTES = 9;

/** Share of the slots that may be taken before a table is made anew. */
const MAX_LOAD = 0.8;

/** How many times more keys than it holds a new table has room for: 9 bytes · 1.3 / 0.8 are 14.6 for each. */
const GROWTH = 1.3;

/** A table that has more than this for each key is too large. */
const MAX_BYTES_PER_KEY = 16;

/**
 * A set of 64-bit keys (two signed 32-bit halves, evenly spread), each with an age: open addressing, linear probing.
 * Slots of keys that have gone are given back when the table is made anew.
 */
export class IdTable {
  #keys = new Int32Array(2 * MIN_SLOTS);
  #ages = new Uint8Array(MIN_SLOTS);
  /** Slots that are not free. */
  #taken = 0;
  #size = 0;
  #time: number;

  /** `time` counts whole units, in which ages are too. */
  constructor(time: number) {
    this.#time = time;
  }

  /** Keys in the set. */
  get size(): number {
    return this.#size;
  }

  get bytes(): number {
    return this.#ages.length * SLOT_BYTES;
  }

  has(low: number, high: number): boolean {
    return this.#isKept(this.#find(low, high));
  }

  /** Puts a key in, unless it is in already, whose age then stays; true when it was absent. */
  add(low: number, high: number, age: number): boolean {
    let slot = this.#find(low, high);
    if (this.#isKept(slot)) return false;
    if (this.#ages[slot] === FREE && this.#taken >= this.#ages.length * MAX_LOAD) {
      this.#remake();
      slot = this.#find(low, high);
    }
    this.#put(slot, low, high, NEW + age);
    return true;
  }

  remove(low: number, high: number): void {
    const slot = this.#find(low, high);
    if (!this.#isKept(slot)) return;
    this.#ages[slot] = GONE;
    this.#size--;
  }

  /** Makes the keys as much older as time has passed since the last call, and takes out those older than `oldest`. */
  ageTo(time: number, oldest: number): void {
    const by = time - this.#time;
    if (by === 0) return;
    this.#time = time;
    const ages = this.#ages;
    for (let slot = 0; slot < ages.length; slot++) {
      const age = ages[slot] as number;
      if (age < NEW) continue;
      if (age + by <= NEW + oldest) ages[slot] = age + by;
      else {
        ages[slot] = GONE;
        this.#size--;
      }
    }
  }

  /** Gives back memory where there is too much for the keys in the set. */
  shrink(): void {
    if (this.#ages.length > MIN_SLOTS && this.bytes > MAX_BYTES_PER_KEY * this.#size) this.#remake();
  }

  clear(time: number): void {
    this.#allocate(MIN_SLOTS);
    this.#time = time;
  }

  #isKept(slot: number): boolean {
    return (this.#ages[slot] as number) >= NEW;
  }

  /** The slot of a key, in the set or gone, or the free one that it would take. */
  #find(low: number, high: number): number {
    const keys = this.#keys;
    const ages = this.#ages;
    let slot = Math.floor(((high >>> 0) * ages.length) / 0x1_0000_0000);
    while (ages[slot] !== FREE && (keys[2 * slot] !== low || keys[2 * slot + 1] !== high)) {
      slot = slot + 1 === ages.length ? 0 : slot + 1;
    }
    return slot;
  }

  #put(slot: number, low: number, high: number, age: number): void {
    if (this.#ages[slot] === FREE) this.#taken++;
    this.#size++;
    this.#keys[2 * slot] = low;
    this.#keys[2 * slot + 1] = high;
    this.#ages[slot] = age;
  }

  #allocate(slots: number): void {
    this.#keys = new Int32Array(2 * slots);
    this.#ages = new Uint8Array(slots);
    this.#taken = 0;
    this.#size = 0;
  }

  /** Moves the keys in the set into a table of the right size. */
  #remake(): void {
    const keys = this.#keys;
    const ages = this.#ages;
    this.#allocate(Math.max(MIN_SLOTS, Math.ceil((this.#size * GROWTH) / MAX_LOAD)));
    for (let slot = 0; slot < ages.length; slot++) {
      const age = ages[slot] as number;
      if (age < NEW) continue;
      const low = keys[2 * slot] as number;
      const high = keys[2 * slot + 1] as number;
      this.#put(this.#find(low, high), low, high, age);
    }
  }
}
