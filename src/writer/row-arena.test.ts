import { expect, test } from "bun:test";
import fc from "fast-check";
import { type HeldRows, RowArena } from "./row-arena.ts";

test("rows stay as they are until they are given back, whatever else is held and freed", () => {
  const text = fc
    .tuple(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 5 }),
      fc.constantFrom(1, 50, 5000, 60_000, 400_000),
    )
    .map(([unit, most]) => unit.repeat(Math.ceil(most / unit.length)));
  const step = fc.oneof(
    { weight: 3, arbitrary: text },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 100 }) },
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const arena = new RowArena(12);
      const held: Array<readonly [HeldRows, Buffer]> = [];
      for (const what of steps) {
        if (typeof what === "string") held.push([arena.hold(what, 1 + (what.length % 5)), Buffer.from(what)]);
        else {
          const [freed] = held.splice(what % Math.max(1, held.length), 1);
          freed?.[0].free();
        }
        for (const [{ rows }, expected] of held) expect(rows.equals(expected)).toBe(true);
      }
    }),
    { numRuns: 60 },
  );
});

test("memory that was given back is used again", () => {
  const arena = new RowArena(1000);
  const row = "x".repeat(100_000);
  const memories = new Set<ArrayBufferLike>();
  for (let turn = 0; turn < 200; turn++) {
    const burst = Array.from({ length: 20 }, () => arena.hold(row, 1));
    for (const { rows } of burst) memories.add(rows.buffer);
    for (const { free } of burst) free();
  }
  expect(memories.size).toBeLessThan(12);
});
