import { expect } from "bun:test";
import { Effect, Layer } from "effect";
import fc from "fast-check";
import { ClickHouse } from "../../../store/clickhouse.ts";
import { testClickHouse } from "../../../testing/clickhouse.ts";
import { testsOn } from "../../../testing/effect.ts";
import { testSettings } from "../../../testing/settings.ts";
import { type EventRow, landingColumns, landingRow } from "../../recount/event-row.ts";
import { answerFunnel } from "../answer-funnel.ts";
import { funnelStory } from "./funnel-stories.ts";
import { recountFunnel } from "./recount-funnel.ts";

const retention = { rawRetentionDays: 3650, rollupRetentionYears: 50 };
const { it, runtime } = testsOn(Layer.merge(testClickHouse(undefined, retention), testSettings(retention)));

const RUNS = Number(process.env.FUNNEL_RUNS ?? 16);

let batches = 0;
const insert = (project: string, events: ReadonlyArray<EventRow>) =>
  Effect.flatMap(ClickHouse, (clickhouse) => {
    batches += 1;
    return clickhouse.insertRows({
      table: "landing",
      columns: landingColumns,
      rows: Buffer.from(events.map((event) => landingRow(event, project, batches)).join("\n")),
      token: `batch ${batches}`,
    });
  });

it(
  "every funnel is what trying all ways through its steps finds",
  () =>
    Effect.promise(() => {
      const property = fc.asyncProperty(funnelStory(80, 10), ({ events, questions }) =>
        runtime.runPromise(
          Effect.gen(function* () {
            const project = `project ${batches}`;
            // Two parts, so that what belongs together does not come in one order.
            yield* insert(
              project,
              events.filter((_, index) => index % 2 === 0),
            );
            yield* insert(
              project,
              events.filter((_, index) => index % 2 === 1),
            );
            yield* Effect.forEach(
              questions,
              (question) =>
                Effect.gen(function* () {
                  const query = { ...question, project };
                  expect(yield* answerFunnel(query)).toEqual(recountFunnel(events, query));
                }),
              { concurrency: 4 },
            );
          }),
        ),
      );
      return fc.assert(property, { numRuns: RUNS, endOnFailure: true });
    }),
  120_000,
);
