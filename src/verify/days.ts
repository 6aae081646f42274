import { Clock, Effect } from "effect";
import { ClickHouse, type QueryBudget } from "../store/clickhouse.ts";
import { type FirstDays, firstDayParams, isKept, isKeptIn } from "./first-days.ts";
import { DAY_MS, type Rollup } from "./rollup.ts";

/** A verification may take so long; what expires meanwhile is left out from its beginning. */
const GRACE_SECONDS = 3600;
export const GRACE_MS = GRACE_SECONDS * 1000;

const RAW = { name: "events", time: { name: "occurred_at", type: "DateTime64(3, 'UTC')" } } as const;

/**
 * The first UTC day of which the raw events and all rollups have everything by their retention, epoch ms of its start;
 * 0 where nothing expires. It follows the retention in force, not that of the settings, which may not be applied yet.
 */
export const firstKeptDay = (rollups: ReadonlyArray<Rollup>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const now = Math.floor((yield* Clock.currentTimeMillis) / 1000);
    const tables = [RAW, ...rollups];
    const ttls = yield* clickhouse.query<{ name: string; ttl: string }>(
      `SELECT name, extract(engine_full, ' TTL (.+?)(?: SETTINGS |$)') AS ttl
       FROM system.tables WHERE database = currentDatabase() AND name IN {names:Array(String)} AND ttl != ''`,
      { names: tables.map(({ name }) => name) },
    );
    // The TTL itself is asked about the start of every day, whatever it is made of.
    const keptDays = ttls.map(({ name, ttl }) => {
      const time = tables.find((table) => table.name === name)?.time ?? RAW.time;
      return `SELECT countIf(NOT kept) AS gone FROM (
        SELECT CAST(toDateTime(number * 86400, 'UTC') AS ${time.type}) AS ${time.name},
          (${ttl}) > toDateTime({now:UInt32}, 'UTC') AS kept
        FROM numbers(intDiv({now:UInt32}, 86400) + 1))`;
    });
    if (keptDays.length === 0) return 0;
    const [row] = yield* clickhouse.query<{ day: number }>(
      `SELECT max(gone) AS day FROM (${keptDays.join(" UNION ALL ")})`,
      { now: now + GRACE_SECONDS },
    );
    return (row?.day ?? 0) * DAY_MS;
  });

export interface Day {
  /** Its start, UTC, epoch ms. */
  readonly dayMs: number;
  /** Rows of all tables, of projects that have everything of the day. */
  readonly rows: number;
  /** False where rollups count events of which none is there. */
  readonly hasEvents: boolean;
}

export interface Days {
  /** Days from the first on of which the raw events are complete, in their order. */
  readonly complete: ReadonlyArray<Day>;
  /** Other days that rollups count, epoch ms: of no project the raw events are kept as a whole. */
  readonly expired: ReadonlyArray<number>;
}

/**
 * The UTC days that any table has rows of, and whether the raw events can say what the rollups should be.
 *
 * The retention may have been shorter once than it is now. So where rollups begin earlier than the raw events, the first
 * day of these counts as expired too: its beginning may be.
 */
export const readDays = (rollups: ReadonlyArray<Rollup>, firstDays: FirstDays, budget: QueryBudget) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const keptFromMs = yield* firstKeptDay(rollups);
    const countsOf = ({ name, time }: Pick<Rollup, "name" | "time">, kept: string, isRaw: boolean) =>
      `SELECT toUInt16(toDate(${time.name})) AS day, countIf(${kept}) AS rows, ${isRaw ? "rows" : "0"} AS events,
         ${isRaw ? "0" : "count()"} AS buckets FROM ${name} GROUP BY day`;
    const counts = [
      countsOf(RAW, isKept(RAW.time.name, firstDays), true),
      ...rollups.map((rollup) => countsOf(rollup, isKeptIn(rollup, firstDays), false)),
    ];
    const rows = yield* clickhouse.query<{ day: number; rows: number; events: number; buckets: number }>(
      `SELECT day, sum(rows) AS rows, sum(events) AS events, sum(buckets) AS buckets
       FROM (${counts.join(" UNION ALL ")}) GROUP BY day ORDER BY day`,
      firstDayParams(firstDays),
      budget,
    );
    const days = rows.map(({ day, rows, events }) => ({ dayMs: day * DAY_MS, rows, hasEvents: events > 0 }));
    const kept = days.filter(({ dayMs, rows }) => dayMs >= keptFromMs && rows > 0);
    const first = kept.findIndex(({ hasEvents }) => hasEvents);
    const complete = first < 0 ? [] : kept.slice(first === 0 ? 0 : first + 1);
    const isComplete = new Set(complete.map(({ dayMs }) => dayMs));
    const counted = rows.filter(({ buckets }) => buckets > 0).map(({ day }) => day * DAY_MS);
    return { complete, expired: counted.filter((dayMs) => !isComplete.has(dayMs)) } as Days;
  });
