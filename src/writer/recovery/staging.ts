import { Duration, Effect } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { ClickHouseError } from "../../store/clickhouse-error.ts";
import { eventColumns } from "../../store/event-row.ts";
import { change, fencedName, fenceOff } from "./fence.ts";
import { batchToken, type FixedBatch } from "./fixed-batch.ts";

/** When the server does not answer, its leftovers are dropped by the next attempt. */
const DROP_TIMEOUT = Duration.seconds(5);

const NEW_LINE = 0x0a;

const countRows = (rows: Buffer): number => {
  let count = 0;
  for (let at = rows.indexOf(NEW_LINE); at >= 0; at = rows.indexOf(NEW_LINE, at + 1)) count++;
  return count;
};

// What is not in the table would be taken for stored. Behind an address of several servers it may be on another one.
const checkRows = (batch: FixedBatch, table: string) =>
  Effect.gen(function* () {
    const { query } = yield* ClickHouse;
    const [found] = yield* query<{ rows: number; strange: number }>(
      `SELECT count() AS rows, countIf(batch != {batch:UInt64}) AS strange FROM ${table}`,
      { batch: batch.number },
    );
    const { rows = 0, strange = 0 } = found ?? {};
    if (strange > 0) return yield* Effect.dieMessage(`Rows of batch ${batch.number} carry another number`);
    const count = countRows(batch.rows);
    if (rows === count) return;
    yield* new ClickHouseError({
      failure: "other",
      retryable: true,
      code: undefined,
      message: `ClickHouse has ${rows} of ${count} rows that it has just taken: its address must lead to one server`,
    });
  });

/**
 * Gives `use` the name of a table with the rows of the batch, as `landing` would have taken them. By then no earlier
 * attempt to store the batch is running or can still arrive. Every attempt has a table of its own.
 */
export const withStagedRows = <A, E, R>(
  batch: FixedBatch,
  use: (table: string) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | ClickHouseError, R | ClickHouse> =>
  Effect.gen(function* () {
    yield* fenceOff(batch.ledgerId);
    const { insertRows } = yield* ClickHouse;
    const table = fencedName(batch.ledgerId);
    return yield* change(`CREATE TABLE ${table} AS landing ENGINE = Memory`).pipe(
      Effect.zipRight(
        insertRows({
          table,
          columns: eventColumns,
          rows: batch.rows,
          token: `${batchToken(batch)}:${table}`,
        }),
      ),
      Effect.zipRight(checkRows(batch, table)),
      Effect.zipRight(use(table)),
      Effect.ensuring(
        change(`DROP TABLE IF EXISTS ${table} SYNC`).pipe(
          Effect.interruptible,
          Effect.timeoutOption(DROP_TIMEOUT),
          Effect.ignore,
        ),
      ),
    );
  });
