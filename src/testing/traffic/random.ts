/** A seeded stream of random numbers: the same seed gives the same numbers on every machine. */
export interface Random {
  /** A whole number of 32 bits, unsigned. */
  readonly bits: () => number;
  /** From 0 inclusive to 1 exclusive. */
  readonly next: () => number;
  /** A whole number from 0 to `count - 1`. */
  readonly below: (count: number) => number;
  /** From `low` inclusive to `high` exclusive. */
  readonly between: (low: number, high: number) => number;
  readonly chance: (probability: number) => boolean;
}

const mix = (state: number): number => {
  let z = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
  z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
  return z ^ (z >>> 15);
};

/**
 * Opens the stream of a seed (a whole number up to 2^53 - 1); `stream` names independent streams of one seed, so that
 * drawing more from one leaves the others as they are. The generator is sfc32 (Chris Doty-Humphrey, PractRand).
 */
export const makeRandom = (seed: number, stream = ""): Random => {
  let c = seed >>> 0;
  let b = Math.floor(seed / 2 ** 32) >>> 0;
  let a = 0x9e3779b9;
  for (let i = 0; i < stream.length; i++) a = mix(a ^ stream.charCodeAt(i));
  let counter = 1;
  const bits = (): number => {
    const sum = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum;
    c |= 0;
    return sum >>> 0;
  };
  // The first numbers still resemble the seed.
  for (let i = 0; i < 15; i++) bits();
  const next = (): number => bits() / 2 ** 32;
  return {
    bits,
    next,
    below: (count) => Math.floor(next() * count),
    between: (low, high) => low + next() * (high - low),
    chance: (probability) => next() < probability,
  };
};

/** Draws by weight. */
export interface Picker<A> {
  readonly pick: (random: Random) => A;
  /** The share of each value, in their order; they add up to 1. */
  readonly shares: ReadonlyArray<number>;
}

/** Values with their weights, which are not negative and not all 0. A draw takes O(log n). */
export const weighted = <A>(
  values: ReadonlyArray<A>,
  weight: (value: A, index: number) => number,
): Picker<A> => {
  const weights = values.map(weight);
  const total = weights.reduce((sum, each) => sum + each, 0);
  const ends = new Float64Array(values.length);
  let end = 0;
  for (let i = 0; i < weights.length; i++) {
    end += weights[i] ?? 0;
    ends[i] = end / total;
  }
  return {
    shares: weights.map((each) => each / total),
    pick: (random) => {
      const at = random.next();
      let low = 0;
      let high = values.length - 1;
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((ends[middle] as number) > at) high = middle;
        else low = middle + 1;
      }
      return values[low] as A;
    },
  };
};

/** Zipf's law: the value at rank k (from 1) has a weight of k^-exponent. */
export const zipf = <A>(values: ReadonlyArray<A>, exponent: number): Picker<A> =>
  weighted(values, (_, index) => (index + 1) ** -exponent);

/** The values in a random order. */
export const shuffled = <A>(values: ReadonlyArray<A>, random: Random): ReadonlyArray<A> => {
  const out = [...values];
  for (let i = out.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    [out[i], out[j]] = [out[j] as A, out[i] as A];
  }
  return out;
};

const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const pairs = Array.from({ length: 1024 }, (_, i) => `${CROCKFORD[i >> 5]}${CROCKFORD[i & 31]}`);
const pair = (bits: number): string => pairs[bits & 1023] as string;

/** A ULID (48 bits of time, 80 random bits) of an instant, epoch ms; it comes out of the stream, not of the machine. */
export const ulidAt = (ms: number, random: Random): string => {
  const high = Math.floor(ms / 2 ** 30);
  const low = ms % 2 ** 30;
  const [a, b, c] = [random.bits(), random.bits(), random.bits()];
  return (
    pair(high >> 10) +
    pair(high) +
    pair(low >> 20) +
    pair(low >> 10) +
    pair(low) +
    pair(a) +
    pair(a >>> 10) +
    pair(a >>> 20) +
    pair(b) +
    pair(b >>> 10) +
    pair(b >>> 20) +
    pair(c) +
    pair(c >>> 10)
  );
};
