/** The least of the values that a share `q` of them does not exceed. */
export const quantile = (values: ReadonlyArray<number>, q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * q) - 1)] ?? Number.NaN;
};

/** How long something took, in milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p95: number;
  readonly runs: number;
}

export const timesOf = (values: ReadonlyArray<number>): Times => ({
  p50: quantile(values, 0.5),
  p95: quantile(values, 0.95),
  runs: values.length,
});
