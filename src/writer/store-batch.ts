import { Effect } from "effect";
import { Metrics } from "../metrics/metrics.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { BatchStore } from "./batch-store.ts";
import type { FixedBatch } from "./recovery/fixed-batch.ts";
import { healing } from "./retry.ts";

/** ClickHouse has nothing of the batch and cannot take it as it is: one of its rows can never be stored. */
export interface Poisoned {
  readonly _tag: "Poisoned";
  readonly error: ClickHouseError;
}

export interface StoreBatchOptions {
  /** Whether an earlier process may have sent it. */
  readonly sentBefore: boolean;
  /** Told of every attempt that failed and is followed by another. */
  readonly onFailure: (error: ClickHouseError) => Effect.Effect<void>;
}

const insert = (batch: FixedBatch, count: number) =>
  Effect.gen(function* () {
    const store = yield* BatchStore;
    const metrics = yield* Metrics;
    const startedAt = performance.now();
    yield* store.insert(batch);
    metrics.inserted(count, (performance.now() - startedAt) / 1000);
  });

/**
 * Asks what has arrived and writes what has not: the only safe thing to do with a batch that was sent before. Another
 * plain insert is not, since after a crash its token may stand for rows that never arrived.
 */
const complete = (batch: FixedBatch) =>
  Effect.gen(function* () {
    const store = yield* BatchStore;
    const metrics = yield* Metrics;
    const { written, expected } = yield* store.complete(batch);
    metrics.recovered(written === 0 ? "arrived" : written === expected ? "sent_again" : "completed");
  });

/** Whether anything of the batch has arrived. Rows that cannot even be read for the question never have. */
const hasArrivedInPart = (batch: FixedBatch) =>
  Effect.flatMap(BatchStore, ({ inspect }) => inspect(batch)).pipe(
    Effect.map(({ expected, missing }) => missing.length < expected),
    Effect.catchIf(
      (error) => error.failure === "bad_row",
      () => Effect.succeed(false),
    ),
  );

/**
 * Stores a batch that is fixed in the ledger, however long it takes: when it ends, every table has all of it exactly
 * once, or nothing of it because a row of it is poison.
 */
export const storeBatch = (
  batch: FixedBatch,
  count: number,
  { sentBefore, onFailure }: StoreBatchOptions,
): Effect.Effect<Poisoned | undefined, never, BatchStore | Metrics> =>
  Effect.gen(function* () {
    const metrics = yield* Metrics;
    let mayHaveArrived = sentBefore;
    const attempt = Effect.suspend(() => {
      const again = mayHaveArrived;
      mayHaveArrived = true;
      return again ? complete(batch) : insert(batch, count);
    }).pipe(
      Effect.as(undefined),
      Effect.catchIf(
        (error) => error.failure === "bad_row",
        // A view may say so of a row that `events` has taken already, so this too asks first what has arrived.
        (error) =>
          Effect.flatMap(hasArrivedInPart(batch), (arrived) =>
            arrived ? Effect.fail(error) : Effect.succeed<Poisoned>({ _tag: "Poisoned", error }),
          ),
      ),
      Effect.tapError((error) => {
        metrics.retried(error.failure);
        return onFailure(error);
      }),
    );
    return yield* Effect.retryOrElse(attempt, healing, (error) => Effect.die(error));
  });
