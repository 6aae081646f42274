import { Clock, Effect } from "effect";
import { ClickHouse, type QueryBudget } from "../store/clickhouse.ts";
import { DAY_MS, type Rollup } from "./rollup.ts";

/** A verification may take so long; what expires meanwhile is left out from its beginning. */
const GRACE_SECONDS = 3600;

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
  /** Rows of all tables. */
  readonly rows: number;
  /** False where rollups count events of which none is there. */
  readonly hasEvents: boolean;
}

export interface Days {
  /** Days from the first on of which the raw events are complete, in their order. */
  readonly complete: ReadonlyArray<Day>;
  /** Earlier days that rollups count, epoch ms: their raw events have expired, at least in part. */
  readonly expired: ReadonlyArray<number>;
}

/**
 * The UTC days that any table has rows of, and whether the raw events can say what the rollups should be.
 *
 * The retention may have been shorter once than it is now. So where rollups begin earlier than the raw events, the first
 * day of these counts as expired too: its beginning may be.
 */
export const readDays = (rollups: ReadonlyArray<Rollup>, budget: QueryBudget) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const keptFromMs = yield* firstKeptDay(rollups);
    const counts = [RAW, ...rollups].map(
      (table) => `SELECT toUInt16(toDate(${table.time.name})) AS day, count() AS rows,
        ${table === RAW ? "count()" : "0"} AS events FROM ${table.name} GROUP BY day`,
    );
    const rows = yield* clickhouse.query<{ day: number; rows: number; events: number }>(
      `SELECT day, sum(rows) AS rows, sum(events) AS events FROM (${counts.join(" UNION ALL ")})
       GROUP BY day ORDER BY day`,
      {},
      budget,
    );
    const days = rows.map(({ day, rows, events }) => ({ dayMs: day * DAY_MS, rows, hasEvents: events > 0 }));
    const kept = days.filter(({ dayMs }) => dayMs >= keptFromMs);
    const first = kept.findIndex(({ hasEvents }) => hasEvents);
    const complete = first < 0 ? [] : kept.slice(first === 0 ? 0 : first + 1);
    const isExpired = new Set(
      rows.filter(({ rows, events }) => rows > events).map(({ day }) => day * DAY_MS),
    );
    const earlier = days.slice(0, days.length - complete.length).map(({ dayMs }) => dayMs);
    return { complete, expired: earlier.filter((dayMs) => isExpired.has(dayMs)) } as Days;
  });
