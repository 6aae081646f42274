import { Effect } from "effect";
import { ClickHouse, settingsClause } from "../store/clickhouse.ts";
import { rawEvents } from "./comparison-statement.ts";
import { type FirstDays, firstDayParams, isKeptIn } from "./first-days.ts";
import type { Rollup } from "./rollup.ts";

/**
 * What is inserted is not what a batch inserted before, even where it looks the same; and where it is much, it is
 * gathered on disk.
 */
const insertSettings = settingsClause({
  deduplicate_insert: "disable",
  deduplicate_insert_select: "disable",
  max_partitions_per_insert_block: 0,
  max_bytes_before_external_group_by: 1_000_000_000,
});

/**
 * Makes all buckets of `times` (values of the rollup's time column) what the raw events say; those of projects that have
 * no longer all of these stay as they are. Whoever calls it knows that of the others they are complete there, that no
 * batch is under way and that nobody writes.
 *
 * It may be cut off at any point: what was deleted and not yet inserted is missing then, and the next repair brings it.
 * Not by REPLACE PARTITION, which has no such gap: after a restart of the engine the replaced parts are back beside the
 * new ones (26.7).
 */
export const repairBuckets = (rollup: Rollup, times: ReadonlyArray<string>, firstDays: FirstDays) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const { name, time, bucketMs, columns, recount } = rollup;
    const own = firstDayParams(firstDays);
    const isRepaired = `${time.name} IN {times:Array(${time.type})} AND ${isKeptIn(rollup, firstDays)}`;
    const begins = times.map((text) => Date.parse(text.length === 10 ? text : `${text.replace(" ", "T")}Z`));
    yield* clickhouse.command(`ALTER TABLE ${name} DELETE WHERE ${isRepaired} SETTINGS mutations_sync = 2`, {
      ...own,
      times,
    });
    yield* clickhouse.command(
      `INSERT INTO ${name} (${columns.join(", ")}) ${insertSettings}
       SELECT ${columns.join(", ")} FROM (${recount(rawEvents(firstDays))}) WHERE ${isRepaired}`,
      { ...own, times, from: Math.min(...begins), to: Math.max(...begins) + bucketMs },
    );
  });
