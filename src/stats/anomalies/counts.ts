import { Effect } from "effect";
import { Retention } from "../../retention/retention.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import type { Filter } from "../filters/filter.ts";
import { everything } from "../filters/filter.ts";
import { type Scope, type Statement, whereClause } from "../statement.ts";
import { events, rollups, type StatsTable } from "../tables.ts";
import type { Window } from "./windows.ts";

export const anomalyMetrics = ["events", "pageviews", "visitors"] as const;
export type AnomalyMetric = (typeof anomalyMetrics)[number];

/** Whose traffic is looked at: a project, or some of its sites. Without bots. */
export interface Watched {
  readonly project: string;
  /** Empty for all of the project's sites together. */
  readonly sites: ReadonlyArray<string>;
}

const HOUR_MS = 3_600_000;

const hourly = rollups.find(({ name }) => name === "hourly_event_stats") as StatsTable;

const fragments = {
  events: { events: "count()", hourly_event_stats: "sum(t.events)" },
  pageviews: {
    events: "countIf(t.event_type = 'page_view')",
    hourly_event_stats: "sumIf(t.events, t.event_type = 'page_view')",
  },
  visitors: { events: "uniq(t.visitor_id)", hourly_event_stats: "uniqMerge(t.unique_visitors)" },
} as const satisfies Readonly<Record<AnomalyMetric, unknown>>;

const scopeOf = ({ project, sites }: Watched, fromMs: number, toMs: number): Scope => {
  const filter: Filter =
    sites.length === 0 ? everything : { kind: "condition", field: "site", operator: "is", values: sites };
  return { project, fromMs, toMs, zone: "UTC", eventTypes: undefined, filter, bots: "exclude" };
};

/** Windows of different lengths; those of one list do not overlap. */
export interface WindowLists {
  readonly days: ReadonlyArray<Window>;
  readonly hours: ReadonlyArray<Window>;
  readonly today: ReadonlyArray<Window>;
}

/** What was counted in them. */
export type WindowCounts = Readonly<Record<keyof WindowLists, Counts>>;

/** Counts of some windows. */
export interface Counts {
  /** 0 where nothing was counted. */
  readonly of: (metric: AnomalyMetric, window: Window) => number;
  /** Whether a window began after the first event, so that 0 means that nothing happened. */
  readonly knows: (window: Window) => boolean;
}

/** Counts per window: `start` in seconds since 1970, then the metrics. The windows do not overlap. */
export const countsStatement = (
  watched: Watched,
  windows: ReadonlyArray<Window>,
  metrics: ReadonlyArray<AnomalyMetric>,
  table: "events" | "hourly_event_stats",
): Statement => {
  const starts = windows.map(({ startMs }) => startMs / 1000);
  // What lies between two windows gets the start of the gap, which is nobody's.
  const edges = [...new Set([...starts, ...windows.map(({ endMs }) => endMs / 1000)])].sort((a, b) => a - b);
  const [first = 0, last = 0] = [edges[0], edges.at(-1)];
  const source = table === "events" ? events : hourly;
  const where = whereClause(scopeOf(watched, first * 1000, last * 1000), source);
  return {
    sql: [
      `SELECT roundDown(${source.seconds}, {edges:Array(UInt32)}) AS start,`,
      metrics.map((metric) => `${fragments[metric][table]} AS ${metric}`).join(", "),
      `FROM ${source.name} AS t`,
      `WHERE ${where.sql} AND start IN {starts:Array(UInt32)}`,
      "GROUP BY start",
    ].join("\n"),
    params: { ...where.params, edges, starts },
  };
};

/** The hour in which the first event happened that is still counted, in milliseconds since 1970; undefined without one. */
const firstHourMs = (watched: Watched, nowMs: number) =>
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
 * Counts the metrics in each list of windows.
 *
 * Asks the hourly rollup where all windows are cut at whole hours of UTC; otherwise (zones such as Asia/Kolkata) the single
 * events, and then nothing is known of a time whose events may be gone already.
 */
export const countWindows = (
  watched: Watched,
  lists: WindowLists,
  metrics: ReadonlyArray<AnomalyMetric>,
  nowMs: number,
) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const { rawFromMs } = (yield* Retention).of(watched.project, nowMs);
    const edges = [...lists.days, ...lists.hours, ...lists.today].flatMap(({ startMs, endMs }) => [
      startMs,
      endMs,
    ]);
    const whole = edges.every((ms) => ms % HOUR_MS === 0);
    const firstMs = (yield* firstHourMs(watched, nowMs)) ?? Number.POSITIVE_INFINITY;
    // The first hour is seldom a whole one.
    const knownFromMs = whole ? firstMs + 1 : Math.max(firstMs + 1, rawFromMs);
    const table = whole ? "hourly_event_stats" : "events";
    const counted = (windows: ReadonlyArray<Window>) =>
      Effect.gen(function* () {
        const { sql, params } = countsStatement(watched, windows, metrics, table);
        const rows =
          windows.length === 0
            ? []
            : yield* clickhouse.query<{ start: number } & Record<AnomalyMetric, number>>(sql, params);
        const byStart = new Map(rows.map((row) => [row.start * 1000, row]));
        const counts: Counts = {
          of: (metric, { startMs }) => byStart.get(startMs)?.[metric] ?? 0,
          knows: ({ startMs }) => startMs >= knownFromMs,
        };
        return counts;
      });
    return yield* Effect.all({
      days: counted(lists.days),
      hours: counted(lists.hours),
      today: counted(lists.today),
    });
  });
