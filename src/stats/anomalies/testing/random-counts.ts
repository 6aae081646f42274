import type { Random } from "../../../testing/traffic/random.ts";

const normal = (random: Random): number =>
  Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());

/** Gamma with scale 1 and shape of at least 1 (Marsaglia and Tsang, 2000). */
const gamma = (random: Random, shape: number): number => {
  const d = shape - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const x = normal(random);
    const v = (1 + c * x) ** 3;
    if (v > 0 && Math.log(1 - random.next()) < x ** 2 / 2 + d - d * v + d * Math.log(v)) return d * v;
  }
};

/** Above it the normal distribution is as good. */
const LARGE_MEAN = 100;

export const poisson = (random: Random, mean: number): number => {
  if (mean > LARGE_MEAN) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal(random)));
  const limit = Math.exp(-mean);
  let count = 0;
  for (let product = random.next(); product > limit; product *= random.next()) count++;
  return count;
};

/** A Poisson count whose mean itself varies: variance mean + mean²/k. Infinity is Poisson. */
export const negativeBinomial = (random: Random, mean: number, k: number): number =>
  poisson(random, k === Number.POSITIVE_INFINITY ? mean : (mean * gamma(random, k)) / k);

export const logNormal = (random: Random, deviation: number): number => Math.exp(deviation * normal(random));
