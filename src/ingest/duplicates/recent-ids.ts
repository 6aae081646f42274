import { IdHash, randomKey } from "./id-hash.ts";
import { IdTable } from "./id-table.ts";

const HOUR_MS = 3_600_000;

/** For how long an id is remembered after it was received, in hours; forgotten less than an hour later. */
export const WINDOW_HOURS = 48;

/** A table grows and ages in one go, so that there are several: of five million ids one takes a few milliseconds. */
export const TABLES = 64;

/**
 * The event ids of the last 48 hours, by project, as 64-bit hashes: an id that was not added is taken for one that was
 * with a probability of `size / 2^64`.
 *
 * Memory: at most 16 bytes an id and 16 KiB, also just after growth; for ids that expired or were removed, until
 * `tidy` has gone round. One table of 64 grows at a time, for which its old memory is held too: 0.2 bytes an id more.
 *
 * An id is remembered for at least 48 hours after it was received and less than 49. `now` is epoch ms. When the clock
 * goes back, what was received before is remembered for longer by as much; one that goes back by more than 48 hours was
 * wrong before, and everything is forgotten.
 */
export class RecentIds {
  readonly #hash: IdHash;
  readonly #now: () => number;
  readonly #tables: ReadonlyArray<IdTable>;
  #hour: number;
  #nextToTidy = 0;

  constructor(now: () => number = Date.now, key: string = randomKey()) {
    this.#hash = new IdHash(key);
    this.#now = now;
    this.#hour = Math.floor(now() / HOUR_MS);
    this.#tables = Array.from({ length: TABLES }, () => new IdTable(this.#hour));
  }

  /** What the hashes of `addHash` are to be computed with. Secret: not for logs. */
  get key(): string {
    return this.#hash.key;
  }

  /** How many ids are held. */
  get size(): number {
    this.#readClock();
    return this.#tables.reduce((sum, _, index) => sum + this.#table(index).size, 0);
  }

  /** Bytes of the tables. */
  get bytes(): number {
    return this.#tables.reduce((sum, table) => sum + table.bytes, 0);
  }

  /** From when on ids are remembered, epoch ms: the start of an hour. */
  get since(): number {
    this.#readClock();
    return (this.#hour - WINDOW_HOURS) * HOUR_MS;
  }

  has(project: string, id: string): boolean {
    this.#readClock();
    this.#hash.of(project, id);
    const { low, high } = this.#hash;
    return this.#tableOf(low).has(low, high);
  }

  /**
   * Adds an id; true when it was absent and is now in. `at` is when it was received, epoch ms, now by default and at
   * most; false also where that is longer ago than the window, and nothing is added then.
   */
  addIfAbsent(project: string, id: string, at?: number): boolean {
    this.#hash.of(project, id);
    return this.addHash(this.#hash.low, this.#hash.high, at);
  }

  /** The same for an id whose hash was computed elsewhere; the halves are signed, as in `IdHash`. */
  addHash(low: number, high: number, at?: number): boolean {
    this.#readClock();
    const age = at === undefined ? 0 : Math.max(0, this.#hour - Math.floor(at / HOUR_MS));
    return age <= WINDOW_HOURS && this.#tableOf(low).add(low, high, age);
  }

  /** Forgets an id, as if it had never been added. */
  remove(project: string, id: string): void {
    this.#hash.of(project, id);
    const { low, high } = this.#hash;
    this.#tableOf(low).remove(low, high);
  }

  /** Gives back memory that is not needed any more, of the next table in turn. To be called about once a minute. */
  tidy(): void {
    this.#readClock();
    this.#table(this.#nextToTidy).shrink();
    this.#nextToTidy = (this.#nextToTidy + 1) % TABLES;
  }

  #tableOf(low: number): IdTable {
    return this.#table(low & (TABLES - 1));
  }

  // A table ages when it is next used, not all of them at the turn of the hour.
  #table(index: number): IdTable {
    const table = this.#tables[index] as IdTable;
    table.ageTo(this.#hour, WINDOW_HOURS);
    return table;
  }

  #readClock(): void {
    const hour = Math.floor(this.#now() / HOUR_MS);
    if (hour !== this.#hour) this.#turnTo(hour);
  }

  #turnTo(hour: number): void {
    const passed = hour - this.#hour;
    if (passed < 0 && passed >= -WINDOW_HOURS) return;
    this.#hour = hour;
    if (passed < 0) for (const table of this.#tables) table.clear(hour);
  }
}
