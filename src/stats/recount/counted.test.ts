import { Effect } from "effect";
import fc from "fast-check";
import { keptLong, onSealedDays } from "../../sealing/sample.ts";
import { testClickHouse } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import type { EventRow } from "./event-row.ts";
import { metricStory } from "./metric-stories.ts";
import { expectRecounted, insert, sealSome } from "./testing/sealed-store.ts";

const { it, runtime } = testsOn(onSealedDays(testClickHouse(undefined, keptLong)));

it(
  "every metric, from sealed days or single events, is what a recount of the events finds",
  () =>
    Effect.gen(function* () {
      let projects = 0;
      const property = fc.asyncProperty(metricStory, fc.constantFrom(1, 2, 3), ({ sent, questions }, share) =>
        runtime.runPromise(
          Effect.gen(function* () {
            projects += 1;
            const project = `project ${projects}`;
            const all: Array<EventRow> = [];
            for (const events of sent) {
              yield* insert(project, events);
              all.push(...events);
              // The next batch comes late to what is sealed now.
              yield* sealSome(project, share);
            }
            yield* expectRecounted(project, all, questions);
          }),
        ),
      );
      yield* Effect.promise(() =>
        fc.assert(property, { numRuns: Number(process.env.RUNS ?? 20), endOnFailure: true }),
      );
    }),
  240_000,
);
