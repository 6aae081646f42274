import { Duration, Effect } from "effect";
import type { RecentIds } from "../../ingest/duplicates/recent-ids.ts";
import { ClickHouseError } from "../../store/clickhouse-error.ts";
import type { BatchStoreShape } from "../../writer/batch-store.ts";
import { batchToken, type FixedBatch } from "../../writer/recovery/fixed-batch.ts";
import type { SimulatedEngine } from "./simulated-engine.ts";
import { readRows, type Slice, tableNames } from "./simulated-tables.ts";
import type { SimulatedTime } from "./simulated-time.ts";

/** An answer of a server is awaited for so long (store/server.ts, writer/recovery/staging.ts). */
const ANSWER_TIMEOUT = Duration.minutes(1);
const QUESTION_MS = 1;

const error = (failure: ClickHouseError["failure"]) =>
  new ClickHouseError({
    failure,
    retryable: failure !== "bad_row",
    code: undefined,
    message: `simulated: ${failure}`,
  });
const unavailable = error("unavailable");
const badRow = error("bad_row");

type Answer<A> = Effect.Effect<A, ClickHouseError>;

/** The way of one process to the engine. */
export interface Connection {
  readonly store: BatchStoreShape;
  /** Adds the ids of what is stored, as `loadRecentIds` does. */
  readonly loadIds: (ids: RecentIds) => Answer<void>;
  /** The process is gone: nothing that it asks reaches the engine any more. */
  readonly cut: () => void;
}

export const connect = (
  engine: SimulatedEngine,
  time: SimulatedTime,
  onViolation: (what: string) => void,
): Connection => {
  const unanswered = new Set<() => void>();
  let isCut = false;

  const awaited = <A>(ask: (reply: (answer: Answer<A>) => void) => void): Answer<A> => {
    const asked = Effect.async<A, ClickHouseError>((resume) => {
      const lose = () => resume(Effect.fail(unavailable));
      if (isCut) return lose();
      unanswered.add(lose);
      ask((answer) => {
        unanswered.delete(lose);
        time.stir();
        resume(answer);
      });
    });
    // A call into the process's own engine is not cut short; a connection can be closed.
    return engine.kind === "embedded"
      ? Effect.uninterruptible(asked)
      : Effect.timeoutFail(asked, { duration: ANSWER_TIMEOUT, onTimeout: () => unavailable });
  };

  const question = <A>(answer: () => Answer<A>): Answer<A> =>
    awaited((reply) => {
      time.after(QUESTION_MS, () => reply(engine.isDown || isCut ? Effect.fail(unavailable) : answer()));
    });

  const insert = (batch: FixedBatch, slices: ReadonlyArray<Slice>, token?: string): Answer<void> =>
    Effect.zipRight(
      question(() => Effect.void),
      awaited((reply) => {
        const sent = Buffer.from(batch.rows);
        engine.insert({
          name: batchToken(batch),
          slices,
          token,
          onEnd: (isDone) => {
            if (!isCut && !sent.equals(batch.rows)) onViolation(`batch ${batch.number} changed under way`);
            reply(isDone ? Effect.void : Effect.fail(unavailable));
          },
        });
      }),
    );

  const slicesOf = (batch: FixedBatch): Answer<ReadonlyArray<Slice>> =>
    Effect.suspend(() => {
      const { rows, isPoisoned } = readRows(batch.rows);
      if (rows.some((row) => row.batch !== batch.number)) onViolation(`batch ${batch.number} is misnumbered`);
      return isPoisoned && !engine.isCured ? Effect.fail(badRow) : Effect.succeed(engine.tables.slices(rows));
    });

  const look = (batch: FixedBatch) =>
    question(() => {
      if (engine.kind === "server") engine.kill(batchToken(batch));
      return Effect.map(slicesOf(batch), (slices) => ({
        expected: slices.length,
        missing: slices.filter((slice) => !engine.tables.hasReached(batch.number, slice)),
      }));
    });

  return {
    store: {
      insert: (batch) =>
        Effect.flatMap(slicesOf(batch), (slices) => insert(batch, slices, batchToken(batch))),
      inspect: look,
      complete: (batch) =>
        Effect.gen(function* () {
          const { expected, missing } = yield* look(batch);
          for (const table of tableNames) {
            const slices = missing.filter((slice) => slice.table === table);
            if (slices.length > 0) yield* insert(batch, slices);
          }
          return { expected, written: missing.length };
        }),
      latestBatch: question(() => Effect.sync(() => engine.tables.latestBatch)),
      storedAmong: (events) =>
        question(() => {
          const times = events.map(({ receivedAt }) => receivedAt);
          const [from, to] = [Math.min(...times), Math.max(...times)];
          const stored = new Set(
            engine.tables
              .rows("events")
              .filter(({ receivedAt }) => receivedAt >= from && receivedAt <= to)
              .map(({ id }) => id),
          );
          return Effect.succeed(new Set(events.filter(({ id }) => stored.has(id))));
        }),
    },
    loadIds: (ids) =>
      question(() =>
        Effect.sync(() => {
          for (const { project, id, receivedAt } of engine.tables.rows("events")) {
            ids.addIfAbsent(project, id, receivedAt);
          }
        }),
      ),
    cut: () => {
      isCut = true;
      for (const lose of [...unanswered]) lose();
    },
  };
};
