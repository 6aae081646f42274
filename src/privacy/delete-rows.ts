import { Effect } from "effect";
import { ClickHouse, type QueryBudget, type QueryParams } from "../store/clickhouse.ts";

/** Deletions go beside the service's own work and may take their time. */
export const BUDGET: QueryBudget = {
  maxSeconds: 600,
  maxMemoryBytes: 1_500_000_000,
  spillBytes: 300_000_000,
  maxThreads: 1,
};

const POLL = "500 millis";

export const countRows = (table: string, condition: string, params: QueryParams) =>
  Effect.flatMap(ClickHouse, (clickhouse) =>
    Effect.map(
      clickhouse.query<{ rows: number }>(
        `SELECT count() AS rows FROM ${table} WHERE ${condition}`,
        params,
        BUDGET,
      ),
      ([row]) => row?.rows ?? 0,
    ),
  );

/** Waits until every deletion of a table that was begun has ended. The engine tries one that fails again by itself. */
const awaitDeletions = (table: string) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    let said = "";
    for (;;) {
      const [row] = yield* clickhouse.query<{ running: number; reason: string }>(
        `SELECT count() AS running, max(latest_fail_reason) AS reason FROM system.mutations
         WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done`,
        { table },
      );
      if (row === undefined || row.running === 0) return;
      if (row.reason !== "" && row.reason !== said) {
        said = row.reason;
        yield* Effect.logWarning(`Rows of ${table} are not deleted yet: ${said}`);
      }
      yield* Effect.sleep(POLL);
    }
  });

/**
 * Deletes the rows of a table that a condition is true of. Parts are written anew without them, beside everything else:
 * the writer does not wait for it.
 */
export const deleteRows = (table: string, condition: string, params: QueryParams) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    if ((yield* countRows(table, condition, params)) === 0) return;
    yield* clickhouse.command(
      `ALTER TABLE ${table} DELETE WHERE ${condition} SETTINGS mutations_sync = 0`,
      params,
    );
    yield* awaitDeletions(table);
  });

/** Whether files of parts that were replaced before an instant (epoch ms) are still there. */
export const hasFormerParts = (tables: ReadonlyArray<string>, beforeMs: number) =>
  Effect.flatMap(ClickHouse, (clickhouse) =>
    Effect.map(
      clickhouse.query(
        `SELECT 1 FROM system.parts WHERE database = currentDatabase() AND table IN {tables:Array(String)}
           AND NOT active AND toUnixTimestamp(remove_time) <= {before:UInt32} LIMIT 1`,
        { tables, before: Math.ceil(beforeMs / 1000) },
      ),
      (rows) => rows.length > 0,
    ),
  );
