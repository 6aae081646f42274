/** A number that is known exactly: `above / below`, whole numbers. Nothing divided by nothing is 0. */
export interface Fraction {
  readonly above: number;
  readonly below: number;
}

export const whole = (count: number): Fraction => ({ above: count, below: 1 });

const exact = ({ above, below }: Fraction): readonly [above: bigint, below: bigint] =>
  below === 0 ? [0n, 1n] : [BigInt(above), BigInt(below)];

/** `above / below` to so many decimals, halves away from zero; `below` is positive. */
const decimal = (above: bigint, below: bigint, digits: number): number => {
  const scaled = (above < 0n ? -above : above) * 10n ** BigInt(digits);
  const rounded = Number((2n * scaled + below) / (2n * below)) / 10 ** digits;
  return above < 0n && rounded !== 0 ? -rounded : rounded;
};

export const rounded = (fraction: Fraction, digits: number): number => decimal(...exact(fraction), digits);

export const compareFractions = (a: Fraction, b: Fraction): number => {
  const [[above, below], [otherAbove, otherBelow]] = [exact(a), exact(b)];
  const difference = above * otherBelow - otherAbove * below;
  return difference === 0n ? 0 : difference < 0n ? -1 : 1;
};

/** How much more than `previous` it is, in percent with one decimal. */
export const changeOf = (value: Fraction, previous: Fraction): number | null => {
  const [[above, below], [previousAbove, previousBelow]] = [exact(value), exact(previous)];
  if (previousAbove === 0n) return above === 0n ? 0 : null;
  return decimal((above * previousBelow - previousAbove * below) * 100n, below * previousAbove, 1);
};

/** How much of `total` it is, in percent with one decimal. */
export const shareOf = (value: Fraction, total: Fraction): number => {
  const [[above, below], [totalAbove, totalBelow]] = [exact(value), exact(total)];
  return totalAbove === 0n ? 0 : decimal(100n * above * totalBelow, below * totalAbove, 1);
};
