/** What one unit costs. A minute has as many milliseconds, so that a limit of n per minute pays back n in each of them. */
const UNIT = 60_000;

/**
 * The generic cell rate algorithm (ITU-T Recommendation I.371, annex A) in its form of a leaky bucket, which decides as
 * the other form, that of virtual scheduling, does: every unit is a debt, paid back at the limit's rate, and what would
 * bring the debt above a whole minute's allowance does not pass and costs nothing. So a sender that was quiet has the
 * minute's allowance at once, and from then on its rate.
 *
 * Debts are whole numbers of 1/60,000 unit and times whole milliseconds, so that nothing is ever rounded.
 */
export class Limit {
  /** Where it is 0 there is no limit, and nobody owes anything. */
  readonly perMinute: number;
  readonly #most: number;

  constructor(perMinute: number) {
    this.perMinute = perMinute;
    this.#most = perMinute * UNIT;
  }

  /** What is left of a debt after some milliseconds. */
  after(debt: number, elapsedMs: number): number {
    return Math.max(0, debt - elapsedMs * this.perMinute);
  }

  /** The debt once this many units have passed. */
  with(debt: number, units: number): number {
    return this.perMinute === 0 ? 0 : debt + units * UNIT;
  }

  /** Milliseconds until a debt is paid back, with their fraction. */
  paidWithinMs(debt: number): number {
    return this.perMinute === 0 ? 0 : debt / this.perMinute;
  }

  /** The debt that is paid back within this time, rounded up. */
  debtOf(ms: number): number {
    return Math.ceil(ms * this.perMinute);
  }

  /**
   * Milliseconds until this many units pass, 0 if they do now: one millisecond before they do not. More units than the
   * whole allowance pass when nothing is owed, and then are paid back for as long as they take.
   */
  waitMs(debt: number, units: number): number {
    if (this.perMinute === 0 || units === 0) return 0;
    const over = debt + Math.min(units * UNIT, this.#most) - this.#most;
    return over <= 0 ? 0 : Math.ceil(over / this.perMinute);
  }

  /** Units that pass now. */
  left(debt: number): number {
    return Math.max(0, Math.floor((this.#most - debt) / UNIT));
  }
}
