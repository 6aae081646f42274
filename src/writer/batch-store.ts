import { Context, Effect, Layer } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { latestBatch } from "./batch-number.ts";
import { makeFirstInsert } from "./recovery/first-insert.ts";
import type { FixedBatch } from "./recovery/fixed-batch.ts";
import { type BatchInspection, completeBatch, inspectBatch } from "./recovery/recovery.ts";
import { type EventKey, storedAmong } from "./stored-among.ts";

/** What the writer asks of ClickHouse. Each may fail with its effect done, in part or as a whole, now or later. */
export interface BatchStoreShape {
  /** Sends a batch for the first time, as one block. */
  readonly insert: (batch: FixedBatch) => Effect.Effect<void, ClickHouseError>;
  /** See `inspectBatch`. */
  readonly inspect: (batch: FixedBatch) => Effect.Effect<BatchInspection, ClickHouseError>;
  /** See `completeBatch`. */
  readonly complete: (
    batch: FixedBatch,
  ) => Effect.Effect<{ readonly written: number; readonly expected: number }, ClickHouseError>;
  /** The highest batch number that ever reached a table; 0 when none did. */
  readonly latestBatch: Effect.Effect<number, ClickHouseError>;
  /** See `storedAmong`. */
  readonly storedAmong: <Event extends EventKey>(
    events: ReadonlyArray<Event>,
  ) => Effect.Effect<ReadonlySet<Event>, ClickHouseError>;
}

/** The tables that the views feed from `landing`, as the writer sees them: a batch is in all of them, or has to be. */
export class BatchStore extends Context.Tag("footfall/BatchStore")<BatchStore, BatchStoreShape>() {}

export const layerBatchStore = Layer.scoped(
  BatchStore,
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const on = Effect.provideService(ClickHouse, clickhouse);
    const firstInsert = yield* makeFirstInsert;
    return {
      insert: (batch) => on(firstInsert(batch)),
      inspect: (batch) => on(inspectBatch(batch)),
      complete: (batch) => on(completeBatch(batch)),
      latestBatch: on(latestBatch),
      storedAmong: (events) => on(storedAmong(events)),
    };
  }),
);
