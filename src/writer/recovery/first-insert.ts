import { Effect } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { eventColumns } from "../../store/event-row.ts";
import { change, fencedName, fenceOff } from "./fence.ts";
import { batchToken, type FixedBatch } from "./fixed-batch.ts";

// A network may deliver an insert when its sender has long given it up and completed its batch in another way. So on a
// server inserts go through a table of their own, which stores nothing and hands its rows on.
const openGate = (ledgerId: string) =>
  Effect.gen(function* () {
    const { engine } = yield* ClickHouse;
    if (engine === "embedded") return "landing";
    yield* fenceOff(ledgerId);
    const gate = fencedName(ledgerId);
    yield* change(
      `CREATE TABLE ${gate} AS landing ENGINE = Null COMMENT 'A running Footfall writes through this table'`,
    );
    yield* change(`CREATE MATERIALIZED VIEW ${gate}_to_landing TO landing AS SELECT * FROM ${gate}`);
    return gate;
  });

/**
 * Makes the insert by which a batch is sent for the first time, as one block. One for each process that writes. Where
 * it fails, the batch may be stored, in part or as a whole, now or later, until `completeBatch` or `inspectBatch` begins.
 */
export const makeFirstInsert = (): ((
  batch: FixedBatch,
) => Effect.Effect<void, ClickHouseError, ClickHouse>) => {
  let gate: string | undefined;
  return (batch) =>
    Effect.gen(function* () {
      const { insertRows } = yield* ClickHouse;
      gate ??= yield* openGate(batch.ledgerId);
      yield* insertRows({ table: gate, columns: eventColumns, rows: batch.rows, token: batchToken(batch) });
    }).pipe(
      // The recovery that follows takes it away.
      Effect.onError(() =>
        Effect.sync(() => {
          gate = undefined;
        }),
      ),
    );
};
