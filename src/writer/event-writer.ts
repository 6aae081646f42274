import { Cause, Clock, Context, Duration, Effect, Fiber, Layer } from "effect";
import { AppSettings } from "../config.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { eventColumns, numberRows, splitRows } from "../store/event-row.ts";
import { latestBatch } from "./batch-number.ts";
import { DeadLetters } from "./dead-letters.ts";
import { EventQueue, type QueuedRows } from "./event-queue.ts";
import { healing } from "./retry.ts";
import { joinRows } from "./row-arena.ts";

export interface WriterState {
  /** False once the writer's fiber has ended, for whatever reason: nothing is stored any more. */
  readonly alive: boolean;
  /** Rows stored since start. */
  readonly stored: number;
  /** Why the batch under way is not stored yet; undefined when all is well. */
  readonly failing: string | undefined;
}

/** The one fiber that moves events from the queue into ClickHouse, in batches. */
export class EventWriter extends Context.Tag("footfall/EventWriter")<
  EventWriter,
  { readonly state: () => WriterState }
>() {}

/** A batch stays one block of one insert, whatever its rows weigh. */
const MAX_BATCH_BYTES = 32 * 1024 * 1024;

/** Below this a batch is copied together rather than cut short. */
const LARGE_BATCH_BYTES = 4 * 1024 * 1024;

/** At shutdown the queue is drained for so long; what is left then is reported. */
const DRAIN_DEADLINE = Duration.seconds(20);

const make = Effect.gen(function* () {
  const { batchSize, flushIntervalMs } = yield* AppSettings;
  const clickhouse = yield* ClickHouse;
  const queue = yield* EventQueue;
  const deadLetters = yield* DeadLetters;

  // The tokens of two processes must never be the same, or the second one's rows would be taken for a repetition.
  const writerId = crypto.randomUUID();
  let batch = yield* latestBatch;
  let pending: Array<QueuedRows> = [];
  let pendingCount = 0;
  let ended = false;
  let lastFlushAt = 0;
  let stored = 0;
  let failing: string | undefined;

  const noteFailure = (error: ClickHouseError) =>
    Effect.suspend(() => {
      failing = error.message;
      return Effect.logWarning(`Batch ${batch} is not stored yet (${error.failure}): ${error.message}`);
    });

  // Sent again with the same number, token and bytes until ClickHouse has it or says that a row can never be stored.
  const insert = (rows: Buffer): Effect.Effect<void, ClickHouseError> =>
    Effect.suspend(() => {
      batch++;
      numberRows(rows, batch);
      return clickhouse
        .insertRows({ table: "landing", columns: eventColumns, rows, token: `${writerId}:${batch}` })
        .pipe(
          Effect.tapError((error) => (error.failure === "bad_row" ? Effect.void : noteFailure(error))),
          Effect.retry({ schedule: healing, while: (error) => error.failure !== "bad_row" }),
        );
    });

  const store = (rows: Buffer, count: number): Effect.Effect<void> =>
    insert(rows).pipe(
      Effect.matchEffect({
        onSuccess: () =>
          Effect.sync(() => {
            failing = undefined;
            stored += count;
          }),
        onFailure: (error) => isolate(splitRows(rows), error),
      }),
    );

  // Halves until the poison row stands alone, so that the rest of its batch goes on.
  const isolate = (rows: ReadonlyArray<Buffer>, error: ClickHouseError): Effect.Effect<void> => {
    const [row] = rows;
    if (rows.length === 1 && row !== undefined) {
      return Effect.gen(function* () {
        const rejectedAt = new Date(yield* Clock.currentTimeMillis).toISOString();
        yield* deadLetters.keep({ rejectedAt, reason: error.message, row: row.toString().trimEnd() });
        yield* Effect.logError(
          `An event cannot be stored and was put aside (ClickHouse error ${error.code ?? "?"})`,
        );
      });
    }
    const middle = rows.length >> 1;
    return Effect.forEach(
      [rows.slice(0, middle), rows.slice(middle)],
      (half) => store(Buffer.concat(half), half.length),
      {
        discard: true,
      },
    );
  };

  const add = (taken: ReadonlyArray<QueuedRows> | undefined) => {
    if (taken === undefined) {
      ended = true;
      return;
    }
    for (const queued of taken) {
      pending.push(queued);
      pendingCount += queued.count;
    }
  };

  // As many whole requests as fit, at least one. A large batch ends where its memory does, so that it need not be copied.
  const nextBatch = (): ReadonlyArray<QueuedRows> => {
    let count = 0;
    let bytes = 0;
    let requests = 0;
    let memory: ArrayBufferLike | undefined;
    for (const { rows, count: more } of pending) {
      const elsewhere = memory !== undefined && rows.buffer !== memory;
      if (requests > 0 && (count + more > batchSize || bytes + rows.length > MAX_BATCH_BYTES)) break;
      if (elsewhere && bytes > LARGE_BATCH_BYTES) break;
      memory = rows.buffer;
      count += more;
      bytes += rows.length;
      requests++;
    }
    return pending.slice(0, requests);
  };

  // After a quiet time the first event is stored at once; from then on batches gather for the flush interval.
  const turn = Effect.gen(function* () {
    if (pendingCount < batchSize && !ended) {
      if (pending.length === 0) add(yield* queue.takeAll);
      const wait = lastFlushAt + flushIntervalMs - (yield* Clock.currentTimeMillis);
      if (wait > 0 && !ended && pendingCount < batchSize) {
        yield* queue.gather(batchSize - pendingCount, Duration.millis(wait));
        if (queue.length() > pendingCount) add(yield* queue.takeAll);
      }
    }
    if (pending.length === 0) return;
    lastFlushAt = yield* Clock.currentTimeMillis;
    const requests = nextBatch();
    const count = requests.reduce((sum, queued) => sum + queued.count, 0);
    yield* store(joinRows(requests.map(({ rows }) => rows)), count);
    pending = pending.slice(requests.length);
    pendingCount -= count;
    queue.release(requests);
  });

  // A bug in one turn must not end the fiber while the service goes on answering: the rows are still pending.
  const guardedTurn = Effect.catchAllDefect(turn, (defect) =>
    Effect.suspend(() => {
      failing = String(defect);
      return Effect.zipRight(
        Effect.logError("The writer met a defect", Cause.die(defect)),
        Effect.sleep("1 second"),
      );
    }),
  );

  const fiber = yield* Effect.forkScoped(
    Effect.repeat(guardedTurn, { until: () => ended && pending.length === 0 }),
  );
  // Registered after the fork, so it runs before the fiber is interrupted.
  yield* Effect.addFinalizer(() =>
    queue.end.pipe(
      Effect.zipRight(Effect.interruptible(Effect.timeoutOption(Fiber.await(fiber), DRAIN_DEADLINE))),
      Effect.zipRight(
        Effect.suspend(() =>
          queue.length() === 0
            ? Effect.void
            : Effect.logError(`${queue.length()} answered events could not be stored before the end`),
        ),
      ),
    ),
  );

  return {
    state: () => ({ alive: fiber.unsafePoll() === null, stored, failing }),
  };
});

export const layerEventWriter = Layer.scoped(EventWriter, make);
