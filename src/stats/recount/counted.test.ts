import { expect } from "bun:test";
import { Effect, Layer } from "effect";
import fc from "fast-check";
import { sealDay } from "../../sealing/seal-day.ts";
import { layerSealedDays, SealedDays } from "../../sealing/sealed-days.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testClickHouse } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import { breakdown } from "../breakdown.ts";
import type { Counted, CountOptions } from "../counts.ts";
import { writeFilter } from "../filters/write.ts";
import { metricTimeseries } from "../metric-timeseries.ts";
import { metricsAnswer } from "../metrics.ts";
import {
  decodeBreakdownQuery,
  decodeMetricsQuery,
  decodeMetricTimeseriesQuery,
} from "../parameters/counted-query.ts";
import { recountBreakdown } from "./breakdown.ts";
import { type EventRow, landingColumns, landingRow } from "./event-row.ts";
import { matchesFilter } from "./filtered.ts";
import { type MetricQuestion, paramsOf } from "./metric-question.ts";
import { metricStory } from "./metric-stories.ts";
import { recountMetrics, recountTimeseriesMetrics } from "./metrics.ts";

// Long enough that the days of the stories are kept.
const retention = { rawRetentionDays: 3650, rollupRetentionYears: 50 };
const { it, runtime } = testsOn(
  layerSealedDays.pipe(
    Layer.provideMerge(testClickHouse(undefined, retention)),
    Layer.provideMerge(testSettings(retention)),
  ),
);

const expected = (events: ReadonlyArray<EventRow>, question: MetricQuestion): unknown => {
  if (question.route === "metrics") return recountMetrics(events, question, matchesFilter);
  if (question.route === "timeseries") return recountTimeseriesMetrics(events, question, matchesFilter);
  return recountBreakdown(events, question, matchesFilter);
};

const asked = (question: MetricQuestion, project: string, options: CountOptions): Counted<unknown> => {
  const params = paramsOf(question, writeFilter);
  params.set("project", project);
  if (question.route === "metrics") {
    return Effect.flatMap(decodeMetricsQuery(params), (query) => metricsAnswer(query, options));
  }
  if (question.route === "timeseries") {
    return Effect.flatMap(decodeMetricTimeseriesQuery(params), (query) => metricTimeseries(query, options));
  }
  return Effect.flatMap(decodeBreakdownQuery(params), (query) => breakdown(query, options));
};

let batch = 0;
const insert = (project: string, events: ReadonlyArray<EventRow>) =>
  Effect.gen(function* () {
    if (events.length === 0) return;
    const clickhouse = yield* ClickHouse;
    batch += 1;
    yield* clickhouse.insertRows({
      table: "landing",
      columns: landingColumns,
      rows: Buffer.from(`${events.map((event) => landingRow(event, project, batch)).join("\n")}\n`),
      token: `batch ${batch}`,
    });
  });

// As the service does it, but for every second open day at most, so that questions meet both kinds.
const sealSome = (project: string, share: number) =>
  Effect.gen(function* () {
    const sealed = yield* SealedDays;
    yield* sealed.refresh;
    const open = sealed.open(0, 65_535).filter((day) => day.project === project);
    for (const [index, day] of open.entries()) {
      if (index % share !== 0) continue;
      yield* sealDay(day, batch);
    }
  });

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
            for (const question of questions) {
              const wanted = expected(all, question);
              const context = JSON.stringify(question);
              for (const from of ["decided", "raw"] as const) {
                const found = yield* asked(question, project, { from }).pipe(
                  Effect.mapError(
                    (error) => new Error(`${context}: ${String(error)} ${JSON.stringify(error)}`),
                  ),
                );
                expect({ from, context, answer: found as unknown }).toEqual({
                  from,
                  context,
                  answer: wanted,
                });
              }
            }
          }),
        ),
      );
      yield* Effect.promise(() =>
        fc.assert(property, { numRuns: Number(process.env.RUNS ?? 20), endOnFailure: true }),
      );
    }),
  240_000,
);
