import { Clock, Duration, Effect, Layer } from "effect";
import { Metrics } from "../metrics/metrics.ts";
import { SealedDays } from "../sealing/sealed-days.ts";
import type { QueryBudget } from "../store/clickhouse.ts";
import { compare, type Difference, type TimeRange, whileWriting } from "./comparison.ts";
import { firstKeptDay, GRACE_MS } from "./days.ts";
import { readFirstDays } from "./first-days.ts";
import { differenceLine } from "./report.ts";
import { DAY_MS, HOUR_MS, type Rollup, readRollups } from "./rollup.ts";
import { compareSealed } from "./sealed/compare-sealed.ts";
import { byDate, sealedSlicesOf } from "./sealed/verify-sealed.ts";

/** Long enough that a start is over, with what was left to store from before. */
const FIRST_AFTER = Duration.minutes(5);

const INTERVAL = Duration.hours(1);

/** More than one, so that a check may fall out and late events are seen. */
const CLOSED_HOURS = 3;

/** The service goes first. */
const BUDGET: QueryBudget = {
  maxSeconds: 300,
  maxMemoryBytes: 500_000_000,
  spillBytes: 150_000_000,
  maxThreads: 1,
};

/** Differences that are logged one by one. */
const LOGGED = 20;

/** Days of sites that are compared, of those that were sealed last. */
const SEALED_DAYS = 20;

/** The last hours that are over; where a bucket is a day, those that have one of these hours. */
const recentRange = ({ bucketMs }: Rollup, nowMs: number): TimeRange => {
  const closedMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
  return {
    fromMs: Math.floor((closedMs - CLOSED_HOURS * HOUR_MS) / bucketMs) * bucketMs,
    toMs: Math.ceil(closedMs / bucketMs) * bucketMs,
  };
};

/** Compares the newest buckets of every rollup with the raw events and logs each difference; how many there are. */
const verifyRollups = Effect.gen(function* () {
  const nowMs = yield* Clock.currentTimeMillis;
  const rollups = yield* readRollups;
  const keptFromMs = yield* firstKeptDay(rollups);
  const firstDays = yield* readFirstDays(GRACE_MS);
  const differences: Array<Difference> = [];
  let differing = 0;
  for (const rollup of rollups) {
    const { fromMs, toMs } = recentRange(rollup, nowMs);
    const range = { fromMs: Math.max(fromMs, keptFromMs), toMs };
    if (range.fromMs >= toMs) continue;
    const comparison = yield* compare(rollup, range, whileWriting, BUDGET, firstDays);
    differences.push(...comparison.differences);
    differing += comparison.differing;
  }
  for (const difference of differences.slice(0, LOGGED)) {
    yield* Effect.logError(`Rollup and raw events differ: ${differenceLine(difference)}`);
  }
  if (differing > 0) {
    yield* Effect.logError(
      `Rollups and raw events differ in ${differing} bucket(s). Stop the service and run: bun run verify --repair`,
    );
  }
  return differing;
});

/** The same with the days of sites that were sealed last. */
const verifyLastSealed = Effect.gen(function* () {
  const sealed = yield* SealedDays;
  yield* sealed.refresh;
  const keptFromMs = yield* firstKeptDay(yield* readRollups);
  const firstDays = yield* readFirstDays(GRACE_MS);
  // The first session of a day may have begun in the half hour before it.
  const newest = sealed
    .sealed(keptFromMs === 0 ? 0 : keptFromMs / DAY_MS + 1, Number.POSITIVE_INFINITY)
    .filter(({ project, day }) => day > (firstDays.get(project) ?? -1))
    .toSorted((a, b) => b.seal.build - a.seal.build)
    .slice(0, SEALED_DAYS);
  let logged = 0;
  let differing = 0;
  for (const [day, days] of byDate(newest)) {
    for (const slice of yield* sealedSlicesOf(day, days)) {
      const comparison = yield* compareSealed(slice, whileWriting, BUDGET);
      differing += comparison.differing.length;
      for (const difference of comparison.differences) {
        if (++logged > LOGGED) break;
        yield* Effect.logError(`A sealed day and its raw events differ: ${differenceLine(difference)}`);
      }
    }
  }
  if (differing > 0) {
    yield* Effect.logError(
      `${differing} sealed day(s) of sites and their raw events differ. Stop the service and run: bun run verify --repair`,
    );
  }
  return differing;
});

/** Compares the newest of what is counted with the raw events and logs each difference; how many there are. */
export const verifyRecent = Effect.zipWith(
  verifyRollups,
  verifyLastSealed,
  (buckets, days) => buckets + days,
);

const check = Effect.gen(function* () {
  const metrics = yield* Metrics;
  const sealed = yield* SealedDays;
  yield* sealed.undisturbed(verifyRecent).pipe(
    Effect.tap((differing) => metrics.verified(differing)),
    // Neither a failure nor a bug in it may end the check for good, and certainly not the service.
    Effect.catchAllCause((cause) => {
      metrics.verifyFailed();
      return Effect.logWarning("The rollups could not be compared with the raw events", cause);
    }),
  );
});

/** Checks the rollups five minutes after the start and then every hour, as long as the scope is open. */
export const layerHourlyVerify = Layer.scopedDiscard(
  Effect.forkScoped(Effect.delay(Effect.forever(Effect.zipLeft(check, Effect.sleep(INTERVAL))), FIRST_AFTER)),
);
