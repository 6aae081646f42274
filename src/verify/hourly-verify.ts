import { Cause, Clock, Context, Duration, Effect, Layer } from "effect";
import type { QueryBudget } from "../store/clickhouse.ts";
import { type Comparison, compareSettled } from "./comparison.ts";
import { keptDays } from "./kept-days.ts";
import { differenceLine } from "./report.ts";
import { type Rollup, readRollups } from "./rollup.ts";
import { settlingPauses } from "./verify.ts";

export interface LastVerify {
  /** When the last check ended, epoch ms; undefined before the first. */
  readonly lastRunAt: number | undefined;
  /** Buckets that did not agree with the raw events in the last check that could be made. */
  readonly differences: number;
  readonly checkedBuckets: number;
  /** Why the last check could not be made. */
  readonly failing?: string;
}

/** What the service's own check of its rollups found last. */
export class VerifyState extends Context.Tag("footfall/VerifyState")<
  VerifyState,
  { readonly last: () => LastVerify }
>() {}

/** Long enough that a start is over, with what was left to store from before. */
const FIRST_AFTER = Duration.minutes(5);

/** Hours that are over and compared each time, so that a check may fall out and late events are seen. */
const HOURS = 3;

/** The service goes first: what exceeds this is compared in smaller slices. */
const BUDGET: QueryBudget = { maxSeconds: 30, maxMemoryBytes: 500_000_000 };

/** Differences that are logged one by one. */
const LOGGED = 20;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The last hours that are over; where a bucket is a day, yesterday and the day under way. */
const recentSlice = ({ grainMs }: Rollup, nowMs: number) =>
  grainMs < DAY_MS
    ? {
        fromMs: Math.floor(nowMs / grainMs) * grainMs - HOURS * HOUR_MS,
        toMs: Math.floor(nowMs / grainMs) * grainMs,
      }
    : {
        fromMs: Math.floor(nowMs / DAY_MS) * DAY_MS - DAY_MS,
        toMs: Math.floor(nowMs / DAY_MS) * DAY_MS + DAY_MS,
      };

/** Compares the newest buckets of every rollup with the raw events and logs each difference. */
export const verifyRecent = Effect.gen(function* () {
  const nowMs = yield* Clock.currentTimeMillis;
  const rollups = yield* readRollups;
  const kept = yield* keptDays(rollups);
  const found: Array<Comparison> = [];
  for (const rollup of rollups) {
    const slice = recentSlice(rollup, nowMs);
    const fromMs = Math.max(slice.fromMs, kept("events"), kept(rollup.name));
    if (fromMs >= slice.toMs) continue;
    found.push(...(yield* compareSettled(rollup, { ...slice, fromMs }, BUDGET, settlingPauses)).values());
  }
  const differences = found.flatMap((comparison) => comparison.differences);
  const differing = found.reduce((sum, comparison) => sum + comparison.differing, 0);
  for (const difference of differences.slice(0, LOGGED)) {
    yield* Effect.logError(`Rollup and raw events differ: ${differenceLine(difference)}`);
  }
  if (differing > 0) {
    yield* Effect.logError(
      `Rollups and raw events differ in ${differing} bucket(s). Stop the service and run \`bun run verify --repair\`.`,
    );
  }
  return {
    differences: differing,
    checkedBuckets: found.reduce((sum, comparison) => sum + comparison.buckets, 0),
  };
});

const make = Effect.gen(function* () {
  let last: LastVerify = { lastRunAt: undefined, differences: 0, checkedBuckets: 0 };

  const turn = Effect.gen(function* () {
    const result = yield* verifyRecent;
    last = { lastRunAt: yield* Clock.currentTimeMillis, ...result };
  }).pipe(
    // Neither a failure nor a bug in it may end the check for good, and certainly not the service.
    Effect.catchAllCause((cause) =>
      Cause.isInterruptedOnly(cause)
        ? Effect.interrupt
        : Effect.gen(function* () {
            const error = Cause.squash(cause);
            const failing = error instanceof Error ? error.message : String(error);
            last = { ...last, lastRunAt: yield* Clock.currentTimeMillis, failing };
            yield* Effect.logWarning(`The rollups could not be compared with the raw events: ${failing}`);
          }),
    ),
  );

  yield* Effect.forkScoped(
    Effect.zipRight(Effect.sleep(FIRST_AFTER), Effect.forever(Effect.zipRight(turn, Effect.sleep("1 hour")))),
  );
  return { last: () => last };
});

/** Checks the rollups five minutes after the start and then every hour, as long as the scope is open. */
export const layerHourlyVerify = Layer.scoped(VerifyState, make);
