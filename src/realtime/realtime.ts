import { Clock, Context, Duration, Effect, Layer, Runtime } from "effect";
import { Spool } from "../spool/spool.ts";
import { ClickHouse, type QueryBudget } from "../store/clickhouse.ts";
import type { RealtimeDocument } from "./document.ts";
import { Readers } from "./readers.ts";
import type { RecentTraffic, Scope } from "./recent-traffic.ts";
import { recordSpooled } from "./spooled-traffic.ts";
import { raiseToStored } from "./stored-traffic.ts";
import { Traffic } from "./traffic.ts";

/** The service waits for this at its start. */
const startBudget: QueryBudget = { maxSeconds: 30, maxMemoryBytes: 1_500_000_000 };

/** Asked again and again while somebody looks. */
const refreshBudget: QueryBudget = { maxSeconds: 5, maxMemoryBytes: 500_000_000, maxThreads: 2 };

/** With a ClickHouse server other processes may take events too: their part is at most so old, in milliseconds. */
const REFRESH_MS = 3000;

/** Of the time between two refreshes not more than a tenth is spent on one. */
const REFRESH_SHARE = 10;

/** Projects whose last refresh is remembered. */
const MAX_REFRESHED = 1000;

/** The numbers of the moment, and those who watch them. */
export class Realtime extends Context.Tag("footfall/Realtime")<
  Realtime,
  {
    /** Waits until the part of other processes is new enough; without end only as long as a query may take. */
    readonly upToDate: (project: string) => Effect.Effect<void>;
    readonly document: (scope: Scope) => Effect.Effect<RealtimeDocument>;
    readonly readers: Readers;
  }
>() {}

const logFailure = (error: { readonly message: string }) =>
  Effect.logWarning(`The events of the last minutes could not be read: ${error.message}`);

/**
 * What was taken before this process began: the stored part from ClickHouse, the rest from the spool. A batch that may
 * have arrived in part is counted from the spool. Without an answer the numbers are not exact for half an hour.
 */
const loadPast = (traffic: RecentTraffic) =>
  Effect.gen(function* () {
    const spool = yield* Spool;
    const now = yield* Clock.currentTimeMillis;
    const { openBatch, isLost } = spool.ledger;
    const scope = { now, budget: startBudget };
    yield* Effect.catchAll(
      raiseToStored(
        traffic,
        openBatch === undefined || openBatch.letter !== undefined
          ? scope
          : { ...scope, withoutBatch: openBatch.number },
      ),
      (error) =>
        Effect.zipRight(
          Effect.sync(() => traffic.lacksThePast()),
          logFailure(error),
        ),
    );
    // Which events of the spool are stored is not known then, and none may be counted twice.
    if (isLost) traffic.lacksThePast();
    else recordSpooled(traffic, spool, now);
  });

interface Refresh {
  dueAt: number;
  underWay: Promise<void> | undefined;
}

const make = Effect.gen(function* () {
  const clickhouse = yield* ClickHouse;
  const traffic = yield* Traffic;
  const clock = yield* Clock.clockWith(Effect.succeed);
  const runPromise = Runtime.runPromise(yield* Effect.runtime<ClickHouse>());
  yield* loadPast(traffic);

  const refreshes = new Map<string, Refresh>();

  const refresh = (project: string) =>
    Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis;
      const [took] = yield* Effect.timed(
        Effect.matchEffect(raiseToStored(traffic, { now, project, budget: refreshBudget }), {
          onSuccess: () => Effect.sync(() => traffic.knowsThePast()),
          onFailure: (error) =>
            Effect.zipRight(
              Effect.sync(() => traffic.lacksThePast()),
              logFailure(error),
            ),
        }),
      );
      return now + Math.max(REFRESH_MS, Duration.toMillis(took) * REFRESH_SHARE);
    });

  /** Resolves when the part of other processes is new enough; at once where there are none. */
  const refreshed = (project: string): Promise<void> => {
    if (clickhouse.engine === "embedded") return Promise.resolve();
    const known = refreshes.get(project);
    if (known?.underWay !== undefined) return known.underWay;
    if (known !== undefined && known.dueAt > clock.unsafeCurrentTimeMillis()) return Promise.resolve();
    if (refreshes.size >= MAX_REFRESHED) refreshes.clear();
    const entry: Refresh = { dueAt: 0, underWay: undefined };
    refreshes.set(project, entry);
    entry.underWay = runPromise(refresh(project))
      .then((dueAt) => {
        entry.dueAt = dueAt;
      })
      .finally(() => {
        entry.underWay = undefined;
      });
    return entry.underWay;
  };

  const readers = yield* Effect.acquireRelease(
    Effect.sync(
      () => new Readers(traffic, { refresh: (project) => void refreshed(project).catch(() => {}) }),
    ),
    (opened) => Effect.sync(() => opened.end()),
  );
  const upToDate = (project: string) => Effect.promise(() => refreshed(project));
  return Realtime.of({
    upToDate,
    document: (scope) => Effect.map(upToDate(scope.project), () => traffic.document(scope)),
    readers,
  });
});

/** Knows the last half hour before the first request is taken; to be opened before the writer. */
export const layerRealtime = Layer.scoped(Realtime, make);
