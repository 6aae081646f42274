import { type HashPrefixes, IdHash, randomPrefixes } from "./id-hash.ts";
import { FIRST_STAMP, IdTable, MAX_GROWTH, MIN_GROWTH, placeOf } from "./id-table.ts";

const HOUR_MS = 3_600_000;

/** For how long an id is remembered after it was received, in hours; forgotten less than an hour later. */
export const WINDOW_HOURS = 48;

const STAMPS = 256 - FIRST_STAMP;
/** A table is made anew in one go: of five million ids one takes a few milliseconds. */
const TABLES = 64;

const stampOf = (hour: number): number => FIRST_STAMP + (hour % STAMPS);

/**
 * The event ids of the last 48 hours, by project, as 64-bit hashes: an id that was not added is taken for one that was
 * with a probability of `size / 2^64`.
 *
 * Memory: at most 16 bytes an id and 8 KiB, also just after growth (15.6), and 12.5 on average, as the tables grow by
 * different factors and thus not all at the same time. One table of 64 grows at a time, for which its old memory is held
 * too: 0.2 bytes an id more. Ids that expired or were removed take theirs until `expire()`.
 *
 * An id is remembered for at least 48 hours after it was received and less than 49. `now` is epoch ms. A clock that goes
 * back is ignored up to 48 hours (ids received meanwhile are forgotten earlier by as much); one that goes back further
 * was wrong before, and everything is forgotten.
 */
export class RecentIds {
  readonly #hash: IdHash;
  readonly #now: () => number;
  readonly #expired = new Uint8Array(256);
  readonly #tables: ReadonlyArray<IdTable>;
  #hour: number;
  #sweptHour: number;

  constructor(now: () => number = Date.now, prefixes: HashPrefixes = randomPrefixes()) {
    this.#hash = new IdHash(prefixes);
    this.#now = now;
    this.#tables = Array.from(
      { length: TABLES },
      (_, index) =>
        new IdTable(this.#expired, MIN_GROWTH + ((MAX_GROWTH - MIN_GROWTH) * index) / (TABLES - 1)),
    );
    this.#hour = Math.floor(now() / HOUR_MS);
    this.#sweptHour = this.#hour;
    this.#markExpired();
  }

  /** What the hashes of `addHash` are to be computed with. Secret: not for logs. */
  get prefixes(): HashPrefixes {
    return this.#hash.prefixes;
  }

  /** How many ids are held; those that expired since the last `expire()` may be among them. */
  get size(): number {
    return this.#tables.reduce((sum, table) => sum + table.size, 0);
  }

  /** Bytes of the tables. */
  get bytes(): number {
    return this.#tables.reduce((sum, table) => sum + table.bytes, 0);
  }

  /** From when to when ids are remembered, epoch ms: `since` is the start of an hour. */
  get window(): { readonly since: number; readonly now: number } {
    this.#readClock();
    return { since: (this.#hour - WINDOW_HOURS) * HOUR_MS, now: this.#now() };
  }

  has(project: string, id: string): boolean {
    this.#readClock();
    this.#hash.of(project, id);
    const { low, high } = this.#hash;
    return this.#tableOf(low, high).has(low, high);
  }

  /**
   * Adds an id; true when it was absent and is now in. `at` is when it was received, epoch ms, now by default and at
   * most; false also where that is longer ago than the window, and nothing is added then.
   */
  addIfAbsent(project: string, id: string, at?: number): boolean {
    this.#hash.of(project, id);
    return this.#add(this.#hash.low, this.#hash.high, at);
  }

  /** The same for an id whose hashes were computed elsewhere: any 32-bit integers, signed or not. */
  addHash(low: number, high: number, at?: number): boolean {
    return this.#add(low | 0, high | 0, at);
  }

  /** Forgets an id, as if it had never been added. */
  remove(project: string, id: string): void {
    this.#hash.of(project, id);
    const { low, high } = this.#hash;
    this.#tableOf(low, high).remove(low, high);
  }

  /** Gives back the memory of expired ids. To be called about once an hour; what is never called is made up for. */
  expire(): void {
    this.#readClock();
    this.#sweep();
  }

  #tableOf(low: number, high: number): IdTable {
    return this.#tables[placeOf(low, high) % TABLES] as IdTable;
  }

  #add(low: number, high: number, at: number | undefined): boolean {
    this.#readClock();
    const hour = at === undefined ? this.#hour : Math.min(this.#hour, Math.floor(at / HOUR_MS));
    if (hour < this.#hour - WINDOW_HOURS) return false;
    return this.#tableOf(low, high).add(low, high, stampOf(hour));
  }

  #readClock(): void {
    const hour = Math.floor(this.#now() / HOUR_MS);
    if (hour !== this.#hour) this.#turnTo(hour);
  }

  #turnTo(hour: number): void {
    const passed = hour - this.#hour;
    if (passed < 0 && passed >= -WINDOW_HOURS) return;
    this.#hour = hour;
    this.#markExpired();
    if (Math.abs(passed) > WINDOW_HOURS) {
      for (const table of this.#tables) table.clear();
      this.#sweptHour = hour;
    } else if (hour - this.#sweptHour > WINDOW_HOURS) {
      // Stamps come round: what expired must be gone before its stamp is given to a new hour.
      this.#sweep();
    }
  }

  #sweep(): void {
    this.#sweptHour = this.#hour;
    for (const table of this.#tables) table.sweep();
  }

  #markExpired(): void {
    this.#expired.fill(1, FIRST_STAMP);
    for (let age = 0; age <= WINDOW_HOURS; age++) this.#expired[stampOf(this.#hour - age)] = 0;
  }
}
