import { Cause, Clock, Context, Deferred, Duration, Effect, Fiber, Layer } from "effect";
import { AppSettings } from "../config.ts";
import { Metrics } from "../metrics/metrics.ts";
import type { DeadLetter, OpenBatch } from "../spool/ledger.ts";
import { Spool } from "../spool/spool.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { numberRows } from "../store/event-row.ts";
import { BatchRows } from "./batch-rows.ts";
import { BatchStore, layerBatchStore } from "./batch-store.ts";
import { findLostPosition } from "./lost-ledger.ts";
import { healing } from "./retry.ts";
import { storeBatch } from "./store-batch.ts";

export interface WriterState {
  /** False once the writer's fiber has ended, for whatever reason: nothing is stored any more. */
  readonly alive: boolean;
  /** Rows stored since start. */
  readonly stored: number;
  /** Every batch up to this number is in all tables that views feed, or was given up; later ones may be in some. */
  readonly completedBatch: number;
  /** Why the batch under way is not stored yet; undefined when all is well. */
  readonly failing: string | undefined;
}

/** The one fiber that moves events from the spool into ClickHouse, in batches. */
export class EventWriter extends Context.Tag("footfall/EventWriter")<
  EventWriter,
  {
    readonly state: () => WriterState;
    /** Runs something while no batch is under way and none begins: what is in a table is in all that views feed. */
    readonly betweenBatches: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
  }
>() {}

/** A batch stays one block of one insert, whatever its rows weigh. */
const MAX_BATCH_BYTES = 64 * 1024 * 1024;

/** Another process may ask at any time for a dead letter to be tried again. */
const LETTERS_CHECKED_EVERY = Duration.seconds(2);

/**
 * With so many full batches waiting the next one does not wait for its time. Below that a burst is answered first and
 * stored when its time has come: engine and requests share the processor.
 */
const EARLY_BATCHES = 3;

/** After so long without an event the memory of large batches is given back. */
const MEMORY_KEPT_MS = 60_000;

/** At shutdown what is in the spool is stored for so long; what is left is stored after the next start. */
const DRAIN_DEADLINE = Duration.seconds(10);

const make = Effect.gen(function* () {
  const { batchSize, flushIntervalMs } = yield* AppSettings;
  const spool = yield* Spool;
  const metrics = yield* Metrics;
  const store = yield* BatchStore;
  const { log, ledger } = spool;

  let stored = 0;
  let failing: string | undefined;
  let lastFlushAt = 0;
  // Rows below were there when their time had come; they are stored without another wait.
  let dueRow = 0;
  // Below the batch size only while a poison row is looked for.
  let limit = batchSize;

  const lost = yield* findLostPosition;
  if (lost !== undefined) yield* Effect.logWarning(lost);
  let number = Math.max(ledger.lastBatch, yield* store.latestBatch);

  let completedBatch = ledger.openBatch === undefined ? number : ledger.openBatch.number - 1;

  const noteFailure = (error: ClickHouseError) =>
    Effect.suspend(() => {
      failing = error.message;
      return Effect.logWarning(`Batch ${number} is not stored yet (${error.failure}): ${error.message}`);
    });

  // What is not in the ledger did not happen, so the writer waits for a disk that is full.
  const record = (change: () => void): Effect.Effect<void> =>
    Effect.try(change).pipe(
      Effect.tapError(({ cause }) =>
        Effect.suspend(() => {
          failing = `The ledger cannot be written: ${String(cause)}`;
          return Effect.logError(failing);
        }),
      ),
      Effect.retry(healing),
      Effect.orDie,
    );

  const send = (open: OpenBatch, { rows, count }: Pick<BatchRows, "rows" | "count">, sentBefore: boolean) =>
    Effect.gen(function* () {
      const poisoned = yield* storeBatch({ ledgerId: ledger.id, number: open.number, rows }, count, {
        sentBefore,
        onFailure: noteFailure,
      });
      if (poisoned === undefined) {
        yield* record(() => ledger.finish(open.toRow));
        stored += count;
        metrics.stored(count);
        limit = Math.min(batchSize, limit * 2);
      } else if (count === 1) {
        const rejectedAt = new Date(yield* Clock.currentTimeMillis).toISOString();
        const { message, code } = poisoned.error;
        yield* record(() => ledger.bury(open, { rejectedAt, reason: message }, rows.toString().trimEnd()));
        if (open.letter === undefined) metrics.buried();
        yield* Effect.logError(
          `An event cannot be stored and was put aside (ClickHouse error ${code ?? "?"}): bun run dead-letters list`,
        );
      } else {
        // Halved until the poison row stands alone, so that the rest of its batch goes on.
        yield* record(() => ledger.finish(open.fromRow));
        limit = Math.max(1, count >> 1);
      }
      completedBatch = open.number;
      failing = undefined;
      log.trim(ledger.storedRow);
    });

  const sendLetter = (open: OpenBatch, { row }: DeadLetter, sentBefore: boolean) => {
    const rows = Buffer.from(`${row}\n`);
    numberRows(rows, open.number);
    return send(open, { rows, count: 1 }, sentBefore);
  };

  const sendAgain = (open: OpenBatch) =>
    Effect.gen(function* () {
      if (open.letter !== undefined) return yield* sendLetter(open, open.letter, true);
      const batch = new BatchRows(log);
      batch.begin(open.number, open.fromRow);
      yield* batch.fill({ maxRows: open.toRow - open.fromRow, maxBytes: Number.POSITIVE_INFINITY });
      if (batch.count === 0) yield* record(() => ledger.finish(open.toRow));
      else yield* send(open, batch, true);
    });

  // The next batch is read while the one before is stored, so that the engine need not wait for a busy event loop.
  let current = new BatchRows(log);
  let ahead = new BatchRows(log);

  // After a quiet time the first event is stored at once; from then on batches gather for the flush interval.
  const turn = Effect.gen(function* () {
    if (ledger.openBatch !== undefined) return yield* sendAgain(ledger.openBatch);
    const letter = ledger.letterToRetry();
    if (letter !== undefined) {
      number++;
      const fromRow = ledger.storedRow;
      yield* record(() => ledger.fixLetter(number, letter));
      return yield* sendLetter({ number, fromRow, toRow: fromRow, letter }, letter, false);
    }
    const from = ledger.storedRow;
    if (log.nextRow <= from) {
      yield* spool.awaitRow(from + 1, LETTERS_CHECKED_EVERY);
      if (log.nextRow <= from) {
        if ((yield* Clock.currentTimeMillis) - lastFlushAt < MEMORY_KEPT_MS) return;
        current.release();
        ahead.release();
        return;
      }
    }
    if (from >= dueRow) {
      const wait = lastFlushAt + flushIntervalMs - (yield* Clock.currentTimeMillis);
      if (wait > 0) yield* spool.awaitRow(from + EARLY_BATCHES * batchSize, Duration.millis(wait));
      lastFlushAt = yield* Clock.currentTimeMillis;
      dueRow = log.nextRow;
    }
    const batch = current;
    batch.begin(number + 1, from);
    yield* batch.fill({ maxRows: limit, maxBytes: MAX_BATCH_BYTES });
    const { endRow } = batch;
    if (endRow === from) return yield* Effect.dieMessage(`The spool does not have event ${from}`);
    if (batch.count === 0) return yield* record(() => ledger.finish(endRow));
    number++;
    yield* record(() => ledger.fix(number, endRow));
    [current, ahead] = [ahead, current];
    current.begin(number + 1, endRow);
    yield* Effect.all(
      [
        send({ number, fromRow: from, toRow: endRow }, batch, false),
        current.fill({ maxRows: limit, maxBytes: MAX_BATCH_BYTES }),
      ],
      { concurrency: 2, discard: true },
    );
  });

  // A bug in one turn must not end the fiber while the service goes on answering: the rows are still in the log.
  const guardedTurn = Effect.catchAllDefect(turn, (defect) =>
    Effect.suspend(() => {
      failing = String(defect);
      return Effect.zipRight(
        Effect.logError("The writer met a defect", Cause.die(defect)),
        Effect.sleep("1 second"),
      );
    }),
  );

  // They are run by the writer itself. With a semaphore nobody else would ever have a turn: it takes the next at once.
  const errands: Array<Effect.Effect<unknown>> = [];
  const runErrands = Effect.suspend(() =>
    // A defect may leave a batch open, which the next turn goes on with.
    ledger.openBatch === undefined ? Effect.forEach(errands.splice(0), (errand) => errand) : Effect.void,
  );
  const betweenBatches = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.gen(function* () {
      const context = yield* Effect.context<R>();
      const done = yield* Deferred.make<A, E>();
      errands.push(Effect.provide(Effect.intoDeferred(effect, done), context));
      return yield* Deferred.await(done);
    });

  const isDone = () => spool.hasEnded() && log.nextRow === ledger.storedRow;
  const fiber = yield* Effect.forkScoped(
    Effect.repeat(Effect.zipRight(runErrands, guardedTurn), { until: isDone }),
  );
  // Registered after the fork, so it runs before the fiber is interrupted.
  yield* Effect.addFinalizer(() =>
    spool.end.pipe(
      Effect.zipRight(Effect.interruptible(Effect.timeoutOption(Fiber.await(fiber), DRAIN_DEADLINE))),
      Effect.zipRight(
        Effect.suspend(() => {
          const { waiting } = spool.state();
          return waiting === 0
            ? Effect.void
            : Effect.logWarning(`${waiting} answered events wait in the spool for the next start`);
        }),
      ),
    ),
  );

  return {
    state: () => ({ alive: fiber.unsafePoll() === null, stored, failing, completedBatch }),
    betweenBatches,
  };
});

/** The writer on whatever keeps the batches. */
export const layerEventWriterOnStore = Layer.scoped(EventWriter, make);

export const layerEventWriter = Layer.provide(layerEventWriterOnStore, layerBatchStore);
