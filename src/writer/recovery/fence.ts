import { createHash } from "node:crypto";
import { Duration, Effect } from "effect";
import { ClickHouse, SCRATCH_PREFIX } from "../../store/clickhouse.ts";
import { ClickHouseError } from "../../store/clickhouse-error.ts";
import { stringLiteral } from "../../store/query-params.ts";

/** A statement that has not been answered by then is given up; the next attempt ends it. */
const STATEMENT_TIMEOUT = Duration.minutes(2);

/** A statement that changes something. */
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
const prefixOf = (ledgerId: string): string =>
  `${SCRATCH_PREFIX}${createHash("sha256").update(ledgerId).digest("hex").slice(0, 16)}_`;

/** A new name for a table that only inserts of this ledger use, until they are fenced off. */
export const fencedName = (ledgerId: string): string =>
  `${prefixOf(ledgerId)}${crypto.randomUUID().replaceAll("-", "")}`;

/**
 * When this ends, no insert that the ledger's writer ever sent to or from a fenced table is running, and none that is
 * still on its way will have an effect: what comes after the tables have gone finds none, what came before is killed
 * and waited for. Other ledgers' are not touched.
 */
export const fenceOff = (ledgerId: string): Effect.Effect<void, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const { engine, query } = yield* ClickHouse;
    const prefix = prefixOf(ledgerId);
    const tables = yield* query<{ name: string }>(
      "SELECT name FROM system.tables WHERE database = currentDatabase() AND startsWith(name, {prefix:String})",
      { prefix },
    );
    yield* Effect.forEach(tables, ({ name }) => change(`DROP TABLE IF EXISTS ${name}`));
    // Embedded, an insert is over when its caller knows, and when its process is.
    if (engine === "embedded") return;
    yield* change(
      `KILL QUERY WHERE query_kind = 'Insert' AND position(query, ${stringLiteral(prefix)}) > 0 SYNC`,
    );
  });
