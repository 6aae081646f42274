import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { isPlaceholder, recountOf, type Slice } from "./comparison-statement.ts";
import type { Rollup } from "./rollup.ts";

/**
 * What is inserted here is not what a batch inserted before, even where it looks the same. It may be a whole day, which
 * is written to disk rather than held in memory beyond a bound.
 */
const insertSettings = `SETTINGS deduplicate_insert = 'disable', deduplicate_insert_select = 'disable',
  max_partitions_per_insert_block = 0, max_bytes_before_external_group_by = 1000000000`;

/**
 * Makes the buckets of `times` (values of the rollup's time column, all within `slice`) what the raw events say. Whoever
 * calls it knows that these are complete and that nothing else writes.
 *
 * It may be cut off at any point: what was deleted and not yet inserted is missing then, and found and repaired by the
 * next run. A partition's highest watermark never goes down, not for a moment and not even where the events of that batch
 * are gone, because a recovery would take an older batch for one that never arrived: before anything is deleted, a row
 * that counts nothing takes it over.
 */
export const repairBuckets = (rollup: Rollup, slice: Slice, times: ReadonlyArray<string>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const { name, time, watermark } = rollup;
    const inTimes = `${time.name} IN {times:Array(${time.type})}`;
    const partitions = yield* clickhouse.query<{ partition: string }>(
      `SELECT DISTINCT _partition_id AS partition FROM ${name} WHERE ${inTimes}`,
      { times },
    );
    for (const { partition } of partitions) {
      if (watermark !== undefined) {
        yield* clickhouse.command(
          `INSERT INTO ${name} (${time.name}, watermark) ${insertSettings}
           SELECT min(${time.name}), ${watermark.merge}(watermark) FROM ${name}
           WHERE _partition_id = {partition:String} HAVING count() > 0`,
          { partition },
        );
      }
      yield* clickhouse.command(
        `ALTER TABLE ${name} DELETE IN PARTITION ID '${partition.replaceAll("'", "")}'
         WHERE ${inTimes} AND NOT (${isPlaceholder(rollup)}) SETTINGS mutations_sync = 2`,
        { times },
      );
    }
    const columns = [...rollup.keys, ...rollup.measures, ...(watermark === undefined ? [] : [watermark])]
      .map((column) => column.name)
      .join(", ");
    const { sql, params } = recountOf(rollup, slice);
    yield* clickhouse.command(
      `INSERT INTO ${name} (${columns}) ${insertSettings}
       SELECT ${columns} FROM (${sql}) WHERE ${inTimes}`,
      { ...params, times },
    );
  });
