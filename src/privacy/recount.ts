import { Effect } from "effect";
import { ClickHouse, SCRATCH_PREFIX, settingsClause } from "../store/clickhouse.ts";
import { HOUR_MS, type Rollup } from "../verify/rollup.ts";

/** What is inserted is not what a batch inserted before, even where it looks the same. */
const insertSettings = settingsClause({
  deduplicate_insert: "disable",
  deduplicate_insert_select: "disable",
  max_partitions_per_insert_block: 0,
  max_threads: 1,
  max_insert_threads: 1,
  max_bytes_before_external_group_by: 300_000_000,
});

export interface RecountedHours {
  /** A ULID; two that go on at once have different ones. */
  readonly id: string;
  readonly project: string;
  readonly site: string;
  readonly hours: ReadonlyArray<number>;
}

const timeOf = ({ bucketMs }: Rollup, hour: number): string => {
  const text = new Date(Math.floor((hour * HOUR_MS) / bucketMs) * bucketMs).toISOString();
  return bucketMs === HOUR_MS ? text.slice(0, 19).replace("T", " ") : text.slice(0, 10);
};

/**
 * Makes the buckets of a site that hours (since 1970) fall in what the raw events say. No batch may be under way.
 *
 * Counted aside first, so that the buckets are missing for no longer than it takes to put others in their place. It may
 * be cut off at any point; what is missing then comes with the next time.
 */
export const recountHours = (rollup: Rollup, { id, project, site, hours }: RecountedHours) =>
  Effect.gen(function* () {
    const scratch = `${SCRATCH_PREFIX}recounted_${id.toLowerCase()}`;
    const clickhouse = yield* ClickHouse;
    const { name, time, keys, columns, recount } = rollup;
    const hasSite = keys.includes("site_id");
    const times = [...new Set(hours.map((hour) => timeOf(rollup, hour)))];
    const params = {
      project,
      site,
      times,
      days: [...new Set(hours.map((hour) => new Date(hour * HOUR_MS).toISOString().slice(0, 10)))],
    };
    const isMeant = `project_id = {project:String}${hasSite ? " AND site_id = {site:String}" : ""}`;
    const raw = `SELECT * FROM events WHERE ${isMeant} AND toDate(occurred_at) IN {days:Array(Date)}`;
    const isBucket = `${isMeant} AND ${time.name} IN {times:Array(${time.type})}`;
    const list = columns.join(", ");
    yield* clickhouse.command(`DROP TABLE IF EXISTS ${scratch} SYNC`);
    yield* clickhouse.command(`CREATE TABLE ${scratch} AS ${name} ENGINE = MergeTree ORDER BY tuple()`);
    yield* clickhouse.command(
      `INSERT INTO ${scratch} (${list}) ${insertSettings} SELECT ${list} FROM (${recount(raw)}) WHERE ${isBucket}`,
      params,
    );
    yield* clickhouse.command(
      `ALTER TABLE ${name} DELETE WHERE ${isBucket} SETTINGS mutations_sync = 2`,
      params,
    );
    yield* clickhouse.command(
      `INSERT INTO ${name} (${list}) ${insertSettings} SELECT ${list} FROM ${scratch}`,
    );
    yield* clickhouse.command(`DROP TABLE IF EXISTS ${scratch} SYNC`);
  });
