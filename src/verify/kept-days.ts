import { Clock, Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import type { Rollup } from "./rollup.ts";

const DAY_MS = 86_400_000;

/** A verification may take so long; what expires meanwhile is left out from its beginning. */
const GRACE_SECONDS = 3600;

/**
 * Start of the first UTC day of which a table (`events` or a rollup) has everything, epoch ms; 0 where nothing expires.
 * It follows the retention that is in force, not that of the settings, which may not have been applied yet.
 */
export const keptDays = (rollups: ReadonlyArray<Rollup>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const nowMs = yield* Clock.currentTimeMillis;
    const times = [
      { table: "events", name: "occurred_at", type: "DateTime64(3, 'UTC')" },
      ...rollups.map(({ name: table, time }) => ({ table, ...time })),
    ];
    const ttls = yield* clickhouse.query<{ name: string; ttl: string }>(
      `SELECT name, extract(engine_full, ' TTL (.+?)(?: SETTINGS |$)') AS ttl
       FROM system.tables WHERE database = currentDatabase() AND name IN {names:Array(String)}`,
      { names: times.map(({ table }) => table) },
    );
    const kept = new Map<string, number>();
    for (const { table, name, type } of times) {
      const ttl = ttls.find((row) => row.name === table)?.ttl ?? "";
      if (ttl === "") continue;
      // The TTL itself is asked about every day, whatever it is made of.
      const [first] = yield* clickhouse.query<{ day: number | null }>(
        `SELECT minOrNull(day_number) AS day FROM (
           SELECT toUInt32({today:UInt32} + 1 - number) AS day_number,
             CAST(toDateTime(day_number * 86400, 'UTC') AS ${type}) AS ${name}
           FROM numbers(toUInt64({today:UInt32}))
         ) WHERE (${ttl}) > toDateTime({now:UInt32}, 'UTC')`,
        { today: Math.floor(nowMs / DAY_MS), now: Math.floor(nowMs / 1000) + GRACE_SECONDS },
      );
      kept.set(table, (first?.day ?? Math.floor(nowMs / DAY_MS) + 1) * DAY_MS);
    }
    return (table: string): number => kept.get(table) ?? 0;
  });
