import { expect, test } from "bun:test";
import { changeOf, compareFractions, rounded, shareOf, whole } from "./fractions.ts";

test.each([
  [100, 16, 1, 6.3],
  [1, 3, 2, 0.33],
  [2, 3, 2, 0.67],
  [1, 200, 2, 0.01],
  [1, 8, 2, 0.13],
  [1005, 1000, 2, 1.01],
  [0, 0, 1, 0],
  [5, 0, 1, 0],
])("%p / %p to %p decimals is %p", (above, below, digits, value) => {
  expect(rounded({ above, below }, digits)).toBe(value);
});

test.each([
  [8200, 8000, 2.5],
  [1, 0, null],
  [0, 0, 0],
  [0, 3, -100],
  [809, 800, 1.1],
  [791, 800, -1.1],
  [2001, 2000, 0.1],
  [1999, 2000, -0.1],
  [10_001, 10_000, 0],
  [9999, 10_000, 0],
  [3, 1, 200],
])("from %p (now) and %p (before) the change is %p", (value, previous, change) => {
  expect(changeOf(whole(value), whole(previous))).toBe(change);
});

test("a change is that of the values before they are rounded", () => {
  // 33.33… % and 33.3 % both show as 33.3.
  expect(changeOf({ above: 100, below: 3 }, { above: 333, below: 10 })).toBe(0.1);
});

test("shares of nothing are 0, and equal fractions are equal", () => {
  expect(shareOf(whole(1), whole(3))).toBe(33.3);
  expect(shareOf(whole(0), whole(0))).toBe(0);
  expect(compareFractions({ above: 1, below: 3 }, { above: 2, below: 6 })).toBe(0);
  expect(compareFractions({ above: 1, below: 0 }, whole(0))).toBe(0);
  expect(compareFractions({ above: 1, below: 3 }, { above: 1, below: 2 })).toBe(-1);
});
