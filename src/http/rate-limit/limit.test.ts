import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Limit } from "./limit.ts";

/** The other form of the algorithm, virtual scheduling, in exact fractions: times are counted in 1/perMinute ms. */
class VirtualScheduling {
  readonly #perMinute: bigint;
  #due = 0n;

  constructor(perMinute: number) {
    this.#perMinute = BigInt(perMinute);
  }

  /** Whether units pass at a time, in ms; those that do are counted. */
  take(at: number, units: number): boolean {
    const now = BigInt(at) * this.#perMinute;
    const due = this.#due > now ? this.#due : now;
    const step = 60_000n;
    const counted = BigInt(units) < this.#perMinute ? BigInt(units) : this.#perMinute;
    if (due + counted * step > now + 60_000n * this.#perMinute) return false;
    this.#due = due + BigInt(units) * step;
    return true;
  }
}

/** What one sender owes, from call to call. */
const sender = (limit: Limit) => {
  let debt = 0;
  let time = 0;
  const pass = (at: number) => {
    debt = limit.after(debt, at - time);
    time = at;
  };
  return {
    waitMs: (at: number, units: number) => {
      pass(at);
      return limit.waitMs(debt, units);
    },
    take: (at: number, units: number) => {
      pass(at);
      const fits = limit.waitMs(debt, units) === 0;
      if (fits) debt = limit.with(debt, units);
      return fits;
    },
    left: () => limit.left(debt),
  };
};

const perMinute = fc.oneof(fc.integer({ min: 1, max: 2000 }), fc.integer({ min: 1, max: 10_000_000 }));
const calls = fc.array(
  fc.record({
    pauseMs: fc.oneof(fc.constant(0), fc.nat(100), fc.nat(100_000)),
    units: fc.oneof(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 500 })),
  }),
  { minLength: 1, maxLength: 60, size: "max" },
);

test("it decides as virtual scheduling in exact fractions does", () => {
  fc.assert(
    fc.property(perMinute, calls, (rate, all) => {
      const one = sender(new Limit(rate));
      const other = new VirtualScheduling(rate);
      let at = 0;
      for (const { pauseMs, units } of all) {
        at += pauseMs;
        expect(one.take(at, units)).toBe(other.take(at, units));
      }
    }),
    { numRuns: 2000 },
  );
});

test("what does not pass passes after the wait, and not one millisecond before", () => {
  fc.assert(
    fc.property(perMinute, calls, (rate, all) => {
      const limited = sender(new Limit(rate));
      const other = new VirtualScheduling(rate);
      let at = 0;
      for (const { pauseMs, units } of all) {
        at += pauseMs;
        const waitMs = limited.waitMs(at, units);
        if (waitMs > 0) {
          for (const early of [at, at + waitMs - 1]) {
            expect([limited.take(early, units), other.take(early, units)]).toEqual([false, false]);
          }
          at += waitMs;
        }
        expect([limited.take(at, units), other.take(at, units)]).toEqual([true, true]);
      }
    }),
    { numRuns: 1000 },
  );
});

test("exactly what is left passes", () => {
  fc.assert(
    fc.property(perMinute, calls, (rate, all) => {
      const limited = sender(new Limit(rate));
      let at = 0;
      for (const { pauseMs, units } of all) {
        at += pauseMs;
        limited.take(at, units);
        const left = limited.left();
        if (left < rate) expect(limited.waitMs(at, left + 1)).toBeGreaterThan(0);
        expect(limited.waitMs(at, left)).toBe(0);
      }
    }),
  );
});

describe("1000 a minute", () => {
  test("come at once, and then one every 60 ms", () => {
    const limited = sender(new Limit(1000));
    for (let i = 0; i < 1000; i++) expect(limited.take(0, 1)).toBe(true);
    expect([limited.take(0, 1), limited.take(59, 1), limited.take(60, 1), limited.take(119, 1)]).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });

  test("and in any minute after that no more than 1000", () => {
    const limited = sender(new Limit(1000));
    limited.take(0, 1000);
    let passed = 0;
    for (let at = 1; at <= 60_000; at++) if (limited.take(at, 1)) passed++;
    expect(passed).toBe(1000);
  });
});

test("a batch above the whole allowance passes when nothing is owed, and holds up what follows for as long as it takes", () => {
  const limited = sender(new Limit(100));
  expect(limited.take(0, 500)).toBe(true);
  // 400 are above the allowance, and pay themselves back in four minutes.
  expect([limited.take(240_599, 1), limited.take(240_600, 1)]).toEqual([false, true]);
  expect(limited.waitMs(240_600, 500)).toBe(60_000);
  expect([limited.take(300_599, 500), limited.take(300_600, 500)]).toEqual([false, true]);
});

test("0 is no limit", () => {
  const limited = sender(new Limit(0));
  for (let i = 0; i < 100; i++) expect(limited.take(0, 500)).toBe(true);
});
