import { Duration, Effect, type Scope } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { eventColumns } from "../../store/event-row.ts";
import { change, fencedName, fenceOff } from "./fence.ts";
import { batchToken, type FixedBatch } from "./fixed-batch.ts";

/** A stop does not wait longer than this for a server; what is left there is dropped at the next start. */
const CLOSE_TIMEOUT = Duration.seconds(2);

const viewOf = (gate: string): string => `${gate}_to_landing`;

// A network may deliver an insert when its sender has long given it up and completed its batch in another way. So on a
// server inserts go through a table of their own, which stores nothing and hands its rows on.
const openGate = (ledgerId: string) =>
  Effect.gen(function* () {
    yield* fenceOff(ledgerId);
    const gate = fencedName(ledgerId);
    yield* change(
      `CREATE TABLE ${gate} AS landing ENGINE = Null COMMENT 'A running Footfall writes through this table'`,
    );
    yield* change(`CREATE MATERIALIZED VIEW ${viewOf(gate)} TO landing AS SELECT * FROM ${gate}`);
    return gate;
  });

// Without its view the gate would take rows and lose them, so it goes first.
const closeGate = (gate: string) =>
  change(`DROP TABLE IF EXISTS ${gate}`).pipe(
    Effect.zipRight(change(`DROP TABLE IF EXISTS ${viewOf(gate)}`)),
    Effect.interruptible,
    Effect.timeoutOption(CLOSE_TIMEOUT),
    Effect.ignore,
  );

export type FirstInsert = (batch: FixedBatch) => Effect.Effect<void, ClickHouseError, ClickHouse>;

/**
 * Makes the insert by which batches are sent for the first time, each as one block; one for a process that writes. Where
 * it fails, the batch may be stored, in part or as a whole, now or later, until `completeBatch` or `inspectBatch` begins.
 */
export const makeFirstInsert: Effect.Effect<FirstInsert, never, ClickHouse | Scope.Scope> = Effect.gen(
  function* () {
    const { engine } = yield* ClickHouse;
    let gate: string | undefined;
    yield* Effect.addFinalizer(() => (gate === undefined ? Effect.void : closeGate(gate)));
    return (batch) =>
      Effect.gen(function* () {
        const { insertRows } = yield* ClickHouse;
        if (engine === "server") gate ??= yield* openGate(batch.ledgerId);
        const table = gate ?? "landing";
        yield* insertRows({ table, columns: eventColumns, rows: batch.rows, token: batchToken(batch) });
      }).pipe(
        // The recovery that follows takes it away.
        Effect.onError(() =>
          Effect.sync(() => {
            gate = undefined;
          }),
        ),
      );
  },
);
