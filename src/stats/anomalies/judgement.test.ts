import { expect, test } from "bun:test";
import { expectationOf, judge, median, steady } from "./judgement.ts";

const judged = (value: number, weeks: ReadonlyArray<number | undefined>, threshold?: number) => {
  const expectation = expectationOf(weeks, []);
  return expectation === undefined ? undefined : judge(value, expectation, threshold);
};

test("a formula by hand: constant counts have the deviation of chance", () => {
  const expectation = expectationOf([100, 100, 100, 100], []);
  expect(expectation?.expected).toBeCloseTo(100, 9);
  expect(expectation?.deviation).toBeCloseTo(Math.sqrt(1 + Math.PI / 8), 9);
  const score = judge(25, expectation ?? { expected: 0, deviation: 1 }).score;
  expect(score).toBeCloseTo((2 * Math.sqrt(25.375) - 2 * Math.sqrt(100.375)) / Math.sqrt(1 + Math.PI / 8), 9);
});

test("three of eight odd weeks move neither what is expected nor how much it may stray", () => {
  const usual = judged(100, [98, 103, 100, 97, 102, 99, 101, 100]);
  const odd = judged(100, [98, 0, 100, 9000, 102, 0, 101, 100]);
  expect(Math.abs((odd?.expected ?? 0) - (usual?.expected ?? 0))).toBeLessThan(2);
  expect(odd?.upper).toBeLessThan(160);
});

test("few weeks expect nothing, and weeks that are not known do not count", () => {
  expect(expectationOf([5, 5, 5], [])).toBeUndefined();
  expect(expectationOf([5, undefined, 5, 5], [])).toBeUndefined();
  expect(expectationOf([5, undefined, 5, 5, 5], [])).toBeDefined();
  // Neither do neighbours that are as little known.
  expect(expectationOf([5, 5, 5, 5], [[1000, 0, 1000]])).toEqual(expectationOf([5, 5, 5, 5], []));
});

test("where there is next to nothing, next to nothing is no anomaly", () => {
  const never = [0, 0, 0, 0, 0, 0, 0, 0];
  expect([0, 1, 2, 3].map((value) => judged(value, never)?.anomalous)).toEqual([false, false, false, false]);
  expect(judged(20, never)?.direction).toBe("up");
  expect(judged(0, [3, 2, 4, 3, 2, 3])?.anomalous).toBe(false);
});

test("the bounds are where an anomaly begins", () => {
  const weeks = [100, 120, 90, 110, 105, 95, 100, 130];
  for (const threshold of [2, 3.5, 6]) {
    const { lower, upper } = judged(0, weeks, threshold) ?? { lower: 0, upper: 0 };
    expect(judged(Math.ceil(lower), weeks, threshold)?.anomalous).toBe(false);
    expect(judged(Math.floor(lower) - 1, weeks, threshold)?.direction).toBe("down");
    expect(judged(Math.floor(upper), weeks, threshold)?.anomalous).toBe(false);
    expect(judged(Math.ceil(upper) + 1, weeks, threshold)?.direction).toBe("up");
  }
});

test("neighbours that stray widen what is allowed", () => {
  const calm = [100, 101, 99, 100, 100, 101, 99, 100];
  const wild = [40, 190, 100, 60, 160, 100, 30, 220];
  const alone = expectationOf(calm, [])?.deviation ?? 0;
  expect(expectationOf(calm, [wild, wild, wild])?.deviation).toBeGreaterThan(3 * alone);
});

test.each([
  [[3], 3],
  [[1, 9], 5],
  [[9, 1, 5], 5],
  [[4, 1, 3, 2], 2.5],
])("the median of %p is %d", (values, middle) => {
  expect(median(values)).toBe(middle);
});

test("the scale is even: a Poisson count strays by about 1 wherever it is", () => {
  for (const mean of [5, 50, 500]) expect(steady(mean + Math.sqrt(mean)) - steady(mean)).toBeCloseTo(1, 0);
});
