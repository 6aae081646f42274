import { expect } from "bun:test";
import { Effect, Layer } from "effect";
import fc from "fast-check";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { removeGarbage } from "./garbage.ts";
import { answers, at, keptLong, lastBatch, onSealedDays, seal, store } from "./sample.ts";
import { layerSealedDays, SealedDays } from "./sealed-days.ts";

const { it, runtime } = testsOn(onSealedDays(testClickHouse(undefined, keptLong)));

// Around midnight sessions go from day to day, and half an hour decides.
const event = fc.record({
  occurredAtMs: fc
    .tuple(fc.integer({ min: 0, max: 3 }), fc.integer({ min: -9, max: 9 }), fc.integer({ min: 0, max: 1 }))
    .map(([day, step, more]) => at(day, "00:00") + step * 10 * 60_000 - more),
  visitor_id: fc.integer({ min: 1, max: 2 }),
  site_id: fc.constantFrom("one.example", "two.example"),
  event_type: fc.constantFrom("page_view", "page_view", "search", "conversion"),
  page_path: fc.constantFrom("/a", "/b"),
  is_bot: fc.constantFrom(false, false, false, true),
});

const step = fc.oneof(
  { weight: 3, arbitrary: fc.array(event, { minLength: 1, maxLength: 6 }) },
  {
    weight: 4,
    arbitrary: fc.record({
      day: fc.integer({ min: -1, max: 3 }),
      site: fc.constantFrom("one.example", "two.example"),
      events: fc.constantFrom(1, 3, 1_000_000),
    }),
  },
  { weight: 1, arbitrary: fc.constant("restart" as const) },
  { weight: 1, arbitrary: fc.constant("clean up" as const) },
);

let projects = 0;

const property = fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), (steps) => {
  projects += 1;
  const project = `project ${projects}`;
  const check = Effect.gen(function* () {
    expect(yield* answers(project, {})).toEqual(yield* answers(project, { from: "raw" }));
  });
  const run = (left: typeof steps): Effect.Effect<void, unknown, never> =>
    Effect.gen(function* () {
      const [first, ...rest] = left;
      if (first === undefined) return;
      if (first === "restart") return yield* Effect.provide(run(rest), Layer.fresh(layerSealedDays));
      if (first === "clean up") {
        const { lastBuild } = yield* SealedDays;
        yield* removeGarbage({ upToBuild: lastBuild(), leastShare: 0, wait: true });
      } else if ("day" in first) {
        const sizes = { sessionEvents: first.events, fieldEvents: first.events };
        yield* seal(project, first.day, first.site, lastBatch(), sizes);
        return yield* run(rest);
      } else yield* store(project, first);
      yield* check;
      yield* run(rest);
    }) as Effect.Effect<void, unknown, never>;
  return runtime.runPromise(Effect.zipRight(run(steps), check));
});

it(
  "whatever reaches days in whatever order, and whenever they are sealed, answers are those of the events",
  () =>
    Effect.promise(() => fc.assert(property, { numRuns: Number(process.env.RUNS ?? 6), endOnFailure: true })),
  240_000,
);
