import { Effect } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { ReplacedRollups } from "../replaced-rollups.ts";
import { type Scope, type Statement, whereClause } from "../statement.ts";
import { events, rollups, type StatsTable } from "../tables.ts";
import { type CountedWindows, type EventMetric, eventsFromMs, filterOf, type Watched } from "./watched.ts";
import { edgesOf, type Window } from "./windows.ts";

const HOUR_MS = 3_600_000;

const hourly = rollups.find(({ name }) => name === "hourly_event_stats") as StatsTable;

const fragments = {
  events: { events: "count()", hourly_event_stats: "sum(t.events)" },
  pageviews: {
    events: "countIf(t.event_type = 'page_view')",
    hourly_event_stats: "sumIf(t.events, t.event_type = 'page_view')",
  },
  visitors: { events: "uniq(t.visitor_id)", hourly_event_stats: "uniqMerge(t.unique_visitors)" },
  conversions: {
    events: "countIf(t.event_type IN {goal:Array(String)})",
    hourly_event_stats: "sumIf(t.events, t.event_type IN {goal:Array(String)})",
  },
} as const satisfies Readonly<Record<EventMetric, unknown>>;

const scopeOf = (watched: Watched, fromMs: number, toMs: number): Scope => ({
  project: watched.project,
  fromMs,
  toMs,
  zone: "UTC",
  eventTypes: undefined,
  filter: filterOf(watched),
  bots: "exclude",
});

/** Counts per window: `bucket`, its start in seconds since 1970, then the metrics. The windows do not overlap. */
const countsStatement = (
  watched: Watched,
  windows: ReadonlyArray<Window>,
  metrics: ReadonlyArray<EventMetric>,
  table: "events" | "hourly_event_stats",
): Statement => {
  // What lies between two windows gets the start of the gap, which is nobody's.
  const edges = edgesOf(windows);
  const source = table === "events" ? events : hourly;
  const where = whereClause(scopeOf(watched, edges[0] ?? 0, edges.at(-1) ?? 0), source);
  return {
    sql: [
      `SELECT roundDown(${source.seconds}, {edges:Array(UInt32)}) AS bucket,`,
      metrics.map((metric) => `${fragments[metric][table]} AS ${metric}`).join(", "),
      `FROM ${source.name} AS t`,
      `WHERE ${where.sql} AND bucket IN {starts:Array(UInt32)}`,
      "GROUP BY bucket",
    ].join("\n"),
    params: {
      ...where.params,
      edges: edges.map((ms) => ms / 1000),
      starts: windows.map(({ startMs }) => startMs / 1000),
      ...(metrics.includes("conversions") ? { goal: watched.goal } : {}),
    },
  };
};

/** The hour in which the first event happened that is still counted, in milliseconds since 1970; undefined without one. */
export const firstHourMs = (watched: Watched, nowMs: number) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const where = whereClause(scopeOf(watched, 0, nowMs), hourly);
    const [row] = yield* clickhouse.query<{ first: number; rows: number }>(
      `SELECT toUnixTimestamp(min(t.hour)) AS first, count() AS rows FROM ${hourly.name} AS t WHERE ${where.sql}`,
      where.params,
    );
    return row === undefined || row.rows === 0 ? undefined : row.first * 1000;
  });

/**
 * Counts metrics of single events in windows: by the hourly rollup where all of them are cut at whole hours of UTC and none of
 * its rows are being replaced; otherwise (zones such as Asia/Kolkata) by the events, and then nothing is known of a time whose events may be gone already.
 */
export const countEvents = (
  watched: Watched,
  windows: ReadonlyArray<Window>,
  metrics: ReadonlyArray<EventMetric>,
) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const isReplaced = (yield* ReplacedRollups).has(watched.project);
    const byHour = !isReplaced && edgesOf(windows).every((ms) => ms % HOUR_MS === 0);
    const table = byHour ? "hourly_event_stats" : "events";
    const { sql, params } = countsStatement(watched, windows, metrics, table);
    const rows = yield* clickhouse.query<CountedWindows["rows"][number]>(sql, params);
    const counted: CountedWindows = { fromMs: byHour ? 0 : yield* eventsFromMs(watched), rows };
    return counted;
  });
