import { WINDOW_MINUTES } from "./sightings.ts";

/** Who was seen within so many seconds is there now; page views are counted for as long, too. */
export const ACTIVE_SECONDS = 300;

/** Turns a ring to a later slot: those that it passes begin anew. */
const turn = (ring: Uint32Array, from: number, to: number): void => {
  for (let slot = Math.max(from + 1, to - ring.length + 1); slot <= to; slot++) ring[slot % ring.length] = 0;
};

/**
 * Page views of the last 30 minutes by minute, and of the last five by second, in 1.3 KB. Times are seconds since 1970;
 * what is older than a ring reaches is passed over.
 */
export class PageViews {
  readonly #minutes = new Uint32Array(WINDOW_MINUTES);
  readonly #seconds = new Uint32Array(ACTIVE_SECONDS);
  /** The latest slots that were counted in. */
  #minute = 0;
  #second = 0;

  add(second: number, count: number): void {
    const minute = this.#turnTo(second);
    if (minute > this.#minute - WINDOW_MINUTES) {
      const slot = minute % WINDOW_MINUTES;
      this.#minutes[slot] = (this.#minutes[slot] as number) + count;
    }
    if (second > this.#second - ACTIVE_SECONDS) {
      const slot = second % ACTIVE_SECONDS;
      this.#seconds[slot] = (this.#seconds[slot] as number) + count;
    }
  }

  /** The minute that begins at this second has at least so many. */
  raiseMinute(second: number, count: number): void {
    const minute = this.#turnTo(second);
    const slot = minute % WINDOW_MINUTES;
    if (minute > this.#minute - WINDOW_MINUTES && (this.#minutes[slot] as number) < count) {
      this.#minutes[slot] = count;
    }
  }

  /** This second has at least so many. */
  raiseSecond(second: number, count: number): void {
    this.#turnTo(second);
    const slot = second % ACTIVE_SECONDS;
    if (second > this.#second - ACTIVE_SECONDS && (this.#seconds[slot] as number) < count) {
      this.#seconds[slot] = count;
    }
  }

  #turnTo(second: number): number {
    const minute = Math.floor(second / 60);
    if (second > this.#second) {
      turn(this.#seconds, this.#second, second);
      this.#second = second;
      if (minute > this.#minute) {
        turn(this.#minutes, this.#minute, minute);
        this.#minute = minute;
      }
    }
    return minute;
  }

  /** Adds the counts of the last 30 minutes to `sums`, oldest first, the last one being the minute of `now`. */
  addMinutesTo(sums: Array<number>, now: number): void {
    const first = Math.floor(now / 60) - WINDOW_MINUTES + 1;
    for (let n = 0; n < WINDOW_MINUTES; n++) {
      const minute = first + n;
      const isKnown = minute <= this.#minute && minute > this.#minute - WINDOW_MINUTES;
      if (isKnown) sums[n] = (sums[n] ?? 0) + (this.#minutes[minute % WINDOW_MINUTES] as number);
    }
  }

  /** How many there were in the 300 seconds up to and with `now`. */
  lately(now: number): number {
    let sum = 0;
    const first = Math.max(now, this.#second) - ACTIVE_SECONDS + 1;
    const last = Math.min(now, this.#second);
    for (let second = first; second <= last; second++)
      sum += this.#seconds[second % ACTIVE_SECONDS] as number;
    return sum;
  }

  /** Whether everything that is counted is older than the window. */
  isOver(now: number): boolean {
    return this.#minute <= Math.floor(now / 60) - WINDOW_MINUTES;
  }
}
