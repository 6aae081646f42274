import { Effect } from "effect";
import { ClickHouse, type QueryBudget } from "../store/clickhouse.ts";
import { stringLiteral } from "../store/query-params.ts";
import { dateText } from "../store/time-text.ts";
import { readRollups } from "../verify/rollup.ts";
import type { ExpiredDays } from "./expired-days.ts";

/** The service goes first. */
const BUDGET: QueryBudget = {
  maxSeconds: 120,
  maxMemoryBytes: 500_000_000,
  spillBytes: 150_000_000,
  maxThreads: 1,
};

/** A table with data of projects, and the column that tells the UTC day of a row. */
interface ExpiringTable {
  readonly name: string;
  readonly time: string;
  readonly before: (days: ExpiredDays) => number | undefined;
}

const rollupsBefore = ({ rollupsBefore: before }: ExpiredDays) => before;

/** What is stored of sealed days; seals first, so that none stands for rows that are gone. */
const sealedTables = ["sealed_days", "daily_field_stats", "sessions"].map(
  (name): ExpiringTable => ({ name, time: "date", before: rollupsBefore }),
);

// A rollup that somebody made for all projects together is nobody's to take from.
const expiringTables = Effect.map(
  readRollups,
  (rollups): ReadonlyArray<ExpiringTable> => [
    { name: "events", time: "occurred_at", before: ({ rawBefore }) => rawBefore },
    ...rollups
      .filter(({ keys }) => keys.includes("project_id"))
      .map(({ name, time }): ExpiringTable => ({ name, time: time.name, before: rollupsBefore })),
    ...sealedTables,
  ],
);

interface ProjectDay {
  readonly project: string;
  readonly before: number;
}

/** The rows of these projects before their days. In literals, since it is kept until it is done, beyond this session. */
const conditionOf = (time: string, expired: ReadonlyArray<ProjectDay>): string => {
  const names = expired.map(({ project }) => stringLiteral(project)).join(", ");
  const days = expired.map(({ before }) => `toUInt16(${before})`).join(", ");
  // The last day is known without a look at the rows: it leaves whole parts out.
  const last = dateText(Math.max(...expired.map(({ before }) => before)));
  return `project_id IN (${names}) AND toDate(${time}) < toDate('${last}')
    AND toUInt16(toDate(${time})) < transform(toString(project_id), [${names}], [${days}], toUInt16(0))`;
};

export interface DeletedRows {
  readonly table: string;
  readonly rows: number;
}

/**
 * Deletes the days as a whole and tells how many rows go, by table; nothing is written where there are none. Parts are
 * written anew without these rows, in the background, one month after the other; a stop in the middle does not end it, and
 * a table that is still at it is left for the next time. `wait`: until the rows are gone.
 *
 * It may run at any time beside the writer, also while a batch is open that has rows of these days (they may have waited
 * for days in the spool), and before a recovery. That asks of each partition whether a row is there with the batch's
 * number, or with a watermark that is not below it. Where one is, the slice had arrived as a whole, and it is left alone.
 * Where none is because all that had one was deleted, these were rows of the deleted days alone, for every other row of
 * the slice would still tell: so what is written again is what was deleted, and is deleted again the next time.
 */
export const deleteExpired = (expired: ReadonlyArray<ExpiredDays>, { wait = false } = {}) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const running = yield* clickhouse.query<{ table: string; reason: string }>(
      `SELECT table, max(latest_fail_reason) AS reason FROM system.mutations
       WHERE database = currentDatabase() AND NOT is_done GROUP BY table`,
    );
    const deleted: Array<DeletedRows> = [];
    for (const { name, time, before } of yield* expiringTables) {
      const days = expired.flatMap((one): ReadonlyArray<ProjectDay> => {
        const day = before(one);
        return day === undefined ? [] : [{ project: one.project, before: day }];
      });
      if (days.length === 0) continue;
      const busy = running.find(({ table }) => table === name);
      if (busy !== undefined) {
        if (busy.reason !== "") {
          yield* Effect.logWarning(`Rows of ${name} are not deleted yet: ${busy.reason}`);
        }
        continue;
      }
      const condition = conditionOf(time, days);
      const partitions = yield* clickhouse.query<{ partition: string; rows: number }>(
        `SELECT _partition_id AS partition, count() AS rows FROM ${name} WHERE ${condition}
         GROUP BY partition ORDER BY partition`,
        {},
        BUDGET,
      );
      let rows = 0;
      for (const one of partitions) {
        yield* clickhouse.command(
          `ALTER TABLE ${name} DELETE IN PARTITION ID ${stringLiteral(one.partition)} WHERE ${condition}
           SETTINGS mutations_sync = ${wait ? 2 : 0}`,
        );
        rows += one.rows;
      }
      if (rows > 0) deleted.push({ table: name, rows });
    }
    return deleted as ReadonlyArray<DeletedRows>;
  });
