import { expect, test } from "bun:test";
import fc from "fast-check";
import type { Seal } from "./sealed-days.ts";
import { SiteDays } from "./site-days.ts";

const FIRST = 20_000;

type Step =
  | { readonly kind: "touch"; readonly day: number; readonly hour: number }
  | { readonly kind: "put"; readonly day: number; readonly nextHours: number; readonly behind: number };

const day = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.integer({ min: 0, max: 120 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("touch" as const), day, hour: fc.integer({ min: 0, max: 23 }) }),
  fc.record({
    kind: fc.constant("put" as const),
    day,
    nextHours: fc.integer({ min: 0, max: 24 }),
    behind: fc.integer({ min: 0, max: 2 }),
  }),
);

test("a seal holds exactly as long as no later batch has reached an hour that it was made from", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const days = new SiteDays();
      const reached = new Map<number, number>();
      const seals = new Map<number, Seal>();
      const highest = (fromHour: number, toHour: number) => {
        let found = 0;
        for (let hour = fromHour; hour < toHour; hour++) found = Math.max(found, reached.get(hour) ?? 0);
        return found;
      };
      const reachedOf = (of: number, nextHours: number) => highest(of * 24 - 1, of * 24 + 24 + nextHours);
      steps.forEach((one, index) => {
        const batch = index + 1;
        const of = FIRST + one.day;
        if (one.kind === "touch") {
          days.touch(of, one.hour, batch);
          reached.set(of * 24 + one.hour, batch);
        } else {
          const seal = {
            build: batch,
            watermark: Math.max(0, batch - one.behind),
            nextHours: one.nextHours,
          };
          days.put(of, seal, reachedOf(of, seal.nextHours));
          seals.set(of, seal);
        }
      });
      for (let of = FIRST - 3; of < FIRST + 125; of++) {
        const seal = seals.get(of);
        const holds = seal !== undefined && reachedOf(of, seal.nextHours) <= seal.watermark;
        expect([of, days.sealOf(of)]).toEqual([of, holds ? seal : undefined]);
        expect(days.isKnown(of)).toBe(seal !== undefined || highest(of * 24, of * 24 + 24) > 0);
        expect(days.buildOf(of, 0)).toBe(days.sealOf(of)?.build);
        // Of a day that cannot be sealed again.
        expect(days.buildOf(of, of + 1)).toBe(seal?.build);
      }
    }),
    { numRuns: 300 },
  );
});

test("a day whose events are gone keeps its seal, whatever reaches it", () => {
  const days = new SiteDays();
  days.put(FIRST, { build: 7, watermark: 5, nextHours: 0 });
  days.touch(FIRST, 3, 6);
  expect(days.buildOf(FIRST, 0)).toBeUndefined();
  days.makeFinal(FIRST);
  expect(days.buildOf(FIRST, 0)).toBe(7);
  days.touch(FIRST, 3, 8);
  expect(days.buildOf(FIRST, 0)).toBe(7);
  expect(days.sealOf(FIRST)).toBeUndefined();
});
