import { Chunk, Context, Deferred, type Duration, Effect, FiberId, Layer, Mailbox } from "effect";
import { AppSettings } from "../config.ts";
import { QueueFull } from "../domain/errors.ts";

/** The encoded rows of one request; they are accepted, or refused, together. */
export interface QueuedRows {
  readonly count: number;
  readonly rows: Buffer;
  /** Called when the rows are stored or refused, if their memory is to be used again. */
  readonly free?: () => void;
}

/** What rows count for against the bound: 1 each, or as many as they fill KiB, so that large rows cannot fill the memory. */
const weightOf = ({ count, rows }: QueuedRows): number => Math.max(count, Math.ceil(rows.length / 1024));

export interface EventQueueShape {
  /**
   * Fails with `QueueFull` when there is no room for a single event. Asked before a body is looked at, so that refusing is
   * cheap when there is too much to do already.
   */
  readonly expectRoom: Effect.Effect<void, QueueFull>;
  /** Takes all rows or none: fails with `QueueFull` when they do not fit, before any of them is kept. */
  readonly offer: (queued: QueuedRows) => Effect.Effect<void, QueueFull>;
  /** Waits until something is queued and takes all of it, oldest first; `undefined` once the queue has ended and is empty. */
  readonly takeAll: Effect.Effect<ReadonlyArray<QueuedRows> | undefined>;
  /** Waits until `count` rows are queued, the queue has ended, or the time is up. Takes nothing. */
  readonly gather: (count: number, within: Duration.Duration) => Effect.Effect<void>;
  /** Says that rows that were taken are stored now, so that there is room for others. */
  readonly release: (stored: ReadonlyArray<QueuedRows>) => void;
  /** Refuses all further offers; what is queued can still be taken. */
  readonly end: Effect.Effect<void>;
  /** Rows that are queued or taken and not yet released. */
  readonly length: () => number;
}

/**
 * The bounded queue between the requests and the writer. The bound counts rows, not requests, and includes what the
 * writer holds, so memory is bounded however long ClickHouse takes.
 */
export class EventQueue extends Context.Tag("footfall/EventQueue")<EventQueue, EventQueueShape>() {}

/** After so long a sender tries again: about the time that one batch takes. */
const RETRY_AFTER_SECONDS = 2;

export const makeEventQueue = (capacity: number): Effect.Effect<EventQueueShape> =>
  Effect.gen(function* () {
    // A mailbox, not a Queue: only it neither loses elements when a taker is interrupted nor hides them after its end.
    const mailbox = yield* Mailbox.make<QueuedRows>();
    let length = 0;
    let weight = 0;
    let untaken = 0;
    let ended = false;
    // Who gathers is woken once, not by every request: a wake-up costs more than an offer.
    let gathering: { readonly count: number; readonly enough: Deferred.Deferred<void> } | undefined;

    const wake = () => {
      if (gathering !== undefined) Deferred.unsafeDone(gathering.enough, Effect.void);
      gathering = undefined;
    };

    const hasRoom = (more: number): boolean => !ended && weight + more <= capacity;
    const full = new QueueFull({ retryAfterSeconds: RETRY_AFTER_SECONDS });

    return {
      expectRoom: Effect.suspend(() => (hasRoom(1) ? Effect.void : full)),
      offer: (queued) =>
        Effect.suspend(() => {
          const more = weightOf(queued);
          if (!hasRoom(more)) {
            queued.free?.();
            return full;
          }
          length += queued.count;
          untaken += queued.count;
          weight += more;
          mailbox.unsafeOffer(queued);
          if (gathering !== undefined && untaken >= gathering.count) wake();
          return Effect.void;
        }),
      takeAll: Effect.map(mailbox.takeAll, ([taken, done]) => {
        if (done && Chunk.isEmpty(taken)) return undefined;
        const all = Chunk.toReadonlyArray(taken);
        for (const { count } of all) untaken -= count;
        return all;
      }),
      gather: (count, within) =>
        Effect.suspend(() => {
          if (ended || untaken >= count) return Effect.void;
          const enough = Deferred.unsafeMake<void>(FiberId.none);
          gathering = { count, enough };
          return Effect.asVoid(Effect.timeoutOption(Deferred.await(enough), within));
        }),
      release: (stored) => {
        for (const queued of stored) {
          length -= queued.count;
          weight -= weightOf(queued);
          queued.free?.();
        }
      },
      end: Effect.suspend(() => {
        ended = true;
        wake();
        return Effect.asVoid(mailbox.end);
      }),
      length: () => length,
    };
  });

export const layerEventQueue = Layer.effect(
  EventQueue,
  Effect.flatMap(AppSettings, ({ maxQueueSize }) => makeEventQueue(maxQueueSize)),
);
