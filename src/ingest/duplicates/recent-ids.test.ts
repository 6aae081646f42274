import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { RecentIds, TABLES, WINDOW_HOURS } from "./recent-ids.ts";

const HOUR = 3_600_000;
const START = Date.parse("2026-11-21T12:34:56Z");

const BYTES_PER_ID = 16;
const OVERHEAD = 16_384;

const opened = () => {
  const clock = { time: START };
  return { clock, ids: new RecentIds(() => clock.time) };
};

const tidyAll = (ids: RecentIds) => {
  for (let n = 0; n < TABLES; n++) ids.tidy();
};

describe("an id", () => {
  test("is taken once, until it is removed", () => {
    const { ids } = opened();
    expect([ids.addIfAbsent("p", "a"), ids.addIfAbsent("p", "a"), ids.has("p", "a")]).toEqual([
      true,
      false,
      true,
    ]);
    expect([ids.has("q", "a"), ids.addIfAbsent("q", "a"), ids.size]).toEqual([false, true, 2]);
    ids.remove("p", "a");
    ids.remove("p", "never added");
    expect([ids.has("p", "a"), ids.has("q", "a"), ids.size]).toEqual([false, true, 1]);
    expect(ids.addIfAbsent("p", "a")).toBe(true);
  });

  test("is known for 48 hours after it was received, and for less than 49", () => {
    for (const minute of [0, 1, 59]) {
      const { clock, ids } = opened();
      clock.time = Math.floor(START / HOUR) * HOUR + minute * 60_000;
      ids.addIfAbsent("p", "now");
      ids.addIfAbsent("p", "an hour ago", clock.time - HOUR);
      clock.time += (WINDOW_HOURS - 1) * HOUR;
      expect([ids.has("p", "now"), ids.has("p", "an hour ago")]).toEqual([true, true]);
      clock.time += HOUR;
      expect(ids.has("p", "now")).toBe(true);
      clock.time += HOUR - 1;
      expect([ids.has("p", "now"), ids.has("p", "an hour ago")]).toEqual([minute === 0, false]);
      clock.time += 1;
      expect([ids.has("p", "now"), ids.size, ids.addIfAbsent("p", "now")]).toEqual([false, 0, true]);
    }
  });

  test("that was received before the window is not taken", () => {
    const { clock, ids } = opened();
    expect(ids.addIfAbsent("p", "old", ids.since - 1)).toBe(false);
    expect(ids.addIfAbsent("p", "oldest", ids.since)).toBe(true);
    expect(ids.addIfAbsent("p", "of a clock that is ahead", clock.time + 100 * HOUR)).toBe(true);
    expect(ids.size).toBe(2);
  });

  test("stays known when the clock goes back, and all are forgotten when it was days ahead", () => {
    const { clock, ids } = opened();
    clock.time += 48 * HOUR;
    ids.addIfAbsent("p", "before");
    clock.time -= 48 * HOUR;
    expect(ids.addIfAbsent("p", "meanwhile", clock.time)).toBe(true);
    expect([ids.has("p", "before"), ids.has("p", "meanwhile")]).toEqual([true, true]);
    clock.time += 48 * HOUR;
    expect([ids.has("p", "before"), ids.has("p", "meanwhile")]).toEqual([true, true]);
    clock.time += HOUR;
    expect([ids.has("p", "before"), ids.has("p", "meanwhile")]).toEqual([true, false]);
    clock.time -= 49 * HOUR;
    expect([ids.has("p", "before"), ids.size]).toEqual([false, 0]);
    expect(ids.addIfAbsent("p", "before")).toBe(true);
  });

  test("is known however far the clock has jumped, and forgotten after that", () => {
    for (const jump of [49, 253, 254, 255, 256, 257, 512, 100_000]) {
      const { clock, ids } = opened();
      ids.addIfAbsent("p", "before");
      clock.time += jump * HOUR;
      expect([ids.has("p", "before"), ids.size]).toEqual([false, 0]);
      ids.addIfAbsent("p", "after");
      clock.time += 48 * HOUR;
      expect(ids.has("p", "after")).toBe(true);
    }
  });
});

/** What the ids are to be: the hour in which each was received, and the latest hour that counts. */
class Model {
  readonly received = new Map<string, number>();
  hour = Math.floor(START / HOUR);

  turnTo(hour: number): void {
    if (hour < this.hour - WINDOW_HOURS) this.received.clear();
    if (hour > this.hour || hour < this.hour - WINDOW_HOURS) this.hour = hour;
    for (const [id, at] of this.received) if (at < this.hour - WINDOW_HOURS) this.received.delete(id);
  }

  add(id: string, at: number): boolean {
    if (this.received.has(id) || at < this.hour - WINDOW_HOURS) return false;
    this.received.set(id, Math.min(at, this.hour));
    return true;
  }
}

const names = Array.from({ length: 40 }, (_, n) => `id ${n}`);
const name = fc.constantFrom(...names);

type Action =
  | { readonly kind: "add"; readonly name: string; readonly hoursAgo: number | undefined }
  | { readonly kind: "crowd"; readonly count: number }
  | { readonly kind: "remove"; readonly name: string }
  | { readonly kind: "wait"; readonly minutes: number }
  | { readonly kind: "tidy" };

const kind = <Kind extends Action["kind"]>(value: Kind) => fc.constant(value);
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 9,
    arbitrary: fc.record({
      kind: kind("add"),
      name,
      hoursAgo: fc.oneof(fc.constant(undefined), fc.integer({ min: -30, max: 60 })),
    }),
  },
  // So many that tables grow, and have too much memory later.
  { weight: 1, arbitrary: fc.record({ kind: kind("crowd"), count: fc.integer({ min: 100, max: 3000 }) }) },
  { weight: 3, arbitrary: fc.record({ kind: kind("remove"), name }) },
  { weight: 2, arbitrary: fc.record({ kind: kind("wait"), minutes: fc.integer({ min: 1, max: 300 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: kind("wait"), minutes: fc.integer({ min: -70 * 60, max: 120 * 60 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: kind("tidy") }) },
);

describe("the ids of 48 hours", () => {
  test("are those of a map with the hours in which they were received, whatever the clock does", () => {
    const seen = { taken: 0, known: 0, crowded: 0, expired: 0 };

    const perform = (step: Action, { clock, ids }: ReturnType<typeof opened>, model: Model) => {
      switch (step.kind) {
        case "add": {
          const at = step.hoursAgo === undefined ? undefined : clock.time - step.hoursAgo * HOUR;
          const isNew = model.add(step.name, at === undefined ? model.hour : Math.floor(at / HOUR));
          expect(ids.addIfAbsent("p", step.name, at)).toBe(isNew);
          seen[isNew ? "taken" : "known"]++;
          break;
        }
        case "crowd": {
          const crowd = Array.from({ length: step.count }, (_, n) => `crowd ${n}`);
          const added = crowd.filter((id) => ids.addIfAbsent("p", id));
          expect(added).toEqual(crowd.filter((id) => model.add(id, model.hour)));
          seen.crowded += added.length;
          break;
        }
        case "remove":
          ids.remove("p", step.name);
          model.received.delete(step.name);
          break;
        case "wait": {
          clock.time += step.minutes * 60_000;
          const before = model.received.size;
          model.turnTo(Math.floor(clock.time / HOUR));
          seen.expired += before - model.received.size;
          break;
        }
        case "tidy":
          ids.tidy();
      }
      expect(names.filter((id) => ids.has("p", id) !== model.received.has(id))).toEqual([]);
      expect(ids.size).toBe(model.received.size);
    };

    fc.assert(
      fc.property(fc.array(action, { minLength: 20, maxLength: 100 }), (actions) => {
        const set = opened();
        const model = new Model();
        for (const step of actions) perform(step, set, model);
        tidyAll(set.ids);
        expect(set.ids.bytes).toBeLessThanOrEqual(BYTES_PER_ID * set.ids.size + OVERHEAD);
        expect([...model.received.keys()].filter((id) => !set.ids.has("p", id))).toEqual([]);
      }),
      { numRuns: 250 },
    );
    // The runs did what they are there for.
    expect(Math.min(...Object.values(seen))).toBeGreaterThan(200);
  }, 30_000);
});
