import { expect, test } from "bun:test";
import { decodeTime, isValid } from "ulid";
import { makeRandom, shuffled, ulidAt, weighted, zipf } from "./random.ts";

const draw = (count: number, seed: number, stream?: string) => {
  const random = makeRandom(seed, stream);
  return Array.from({ length: count }, random.next);
};

test("a stream follows from its seed and its name alone", () => {
  expect(draw(100, 1)).toEqual(draw(100, 1));
  const others = [draw(100, 2), draw(100, 2 ** 32 + 1), draw(100, 1, "other")];
  for (const other of others) expect(other).not.toEqual(draw(100, 1));
  // Written down, because traffic of older releases must be repeatable.
  expect(Array.from({ length: 3 }, makeRandom(1).bits)).toMatchInlineSnapshot(`
    [
      2704429714,
      3392949363,
      894752886,
    ]
  `);
});

test("numbers are spread evenly", () => {
  const counts = Array<number>(10).fill(0);
  for (const value of draw(100_000, 7)) {
    const tenth = Math.floor(value * 10);
    counts[tenth] = (counts[tenth] ?? 0) + 1;
  }
  for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500);
});

test("values are drawn by their weight, those without any never", () => {
  const random = makeRandom(3);
  const picker = weighted(["a", "b", "c", "d"], (_, index) => [0, 1, 0, 3][index] ?? 0);
  const counts: Record<string, number> = {};
  for (let i = 0; i < 40_000; i++) {
    const value = picker.pick(random);
    counts[value] = (counts[value] ?? 0) + 1;
  }
  expect(Object.keys(counts).sort()).toEqual(["b", "d"]);
  expect((counts.d ?? 0) / (counts.b ?? 1)).toBeCloseTo(3, 0);
  expect(zipf([1, 2, 3, 4], 1).shares[0]).toBeCloseTo(1 / (1 + 1 / 2 + 1 / 3 + 1 / 4));
});

test("shuffling keeps every value once", () => {
  const values = Array.from({ length: 50 }, (_, i) => i);
  const mixed = shuffled(values, makeRandom(1));
  expect(mixed).not.toEqual(values);
  expect(mixed.toSorted((a, b) => a - b)).toEqual(values);
});

test("ids are ULIDs of their instant", () => {
  const random = makeRandom(1);
  const ids = new Set<string>();
  for (let i = 0; i < 1000; i++) {
    const ms = random.below(2 ** 41);
    const id = ulidAt(ms, random);
    expect(isValid(id)).toBe(true);
    expect(decodeTime(id)).toBe(ms);
    ids.add(id);
  }
  expect(ids.size).toBe(1000);
});
