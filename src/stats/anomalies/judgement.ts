/** Counts of the same part of a week in earlier weeks, newest first; undefined before there was anything to count. */
export type WeeklyCounts = ReadonlyArray<number | undefined>;

/** What earlier weeks let one expect of a count. */
export interface Expectation {
  readonly expected: number;
  /** Standard deviation of a new count around `expected`, on the scale of {@link steady}. */
  readonly deviation: number;
}

export interface Judgement {
  readonly expected: number;
  /** Counts from `lower` to `upper` are not anomalous. */
  readonly lower: number;
  readonly upper: number;
  /** Deviations from what was expected, negative below it. */
  readonly score: number;
  readonly anomalous: boolean;
  readonly direction: "up" | "down" | null;
}

/** Weeks that are looked at. */
export const WEEKS = 8;

/** With fewer weeks nothing is expected: chance alone would look like a rule. */
export const FEWEST_WEEKS = 4;

/** Iglewicz and Hoaglin's recommendation for modified z-scores. */
export const DEFAULT_THRESHOLD = 3.5;

/** The median absolute deviation of a normal distribution is this share of its standard deviation. */
const MAD_OF_NORMAL = 0.6745;

const ascending = (a: number, b: number): number => a - b;

/** The middle value, or the mean of the two in the middle. NaN without values. */
export const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort(ascending);
  const half = sorted.length >> 1;
  const upper = sorted[half] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : ((sorted[half - 1] ?? Number.NaN) + upper) / 2;
};

/**
 * A count on a scale on which chance (Poisson) makes a standard deviation of about 1 whatever its size: Anscombe's
 * transformation (Biometrika 35, 1948).
 */
export const steady = (count: number): number => 2 * Math.sqrt(count + 3 / 8);

const countOf = (value: number): number => Math.max(0, (Math.max(0, value) / 2) ** 2 - 3 / 8);

const known = (counts: WeeklyCounts): Array<number> => counts.filter((count) => count !== undefined);

/** How far each count lies from the median of the others: what the error of a forecast would have been. */
const forecastErrors = (values: ReadonlyArray<number>): Array<number> =>
  values.map((value, index) => value - median(values.filter((_, other) => other !== index)));

/**
 * What to expect where `own` are the counts of the same part of earlier weeks. How far counts stray is told from the parts of
 * the week around it too (`neighbours`), because a handful of weeks alone would tell it badly. Undefined with fewer than
 * {@link FEWEST_WEEKS} weeks.
 *
 * Median and median absolute deviation, so that odd weeks (up to half of them) do not move either: Iglewicz and Hoaglin,
 * How to Detect and Handle Outliers (ASQC 1993). The deviation is never less than what chance makes of a Poisson count,
 * so that small and constant numbers raise no alarm.
 */
export const expectationOf = (
  own: WeeklyCounts,
  neighbours: ReadonlyArray<WeeklyCounts>,
): Expectation | undefined => {
  const values = known(own).map(steady);
  if (values.length < FEWEST_WEEKS) return undefined;
  const around = neighbours.map((counts) => known(counts).map(steady));
  const errors = [values, ...around.filter(({ length }) => length >= FEWEST_WEEKS)].flatMap(forecastErrors);
  // A median of n normal values has π/2n of their variance, which adds to that of the new count.
  const chance = Math.sqrt(1 + Math.PI / (2 * values.length));
  return {
    expected: countOf(median(values)),
    deviation: Math.max(chance, median(errors.map(Math.abs)) / MAD_OF_NORMAL),
  };
};

/** Compares a count with what was expected; `threshold` is in deviations. */
export const judge = (
  value: number,
  { expected, deviation }: Expectation,
  threshold = DEFAULT_THRESHOLD,
): Judgement => {
  const score = (steady(value) - steady(expected)) / deviation;
  const anomalous = Math.abs(score) > threshold;
  return {
    expected,
    lower: countOf(steady(expected) - threshold * deviation),
    upper: countOf(steady(expected) + threshold * deviation),
    score,
    anomalous,
    direction: anomalous ? (score > 0 ? "up" : "down") : null,
  };
};
