import { Clock, Context, Data, Deferred, type Duration, Effect, Fiber, FiberId, Runtime } from "effect";
import { QueueFull, SpoolFull, SpoolUnavailable } from "../domain/errors.ts";
import { Metrics } from "../metrics/metrics.ts";
import type { Disk } from "./disk.ts";
import { EventLog } from "./event-log.ts";
import { makeEventQueue, type SpoolRefusal, type WaitingRows } from "./event-queue.ts";
import type { Ledger } from "./ledger.ts";
import { nextTurn } from "./next-turn.ts";
import { HEADER_BYTES } from "./record.ts";
import { type KeptRows, RowPieces } from "./row-pieces.ts";
import type { Damage } from "./segment.ts";

/** The spool of the data directory cannot be used at all. */
export class SpoolNotOpened extends Data.TaggedError("SpoolNotOpened")<{
  readonly message: string;
  readonly cause: unknown;
}> {
  static of(cause: unknown, directory?: string): SpoolNotOpened {
    const place = directory === undefined ? "" : ` in ${directory}`;
    return new SpoolNotOpened({ message: `The spool${place} cannot be opened: ${describe(cause)}`, cause });
  }
}

export interface SpoolState {
  /** Events that are durable and not stored yet. */
  readonly waiting: number;
  /** Events whose commit is under way. */
  readonly committing: number;
  readonly bytes: number;
  readonly maxBytes: number;
  /** Seconds since the oldest event that is not stored was committed; 0 when there is none. */
  readonly oldestSeconds: number;
  /** Why nothing can be committed; undefined when all is well. */
  readonly problem: string | undefined;
  /** Files that failed their check at start or later. */
  readonly damages: ReadonlyArray<Damage>;
}

export interface SpoolShape {
  /** Why so many events (1 by default) would be refused; asked before they are looked at, so that refusing is cheap. */
  readonly refusal: (count?: number) => SpoolRefusal | undefined;
  /**
   * Makes rows durable, which are copied at once. All are when `settle` is called without a refusal; with one, none will
   * be stored. Without rows it waits for all that was appended before.
   */
  readonly append: (waiting: WaitingRows) => void;
  readonly log: EventLog;
  readonly ledger: Ledger;
  /** Waits until the row is committed, the spool has ended, or the time is up. */
  readonly awaitRow: (row: number, within?: Duration.Duration) => Effect.Effect<void>;
  /** Refuses all that comes from now on and returns when what was appended is settled. */
  readonly end: Effect.Effect<void>;
  readonly hasEnded: () => boolean;
  readonly state: () => SpoolState;
}

/** The durable buffer between the requests and the writer: what it took survives the process, and (by default) the power. */
export class Spool extends Context.Tag("footfall/Spool")<Spool, SpoolShape>() {}

/** Rows of one commit; what is beyond waits for the next. */
const MAX_COMMIT_BYTES = 2 * 1024 * 1024;

const MAX_SEGMENT_BYTES = 64 * 1024 * 1024;

/** With less than this share of its bytes left the spool is full: a request seldom needs so much. */
const FULL_SHARE = 32;

/** After so long a sender tries again: about the time that one batch takes. */
const RETRY_AFTER_SECONDS = 2;

const PROBE_INTERVAL = "1 second";
const PROBE_NAME = "probe.tmp";
const PROBE_BYTES = 64 * 1024;

const queueFull = new QueueFull({ retryAfterSeconds: RETRY_AFTER_SECONDS });
const spoolFull = new SpoolFull({ retryAfterSeconds: RETRY_AFTER_SECONDS });
const unavailable = new SpoolUnavailable({ retryAfterSeconds: RETRY_AFTER_SECONDS });

const describe = (error: unknown): string => (error instanceof Error ? error.message : String(error));

interface QueuedRows extends WaitingRows, KeptRows {
  /** What they take in the log at most: each request may have a record of its own. */
  readonly bytes: number;
}

/** Whether the disk takes and keeps a few pages again. */
const probe = async (disk: Disk): Promise<void> => {
  if (disk.list().includes(PROBE_NAME)) disk.remove(PROBE_NAME);
  const file = disk.create(PROBE_NAME);
  try {
    file.write(Buffer.alloc(PROBE_BYTES), 0);
    await file.sync();
  } finally {
    file.close();
    disk.remove(PROBE_NAME);
  }
};

export interface SpoolParts {
  readonly disk: Disk;
  readonly ledger: Ledger;
  readonly sync: boolean;
  readonly maxBytes: number;
  /** Events that may wait for their commit. */
  readonly maxWaiting: number;
}

export const makeSpool = ({ disk, ledger, sync, maxBytes, maxWaiting }: SpoolParts) =>
  Effect.gen(function* () {
    const clock = yield* Clock.clockWith(Effect.succeed);
    const metrics = yield* Metrics;
    const runFork = Runtime.runFork(yield* Effect.runtime());
    const damages: Array<Damage> = [];
    const log = yield* Effect.tryPromise({
      try: () =>
        EventLog.open(disk, {
          segmentBytes: Math.min(MAX_SEGMENT_BYTES, Math.ceil(maxBytes / 8)),
          sync,
          floor: ledger.storedRow,
          givenOut: ledger.openBatch?.toRow ?? 0,
          onRows: () => {},
          onDamage: (damage) => {
            damages.push(damage);
            metrics.lost(damage.rowsLost);
            runFork(
              Effect.logError(
                `The spool file ${damage.keptAs} is damaged: ${damage.rowsRead} events of it could be read, at least ${damage.rowsLost} are lost`,
              ),
            );
          },
        }),
      catch: (cause) => SpoolNotOpened.of(cause),
    });
    yield* Effect.addFinalizer(() => Effect.sync(() => log.close()));
    const queue = yield* makeEventQueue<QueuedRows>(maxWaiting);
    let ended = false;
    let problem: string | undefined;
    const pieces = new RowPieces();
    let queuedBytes = 0;
    let awaited: { readonly row: number; readonly reached: Deferred.Deferred<void> } | undefined;

    const wake = () => {
      if (awaited === undefined || (log.nextRow < awaited.row && !ended)) return;
      Deferred.unsafeDone(awaited.reached, Effect.void);
      awaited = undefined;
    };

    const settle = (group: ReadonlyArray<QueuedRows>, refusal: SpoolRefusal | undefined) => {
      queue.release(group);
      for (const waiting of group) {
        queuedBytes -= waiting.bytes;
        waiting.release();
        waiting.settle(refusal);
      }
    };

    let held: ReadonlyArray<QueuedRows> = [];
    const nextGroup = (): ReadonlyArray<QueuedRows> => {
      let bytes = 0;
      let end = 0;
      for (const { rows } of held) {
        if (end > 0 && bytes + rows.length > MAX_COMMIT_BYTES) break;
        bytes += rows.length;
        end++;
      }
      const group = held.slice(0, end);
      held = held.slice(end);
      return group;
    };

    // Those behind a group that failed fail with it: they may have answered for an event as a duplicate of one in it.
    const refuseAll = (group: ReadonlyArray<QueuedRows>, error: unknown) =>
      Effect.gen(function* () {
        problem = describe(error);
        const queued = queue.size() === 0 ? [] : ((yield* queue.takeAll) ?? []);
        settle([...group, ...held, ...queued], unavailable);
        held = [];
        yield* Effect.logError(`Events cannot be made durable: ${problem}`);
        while (problem !== undefined) {
          yield* Effect.sleep(PROBE_INTERVAL);
          const failed = yield* Effect.promise(() => probe(disk).then(() => undefined, describe));
          if (failed === undefined) yield* Effect.logInfo("Events can be made durable again");
          problem = failed;
          if (ended) return;
        }
      });

    const turn = Effect.gen(function* () {
      if (held.length === 0) {
        if (queue.size() === 0) {
          const first = yield* queue.takeAll;
          if (first === undefined) return false;
          held = first;
          // What came in the same turn of the event loop shares a commit.
          yield* nextTurn;
        }
        if (queue.size() > 0) held = [...held, ...((yield* queue.takeAll) ?? [])];
      }
      const group = nextGroup();
      let count = 0;
      for (const waiting of group) count += waiting.count;
      if (count === 0) {
        settle(group, undefined);
        return true;
      }
      const startedAt = performance.now();
      const error = yield* Effect.promise(() =>
        log
          .commit(
            group.map(({ rows }) => rows),
            count,
            Math.floor(clock.unsafeCurrentTimeMillis() / 1000),
          )
          .then(
            () => undefined,
            (cause: unknown) => cause ?? new Error("unknown"),
          ),
      );
      if (error !== undefined) {
        yield* refuseAll(group, error);
        return true;
      }
      metrics.committed((performance.now() - startedAt) / 1000);
      settle(group, undefined);
      wake();
      return true;
    });

    const fiber = yield* Effect.forkScoped(Effect.repeat(turn, { while: (more) => more }));
    const end = Effect.suspend(() => queue.end).pipe(
      Effect.zipRight(
        Effect.suspend(() => {
          ended = true;
          wake();
          return Effect.void;
        }),
      ),
      Effect.zipRight(Fiber.await(fiber)),
      Effect.zipRight(Effect.sync(wake)),
      Effect.asVoid,
    );
    yield* Effect.addFinalizer(() => end);

    const wouldBe = (more: number): number => log.bytes + queuedBytes + more;
    const refusal = (count = 1): SpoolRefusal | undefined => {
      if (problem !== undefined) return unavailable;
      if (wouldBe(maxBytes / FULL_SHARE) > maxBytes) return spoolFull;
      return queue.hasRoom(count) ? undefined : queueFull;
    };

    return {
      refusal,
      append: ({ count, rows, settle }) => {
        const bytes = count === 0 ? 0 : HEADER_BYTES + rows.length;
        const refused = refusal() ?? (wouldBe(bytes) > maxBytes ? spoolFull : undefined);
        if (refused !== undefined) return settle(refused);
        const kept = pieces.keep(rows);
        if (!queue.offer({ count, rows: kept.rows, release: kept.release, settle, bytes })) {
          kept.release();
          return settle(queueFull);
        }
        queuedBytes += bytes;
      },
      log,
      ledger,
      awaitRow: (row, within) =>
        Effect.suspend(() => {
          if (ended || log.nextRow >= row) return Effect.void;
          const reached = Deferred.unsafeMake<void>(FiberId.none);
          awaited = { row, reached };
          const wait = Deferred.await(reached);
          return within === undefined ? wait : Effect.asVoid(Effect.timeoutOption(wait, within));
        }),
      end,
      hasEnded: () => ended,
      state: () => {
        const oldest = log.writtenAt(ledger.storedRow);
        return {
          waiting: log.nextRow - ledger.storedRow,
          committing: queue.length(),
          bytes: log.bytes,
          maxBytes,
          oldestSeconds:
            oldest === undefined ? 0 : Math.max(0, clock.unsafeCurrentTimeMillis() / 1000 - oldest),
          problem,
          damages,
        };
      },
    } satisfies SpoolShape;
  });
