import { createHash } from "node:crypto";
import { Duration, Effect } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { ClickHouseError } from "../../store/clickhouse-error.ts";
import { eventColumns } from "../../store/event-row.ts";
import { endInserts } from "../../store/server.ts";
import { batchToken, type FixedBatch } from "./fixed-batch.ts";

/** A statement of the recovery that has not been answered by then is given up; the next attempt ends it. */
const STATEMENT_TIMEOUT = Duration.minutes(2);

/** When the server does not answer, its leftovers are dropped by the next attempt. */
const DROP_TIMEOUT = Duration.seconds(5);

/** One of the recovery's own statements that change something. */
export const change = (sql: string): Effect.Effect<void, ClickHouseError, ClickHouse> =>
  Effect.flatMap(ClickHouse, ({ command }) =>
    command(sql).pipe(
      Effect.timeoutFail({
        duration: STATEMENT_TIMEOUT,
        onTimeout: () =>
          new ClickHouseError({
            failure: "unavailable",
            retryable: true,
            code: undefined,
            message: `ClickHouse has not answered within ${Duration.format(STATEMENT_TIMEOUT)}`,
          }),
      }),
    ),
  );

// The ledger's id is not ours to put into a name as it is.
const namesOf = (ledgerId: string): string =>
  `staged_${createHash("sha256").update(ledgerId).digest("hex").slice(0, 16)}_`;

/**
 * Ends whatever an earlier attempt at the batch has left running: its inserts are killed, and so are slices on their way
 * from its table into a target. The table goes too, so that a slice that was held up on its way here finds nothing.
 */
const endEarlierAttempts = (batch: FixedBatch) =>
  Effect.gen(function* () {
    yield* endInserts({ token: batchToken(batch), text: namesOf(batch.ledgerId) });
    const { query } = yield* ClickHouse;
    const leftovers = yield* query<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {names:String})",
      { names: namesOf(batch.ledgerId) },
    );
    yield* Effect.forEach(leftovers, ({ name }) => change(`DROP TABLE IF EXISTS ${name} SYNC`));
  });

/**
 * Gives `use` the name of a table with the rows of the batch, as `landing` would have taken them. By then no earlier
 * attempt to store the batch is running. Every attempt has a table of its own; other ledgers' are not touched.
 */
export const withStagedRows = <A, E, R>(
  batch: FixedBatch,
  use: (table: string) => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | ClickHouseError, R | ClickHouse> =>
  Effect.gen(function* () {
    yield* endEarlierAttempts(batch);
    const clickhouse = yield* ClickHouse;
    const attempt = crypto.randomUUID();
    const table = `${namesOf(batch.ledgerId)}${batch.number}_${attempt.replaceAll("-", "")}`;
    return yield* change(`CREATE TABLE ${table} AS landing ENGINE = Memory`).pipe(
      Effect.zipRight(
        clickhouse.insertRows({
          table,
          columns: eventColumns,
          rows: batch.rows,
          token: `${batchToken(batch)}:${attempt}`,
        }),
      ),
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
