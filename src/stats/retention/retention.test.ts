import { expect, test } from "bun:test";
import { Effect, Layer } from "effect";
import fc from "fast-check";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testClickHouse } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import { type Field, isOfSessionOnly } from "../catalogue/dimensions.ts";
import { everything, type Filter, fieldsOf } from "../filters/filter.ts";
import { writeFilter } from "../filters/write.ts";
import { blankEvent, type EventRow, landingColumns, landingRow } from "../recount/event-row.ts";
import { paramsOf, rangeOf, wholeFilter } from "../recount/metric-question.ts";
import { metricStory } from "../recount/metric-stories.ts";
import { filterTree } from "../recount/question-stories.ts";
import { retentionExample } from "./documentation.ts";
import { decodeRetentionQuery } from "./parameters.ts";
import { retention } from "./retention.ts";
import { recountRetention } from "./testing/recount.ts";

// Long enough that the days of the stories are kept.
const kept = { rawRetentionDays: 3650, rollupRetentionYears: 50 };
const { it, runtime } = testsOn(Layer.merge(testClickHouse(undefined, kept), testSettings(kept)));

let batch = 0;
const insert = (project: string, events: ReadonlyArray<EventRow>) =>
  Effect.gen(function* () {
    if (events.length === 0) return;
    batch += 1;
    const clickhouse = yield* ClickHouse;
    yield* clickhouse.insertRows({
      table: "landing",
      columns: landingColumns,
      rows: Buffer.from(`${events.map((event) => landingRow(event, project, batch)).join("\n")}\n`),
      token: `batch ${batch}`,
    });
  });

const ask = (params: URLSearchParams | string) =>
  Effect.flatMap(decodeRetentionQuery(new URLSearchParams(params)), retention);

const askedOfEvents = (filter: Filter): Filter =>
  fieldsOf(filter).some(isOfSessionOnly) ? everything : filter;
const eventFilter = filterTree.map(askedOfEvents);
const types = fc
  .uniqueArray(fc.constantFrom("page_view", "widget_click", "conversion"), { minLength: 1 })
  .map((values): Filter => ({ kind: "condition", field: "event_type", operator: "is", values }));
const events = fc.oneof(fc.constant(everything), types, eventFilter);

/** As the parameter is written: event types by their names, everything by leaving it out. */
const eventsText = (filter: Filter): string | undefined => {
  if (filter === everything) return undefined;
  return filter.kind === "condition" && filter.field === "event_type" && filter.operator === "is"
    ? filter.values.some((value) => value.includes(":"))
      ? writeFilter(filter)
      : filter.values.join(",")
    : writeFilter(filter);
};

const own = fc.record({
  interval: fc.constantFrom("day", "day", "week", "month"),
  first: events,
  returning: events,
  cohortBy: fc.option(
    fc.constantFrom<Field>(
      "country",
      "page",
      "event_type",
      "source",
      "widget",
      "hour_of_day",
      "weekday",
      "property:plan",
    ),
    { nil: undefined },
  ),
  limit: fc.integer({ min: 1, max: 4 }),
});

it(
  "cohorts and who comes back are what a recount of the events finds",
  () =>
    Effect.gen(function* () {
      let projects = 0;
      const story = metricStory.chain(({ sent, questions }) =>
        fc.record({
          sent: fc.constant(sent),
          questions: fc.tuple(...questions.map((question) => own.map((more) => ({ question, more })))),
        }),
      );
      const property = fc.asyncProperty(story, ({ sent, questions }) =>
        runtime.runPromise(
          Effect.gen(function* () {
            projects += 1;
            const project = `project ${projects}`;
            for (const events of sent) yield* insert(project, events);
            for (const { question, more } of questions) {
              const filter = askedOfEvents(question.filter ?? everything);
              const asked = { ...question, filter: filter === everything ? undefined : filter };
              const params = new URLSearchParams({ project, interval: more.interval });
              for (const [name, value] of paramsOf(asked, writeFilter)) {
                const common = [
                  "from",
                  "to",
                  "timezone",
                  "bots",
                  "site_id",
                  "source",
                  "mapping_id",
                  "post_id",
                ];
                if ([...common, "device_slug", "filter"].includes(name)) params.append(name, value);
              }
              const optional = {
                first: eventsText(more.first),
                return: eventsText(more.returning),
                cohort_by: more.cohortBy,
                limit: more.cohortBy === undefined ? undefined : more.limit,
              };
              for (const [name, value] of Object.entries(optional)) {
                if (value !== undefined) params.set(name, String(value));
              }
              const wanted = recountRetention(sent.flat(), {
                ...more,
                range: rangeOf(asked),
                bots: asked.bots ?? "exclude",
                filter: wholeFilter(asked),
              });
              const found = yield* ask(params).pipe(
                Effect.mapError((error) => new Error(`${params}: ${JSON.stringify(error)}`)),
              );
              expect({ asked: String(params), found: found as unknown }).toEqual({
                asked: String(params),
                found: wanted,
              });
            }
          }),
        ),
      );
      yield* Effect.promise(() =>
        fc.assert(property, { numRuns: Number(process.env.RUNS ?? 8), endOnFailure: true }),
      );
    }),
  240_000,
);

const DAY_MS = 86_400_000;
const day = (date: string, visitor_id: number, more: Partial<EventRow> = {}): EventRow => ({
  ...blankEvent,
  occurredAtMs: Date.parse(`${date}T12:00:00Z`),
  visitor_id,
  ...more,
});

it("the example of the API document is what comes out", () =>
  Effect.gen(function* () {
    yield* insert("example", [
      ...[1, 2, 3, 4].map((visitor) => day("2026-11-01", visitor)),
      ...[1, 2, 5, 6].map((visitor) => day("2026-11-02", visitor)),
      ...[1, 5, 7].map((visitor) => day("2026-11-03", visitor)),
    ]);
    expect(yield* ask("project=example&interval=day&from=2026-11-01&to=2026-11-03")).toEqual(
      retentionExample,
    );
  }));

it("more than 64 buckets are told apart, the first and the last one too", () =>
  Effect.gen(function* () {
    const from = Date.parse("2024-01-01T00:00:00Z");
    const days = [0, 1, 63, 64, 65, 127, 128, 300, 383, 384, 399];
    yield* insert(
      "year",
      days.map((number) => ({ ...blankEvent, occurredAtMs: from + number * DAY_MS })),
    );
    const to = new Date(from + 399 * DAY_MS).toISOString().slice(0, 10);
    const { cohorts } = yield* ask(`project=year&from=2024-01-01&to=${to}`);
    expect(cohorts).toHaveLength(400);
    expect(cohorts[0]?.values.filter(({ visitors }) => visitors > 0).map(({ period }) => period)).toEqual(
      days,
    );
  }));

it("buckets that have not begun are neither cohorts nor periods", () =>
  Effect.gen(function* () {
    const today = new Date().toISOString().slice(0, 10);
    const after = (days: number) => new Date(Date.parse(today) + days * DAY_MS).toISOString().slice(0, 10);
    yield* insert("now", [day(after(-1), 1), day(today, 1), day(after(2), 1), day(after(2), 2)]);
    const { cohorts, averages } = yield* ask(`project=now&from=${after(-1)}&to=${after(30)}`);
    expect(cohorts.map(({ cohort, size, values }) => [cohort, size, values.length])).toEqual([
      [after(-1), 1, 2],
      [today, 0, 1],
    ]);
    expect(averages.map(({ visitors, size }) => [visitors, size])).toEqual([
      [1, 1],
      [1, 1],
    ]);
    expect(yield* ask(`project=now&from=${after(2)}&to=${after(3)}`)).toMatchObject({
      cohorts: [],
      averages: [],
    });
  }));

it("nobody is an empty cohort per bucket, and no cohort by value", () =>
  Effect.gen(function* () {
    const range = "project=nobody&from=2026-11-01&to=2026-11-02";
    expect(yield* ask(range)).toMatchObject({
      cohorts: [
        { size: 0, values: [{ visitors: 0, percentage: 0 }, { visitors: 0 }] },
        { size: 0, values: [{ visitors: 0 }] },
      ],
      averages: [],
    });
    expect(yield* ask(`${range}&cohort_by=country`)).toMatchObject({ cohorts: [], averages: [] });
    // A day that the zone skipped.
    const skipped = "project=nobody&from=2011-12-30&to=2011-12-30&timezone=Pacific/Apia";
    expect(yield* ask(skipped)).toMatchObject({ cohorts: [], averages: [] });
  }));

const wrong: ReadonlyArray<readonly [query: string, parameter: string, message: string]> = [
  ["interval=hour", "interval", "takes one of day, week, month."],
  ["limit=5", "limit", "is for cohorts by value; without cohort_by every bucket is a cohort."],
  ["cohort_by=country&limit=101", "limit", "takes a whole number from 1 to 100."],
  ["cohort_by=entry_page", "cohort_by", "takes one of page, "],
  ["cohort_by=property:", "cohort_by", "takes one of page, "],
  ["first=", "first", "is empty; it takes event types, separated by commas, or a filter such as"],
  ["first=a%26b", "first", "takes event types, separated by commas, or a filter such as"],
  ["first=a&first=b", "first", "is given 2 times"],
  ["return=entry_page:is:/", "return", "asks for entry_page, which single events do not have; ask for page."],
  ["return=page:like:/", "return", "is wrong at character "],
  ["filter=exit_page:is:/", "filter", "asks for exit_page, which single events do not have; ask for page."],
  ["by=country", "by", "is not a parameter of this route"],
  ["from=2024-01-01", "interval", "makes more than 400 buckets of this range; take a longer interval"],
];

test.each(wrong)("%s is a 400 that names %s", async (query, parameter, message) => {
  const params = new URLSearchParams(query);
  if (!params.has("from")) params.set("from", "2026-11-01");
  params.set("to", "2026-11-02");
  const failure = await runtime.runPromise(Effect.flip(ask(params)));
  expect(failure).toMatchObject({ _tag: "InvalidParameter", parameter });
  expect(failure.message).toStartWith(message);
});
