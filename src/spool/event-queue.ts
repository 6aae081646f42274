import { Chunk, Effect, Mailbox } from "effect";
import type { QueueFull, SpoolFull, SpoolUnavailable } from "../domain/errors.ts";

/** Why events were not made durable; the sender may try again. */
export type SpoolRefusal = QueueFull | SpoolFull | SpoolUnavailable;

/** The encoded rows of one request, until they are committed. */
export interface WaitingRows {
  readonly count: number;
  readonly rows: Uint8Array;
  /** Called once: without a refusal when the rows are durable. */
  readonly settle: (refusal: SpoolRefusal | undefined) => void;
}

/** What rows count for against the bound: 1 each, or as many as they fill KiB, so that large rows cannot fill the memory. */
const weightOf = ({ count, rows }: WaitingRows): number => Math.max(count, Math.ceil(rows.length / 1024));

export interface EventQueue<Rows extends WaitingRows = WaitingRows> {
  /** Whether there is room for so many more events, 1 by default, if none is large. */
  readonly hasRoom: (count?: number) => boolean;
  /** Takes all rows of a request, or says false when they do not fit. */
  readonly offer: (waiting: Rows) => boolean;
  /** Waits until something is queued and takes all of it, oldest first; `undefined` once the queue has ended and is empty. */
  readonly takeAll: Effect.Effect<ReadonlyArray<Rows> | undefined>;
  /** Says that what was taken is settled, so that there is room for others. */
  readonly release: (settled: ReadonlyArray<Rows>) => void;
  /** Refuses all further offers; what is queued can still be taken. */
  readonly end: Effect.Effect<void>;
  /** Requests that are queued and not taken. */
  readonly size: () => number;
  /** Events that are queued, or taken and not released. */
  readonly length: () => number;
}

/**
 * The bounded queue between the requests and the fiber that commits them. The bound counts events, not requests, and
 * includes those whose commit is under way, so memory is bounded however slow the disk is.
 */
export const makeEventQueue = <Rows extends WaitingRows = WaitingRows>(
  capacity: number,
): Effect.Effect<EventQueue<Rows>> =>
  Effect.gen(function* () {
    // A mailbox, not a Queue: only it neither loses elements when a taker is interrupted nor hides them after its end.
    const mailbox = yield* Mailbox.make<Rows>();
    let length = 0;
    let weight = 0;
    let size = 0;
    let ended = false;
    return {
      hasRoom: (count = 1) => !ended && weight + count <= capacity,
      offer: (waiting) => {
        const more = weightOf(waiting);
        if (ended || weight + more > capacity) return false;
        length += waiting.count;
        weight += more;
        size++;
        mailbox.unsafeOffer(waiting);
        return true;
      },
      takeAll: Effect.map(mailbox.takeAll, ([taken, done]) => {
        if (done && Chunk.isEmpty(taken)) return undefined;
        const all = Chunk.toReadonlyArray(taken);
        size -= all.length;
        return all;
      }),
      release: (settled) => {
        for (const waiting of settled) {
          length -= waiting.count;
          weight -= weightOf(waiting);
        }
      },
      end: Effect.suspend(() => {
        ended = true;
        return Effect.asVoid(mailbox.end);
      }),
      size: () => size,
      length: () => length,
    };
  });
