import { expect, test } from "bun:test";
import { Effect, Either, Layer } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { testSettings } from "../testing/settings.ts";
import type { Answer } from "./answer.ts";
import { bucketsOf } from "./calendar/buckets.ts";
import { decodeTimeseriesQuery } from "./parameters/query.ts";
import { decodePostsQuery, postsShape } from "./posts.ts";
import { rowsQuestion } from "./rows.ts";
import { selectStatement } from "./statement.ts";
import { decideTable } from "./table-decider.ts";
import { events } from "./tables.ts";
import { timeseries, timeseriesQuestion } from "./timeseries.ts";
import { decodeWidgetsQuery, widgetStats, widgetsShape } from "./widgets.ts";

const { it } = testsOn(Layer.merge(testClickHouse(), testSettings()));

const asked = (route: string, text: string) => {
  const params = new URLSearchParams(text);
  if (route === "timeseries") {
    const query = Either.getOrThrow(decodeTimeseriesQuery(params));
    const buckets = bucketsOf(query.range, query.interval, 10_000) ?? [];
    return { question: timeseriesQuestion(query, buckets), range: query.range, order: undefined };
  }
  const [shape, query] =
    route === "widgets"
      ? ([widgetsShape, Either.getOrThrow(decodeWidgetsQuery(params))] as const)
      : ([postsShape, Either.getOrThrow(decodePostsQuery(params))] as const);
  const { question, order } = rowsQuestion(query, shape);
  return { question, range: query.range, order };
};

const ask = (route: string, text: string): Answer<object> =>
  Effect.gen(function* () {
    const params = new URLSearchParams(text);
    if (route === "timeseries") return yield* timeseries(yield* decodeTimeseriesQuery(params));
    return yield* widgetStats(yield* decodeWidgetsQuery(params));
  });

const MARCH = "from=2024-03-01&to=2024-03-31";

const decisions: ReadonlyArray<readonly [string, string, string]> = [
  ["widgets", MARCH, "daily_widget_stats"],
  ["widgets", `${MARCH}&group_by=post_id,site_id,source,date&site_id=a&source=b`, "daily_widget_stats"],
  ["widgets", "from=2024-03-01T00:00Z&to=2024-03-02T01:00%2B01:00", "daily_widget_stats"],
  ["widgets", "from=2024-03-01T00:00:00.001Z&to=2024-03-02", "events"],
  ["widgets", `${MARCH}&timezone=Africa/Abidjan`, "daily_widget_stats"],
  ["widgets", `${MARCH}&timezone=Europe/Berlin`, "events"],
  // London is on UTC until the last Sunday of March.
  ["widgets", "from=2024-03-01&to=2024-03-30&timezone=Europe/London", "daily_widget_stats"],
  ["widgets", `${MARCH}&timezone=Europe/London`, "events"],
  ["widgets", `${MARCH}&bots=include`, "events"],
  ["posts", MARCH, "daily_post_stats"],
  ["posts", `${MARCH}&post_id=1&group_by=date`, "daily_post_stats"],
  ["posts", `${MARCH}&mapping_id=1`, "daily_widget_stats"],
  ["posts", `${MARCH}&timezone=America/New_York`, "events"],
  ["timeseries", MARCH, "hourly_event_stats"],
  ["timeseries", `${MARCH}&interval=hour&event_type=page_view`, "hourly_event_stats"],
  ["timeseries", `${MARCH}&timezone=Europe/Berlin&interval=week`, "hourly_event_stats"],
  ["timeseries", `${MARCH}&timezone=America/New_York&interval=hour`, "hourly_event_stats"],
  ["timeseries", `${MARCH}&people=linked`, "events"],
  ["timeseries", `${MARCH}&timezone=Asia/Kathmandu`, "events"],
  ["timeseries", `${MARCH}&timezone=Asia/Kolkata&interval=hour`, "events"],
  // Lord Howe is at +11:00 in March and at +10:30 in winter.
  ["timeseries", `${MARCH}&timezone=Australia/Lord_Howe`, "hourly_event_stats"],
  ["timeseries", "from=2024-04-01&to=2024-04-30&timezone=Australia/Lord_Howe", "events"],
  ["timeseries", `${MARCH}&mapping_id=7`, "events"],
  ["timeseries", `${MARCH}&post_id=7&event_type=widget_click`, "events"],
  ["timeseries", `${MARCH}&post_id=7&event_type=widget_click,widget_impression`, "daily_post_stats"],
  ["timeseries", `${MARCH}&mapping_id=7&event_type=widget_click,widget_impression`, "daily_widget_stats"],
  ["timeseries", `${MARCH}&mapping_id=7&event_type=widget_click,widget_impression&interval=hour`, "events"],
];

test.each(decisions)("%s?%s is answered by %s", (route, query, table) => {
  const { question, range } = asked(route, query);
  expect(decideTable(question, range).name).toBe(table as never);
});

it("every built statement is one that the engine can plan", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    for (const [route, query] of decisions) {
      const { question, range, order } = asked(route, query);
      for (const table of [decideTable(question, range), events]) {
        const { sql, params } = selectStatement(question, table, order);
        const plan = yield* clickhouse.query<{ explain: string }>(`EXPLAIN ${sql}`, params);
        expect(plan.some(({ explain }) => explain.includes("Aggregating"))).toBe(true);
      }
    }
  }));

const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString().slice(0, 10);
const SINCE_LONG = `from=${daysAgo(150)}&to=${daysAgo(-1)}`;

const refused: ReadonlyArray<readonly [string, string, string, RegExp]> = [
  [
    "widgets",
    "&timezone=Europe/Berlin",
    "timezone",
    /kept for 90 days: ask from .* on, or .* whole days in UTC/,
  ],
  ["widgets", "&bots=include", "bots", /or leave bots out/],
  ["timeseries", "&timezone=Asia/Kathmandu", "timezone", /whole hours in UTC/],
  ["timeseries", "&people=linked", "people", /or count visitors/],
  ["timeseries", "&mapping_id=1", "mapping_id", /without this filter/],
  [
    "timeseries",
    "&post_id=1&event_type=widget_impression,widget_click&interval=hour",
    "interval",
    /whole days/,
  ],
];

it("a question that only single events answer is refused where some of them are gone", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    yield* clickhouse.command(
      `INSERT INTO landing (project_id, event_type, occurred_at, visitor_id)
       SELECT 'old', arrayJoin(['widget_impression', 'page_view']), now64(3) - INTERVAL 100 DAY, 1`,
    );
    for (const [route, extra, parameter, advice] of refused) {
      const text = `${SINCE_LONG}${extra}&project=old`;
      const error = yield* Effect.flip(ask(route, text));
      expect(error).toMatchObject({
        _tag: "InvalidParameter",
        parameter,
        message: expect.stringMatching(advice),
      });
    }
    const instants = yield* Effect.flip(
      ask("widgets", `from=${daysAgo(150)}T10:30:00Z&to=${daysAgo(-1)}&project=old`),
    );
    expect(instants).toMatchObject({ _tag: "InvalidParameter", parameter: "from" });
    const rollup = yield* ask("widgets", `${SINCE_LONG}&project=old`);
    expect(rollup).toMatchObject([{ impressions: 1 }]);
    // Inside the retention, and for a site that nothing was counted for before it, single events answer.
    expect(yield* ask("widgets", `from=${daysAgo(89)}&to=${daysAgo(0)}&project=old&bots=include`)).toEqual(
      [],
    );
    expect(yield* ask("widgets", `${SINCE_LONG}&project=old&timezone=Europe/Berlin&site_id=young`)).toEqual(
      [],
    );
  }));

it("a project that is younger than the retention may ask for any time", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    yield* clickhouse.command(
      `INSERT INTO landing (project_id, event_type, occurred_at, visitor_id, mapping_id)
       SELECT 'young', 'widget_click', now64(3) - INTERVAL 1 HOUR, number, 1 FROM numbers(3)`,
    );
    const text = "from=2015-01-01&to=2030-12-31&timezone=Asia/Kathmandu&mapping_id=1&project=young";
    const rows = yield* ask("timeseries", `${text}&interval=month`);
    expect(rows.filter((row) => "count" in row && row.count !== 0)).toMatchObject([
      { count: 3, unique_visitors: 3 },
    ]);
    expect(rows.length).toBe(16 * 12);
  }));

it("a time series of too many buckets is refused", () =>
  Effect.gen(function* () {
    const error = yield* Effect.flip(ask("timeseries", "from=2020-01-01&to=2024-01-01&interval=hour"));
    expect(error).toMatchObject({ _tag: "InvalidParameter", parameter: "interval" });
  }));
