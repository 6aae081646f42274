import type { Seal } from "./sealed-days.ts";

const LAST_HOUR = 23;

/** An event has reached the day, or it has a seal. */
const KNOWN = 1;
/** A batch has reached it that its seal does not have. */
const BROKEN = 2;
/** It cannot be sealed again, so that its seal is the best there is. */
const FINAL = 4;

/** Days that a site is given room for at a time. */
const ROOM = 32;

/**
 * What is known of the days of one site, in 18 bytes each: a thousand sites may have years of them. A day that was
 * reached by an event or has a seal is known. Days count from 1970, builds from 1.
 */
export class SiteDays {
  #first = 0;
  #end = 0;
  #state = new Uint8Array(0);
  /** 0 where there is no seal. */
  #builds = new Float64Array(0);
  #watermarks = new Float64Array(0);
  #nextHours = new Uint8Array(0);

  /** The days from here on may be known. */
  get first(): number {
    return this.#first;
  }

  /** The day after the last one that is known. */
  get end(): number {
    return this.#end;
  }

  isKnown(day: number): boolean {
    return this.#is(day, KNOWN);
  }

  /** The build that counts: of a seal that holds, or that stands since it cannot be made again. */
  buildOf(day: number, finalBefore: number): number | undefined {
    if (this.#is(day, BROKEN) && day >= finalBefore && !this.#is(day, FINAL)) return undefined;
    return this.#isIn(day) ? this.#builds[day - this.#first] || undefined : undefined;
  }

  /** The seal that holds. */
  sealOf(day: number): Seal | undefined {
    const build = this.#is(day, BROKEN) ? undefined : this.buildOf(day, 0);
    const at = day - this.#first;
    return build === undefined
      ? undefined
      : { build, watermark: this.#watermarks[at] ?? 0, nextHours: this.#nextHours[at] ?? 0 };
  }

  /** Takes a seal; the highest batch that has reached what it was made from is `reached`, or `touch` tells of it. */
  put(day: number, { build, watermark, nextHours }: Seal, reached = 0): void {
    const at = this.#place(day);
    this.#builds[at] = build;
    this.#watermarks[at] = watermark;
    this.#nextHours[at] = nextHours;
    this.#state[at] = reached > watermark ? KNOWN | BROKEN : KNOWN;
  }

  /** The day's events are gone in part: its seal stands, whatever reaches it. */
  makeFinal(day: number): void {
    const at = this.#place(day);
    this.#state[at] = (this.#state[at] ?? 0) | FINAL;
  }

  /** A batch has reached an hour: seals that were made from it without that batch do not hold. */
  touch(day: number, hour: number, batch: number): void {
    this.#place(day);
    this.#breakSeal(day, batch);
    // A session of the next day may have begun in the last half hour of this one, and one of the day before go on here.
    if (hour === LAST_HOUR) this.#breakSeal(day + 1, batch);
    if (this.#isIn(day - 1) && hour < (this.#nextHours[day - 1 - this.#first] ?? 0)) {
      this.#breakSeal(day - 1, batch);
    }
  }

  #breakSeal(day: number, batch: number): void {
    const at = day - this.#first;
    if (this.#isIn(day) && batch > (this.#watermarks[at] ?? 0)) {
      this.#state[at] = (this.#state[at] ?? 0) | BROKEN;
    }
  }

  #is(day: number, state: number): boolean {
    return this.#isIn(day) && ((this.#state[day - this.#first] ?? 0) & state) !== 0;
  }

  #isIn(day: number): boolean {
    return day >= this.#first && day < this.#end;
  }

  /** Where the day lies, from now on known. */
  #place(day: number): number {
    const capacity = this.#state.length;
    if (capacity === 0) this.#first = day;
    if (day < this.#first || day >= this.#first + capacity) {
      const first = day < this.#first ? Math.max(0, day - ROOM) : this.#first;
      this.#move(first, Math.max(this.#first + capacity, day + ROOM) - first);
    }
    if (day >= this.#end) this.#end = day + 1;
    const at = day - this.#first;
    this.#state[at] = (this.#state[at] ?? 0) | KNOWN;
    return at;
  }

  #move(first: number, capacity: number): void {
    const moved = <A extends Uint8Array | Float64Array>(to: A, from: A): A => {
      to.set(from, from.length === 0 ? 0 : this.#first - first);
      return to;
    };
    this.#state = moved(new Uint8Array(capacity), this.#state);
    this.#builds = moved(new Float64Array(capacity), this.#builds);
    this.#watermarks = moved(new Float64Array(capacity), this.#watermarks);
    this.#nextHours = moved(new Uint8Array(capacity), this.#nextHours);
    this.#first = first;
  }
}
