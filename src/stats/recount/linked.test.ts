import { describe, expect } from "bun:test";
import { Effect, Layer } from "effect";
import fc from "fast-check";
import { unlink } from "../../identity/unlinking.ts";
import { sealDay } from "../../sealing/seal-day.ts";
import { layerSealedDays, SealedDays } from "../../sealing/sealed-days.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import { verified } from "../../verify/sample.ts";
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
import { type EventRow, landingColumns, landingRow } from "./event-row.ts";
import { type MetricQuestion, paramsOf } from "./metric-question.ts";
import { metricStory } from "./metric-stories.ts";
import { type Unlinked, withPeople } from "./people.ts";
import { recountQuestion } from "./recount-question.ts";

// Long enough that the days of the stories are kept.
const retention = { rawRetentionDays: 3650, rollupRetentionYears: 50 };

const asked = (question: MetricQuestion, project: string, options: CountOptions): Counted<unknown> => {
  const params = paramsOf(question, writeFilter);
  params.set("project", project);
  params.set("people", "linked");
  if (question.route === "metrics") {
    return Effect.flatMap(decodeMetricsQuery(params), (query) => metricsAnswer(query, options));
  }
  if (question.route === "timeseries") {
    return Effect.flatMap(decodeMetricTimeseriesQuery(params), (query) => metricTimeseries(query, options));
  }
  return Effect.flatMap(decodeBreakdownQuery(params), (query) => breakdown(query, options));
};

/** Events of some places become what visitors say of themselves. */
const saying = (
  sent: ReadonlyArray<ReadonlyArray<EventRow>>,
  users: ReadonlyArray<string>,
): ReadonlyArray<ReadonlyArray<EventRow>> => {
  let n = 0;
  return sent.map((events) =>
    events.map((event) => {
      const user_id = users[n++ % users.length] ?? "";
      return user_id === "" ? event : { ...event, event_type: "identify", user_id };
    }),
  );
};

const story = metricStory.chain(({ sent, questions }) =>
  fc.record({
    sent: fc
      .array(fc.constantFrom("", "", "", "", "", "a", "b", "é'{x}", "null"), { minLength: 1, maxLength: 40 })
      .map((users) => saying(sent, users)),
    questions: fc.constant(questions),
    undone: fc.array(fc.nat(), { maxLength: 2 }),
    share: fc.constantFrom(1, 2, 3),
  }),
);

describe.each(testEngines)("people on $engine", ({ engine, layer }) => {
  const { it, runtime } = testsOn(
    layerSealedDays.pipe(
      Layer.provideMerge(layer(undefined, retention)),
      Layer.provideMerge(testSettings(retention)),
    ),
  );

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

  // As the service does it, but for some days only, so that questions meet both kinds.
  const sealSome = (project: string, share: number) =>
    Effect.gen(function* () {
      const sealed = yield* SealedDays;
      yield* sealed.refresh;
      const open = sealed.open(0, 65_535).filter((day) => day.project === project);
      for (const [index, day] of open.entries()) if (index % share === 0) yield* sealDay(day, batch);
    });

  /** Undoes some of the links as somebody who looks at them would. */
  const undo = (project: string, events: ReadonlyArray<EventRow>, which: ReadonlyArray<number>) =>
    Effect.gen(function* () {
      const links = events.filter(
        ({ event_type, user_id, is_bot }) => event_type === "identify" && user_id !== "" && !is_bot,
      );
      const undone: Array<Unlinked> = [];
      for (const number of links.length === 0 ? [] : which) {
        const link = links[number % links.length];
        if (link === undefined) continue;
        const { visitor_id, user_id } = link;
        const visitor = String(visitor_id);
        yield* unlink({ project, user: user_id, visitor });
        undone.push({ visitor_id, user_id, untilMs: Number.POSITIVE_INFINITY });
      }
      return undone;
    });

  it(
    "every metric is what a recount of the events finds when it takes linked visitors for one person",
    () =>
      Effect.gen(function* () {
        let projects = 0;
        const property = fc.asyncProperty(story, ({ sent, questions, undone, share }) =>
          runtime.runPromise(
            Effect.gen(function* () {
              projects += 1;
              const project = `project ${projects}`;
              for (const events of sent) {
                yield* insert(project, events);
                // The same visitors say other things elsewhere.
                const others = events.map((event) => ({ ...event, user_id: "a", event_type: "identify" }));
                yield* insert("another project", others);
                yield* sealSome(project, share);
              }
              const all = sent.flat();
              const people = withPeople(all, yield* undo(project, all, undone));
              for (const question of questions) {
                const wanted: unknown = recountQuestion(people, question);
                const context = JSON.stringify(question);
                for (const from of ["decided", "raw"] as const) {
                  const found = yield* asked(question, project, { from }).pipe(
                    Effect.mapError((error) => new Error(`${context}: ${JSON.stringify(error)}`)),
                  );
                  expect({ from, context, answer: found }).toEqual({ from, context, answer: wanted });
                }
              }
            }),
          ),
        );
        const numRuns = Number(process.env.RUNS ?? (engine === "embedded" ? 5 : 2));
        yield* Effect.promise(() => fc.assert(property, { numRuns, endOnFailure: true }));
        const { differences } = yield* verified();
        expect(differences).toEqual([]);
      }),
    240_000,
  );
});
