import { Effect, Layer } from "effect";
import { layerSealedDays, type SealedDay } from "../sealing/sealed-days.ts";
import type { QueryBudget } from "../store/clickhouse.ts";
import { type Comparison, compare, nobodyWrites, type TimeRange, whileWriting } from "./comparison.ts";
import { type Day, GRACE_MS, readDays } from "./days.ts";
import { readFirstDays } from "./first-days.ts";
import { repairBuckets } from "./repair.ts";
import { DAY_MS, type Rollup, RollupNotUnderstood, readRollups } from "./rollup.ts";
import type { SealedComparison } from "./sealed/compare-sealed.ts";
import { type SealedVerification, verifySealed } from "./sealed/verify-sealed.ts";

const BUDGET: QueryBudget = { maxSeconds: 3600, maxMemoryBytes: 1_500_000_000, spillBytes: 500_000_000 };

/** What happens on the way, in the order in which it happens. */
export type News =
  /** Before the first comparison; `days` are to be compared. */
  | { readonly kind: "start"; readonly days: number; readonly expired: ReadonlyArray<number> }
  /** The next days are being compared, after `done` others. */
  | { readonly kind: "days"; readonly fromMs: number; readonly done: number }
  | { readonly kind: "different"; readonly table: string; readonly comparison: Comparison }
  /** A day that rollups count and that has no raw events at all. It is they that are missing: nothing is compared. */
  | { readonly kind: "gone"; readonly dayMs: number }
  /** The buckets of so many hours or days are being made anew. */
  | { readonly kind: "repair"; readonly table: string; readonly times: number }
  /** Sealed days of this date are being compared, after `done` others of `days`. */
  | { readonly kind: "sealed"; readonly dayMs: number; readonly done: number; readonly days: number }
  | { readonly kind: "sealed different"; readonly comparison: SealedComparison }
  /** So many days are being sealed anew. */
  | { readonly kind: "seal"; readonly days: number };

export interface VerifyOptions {
  /** First UTC day, epoch ms of its start. */
  readonly fromMs?: number | undefined;
  /** End of the last UTC day. */
  readonly toMs?: number | undefined;
  /** Makes what differs equal to the raw events. No batch may be under way, and nobody may write until the end. */
  readonly repair: boolean;
  /** A service may be at work meanwhile. */
  readonly live: boolean;
  readonly tell: (news: News) => void;
}

export interface Verification {
  readonly rollups: number;
  /** First and last day that were compared, epoch ms of their starts; undefined where none was. */
  readonly firstDayMs: number | undefined;
  readonly lastDayMs: number | undefined;
  readonly buckets: number;
  readonly differing: number;
  /** Buckets that still differ at the end: all of them, unless they were repaired. */
  readonly left: number;
  /** Buckets that could not be compared, because their rows were on their way all the time. */
  readonly unsettled: number;
  readonly sealed: SealedVerification;
  readonly agrees: boolean;
}

/** ClickHouse's number for a database of an earlier release. */
const UNKNOWN_TABLE = 60;

/** Rows that one statement compares, about. */
const SLICE_ROWS = 1_000_000;

interface Slice extends TimeRange {
  readonly days: number;
}

/** Runs of days with few rows together. A day is never divided, and one without events is in none of them. */
const slicesOf = (days: ReadonlyArray<Day>): ReadonlyArray<Slice> => {
  const slices: Array<Slice> = [];
  let room = 0;
  for (const { dayMs, rows, hasEvents } of days) {
    if (!hasEvents) {
      room = 0;
      continue;
    }
    const last = rows > room ? undefined : slices.pop();
    room = (last === undefined ? SLICE_ROWS : room) - rows;
    slices.push({ fromMs: last?.fromMs ?? dayMs, toMs: dayMs + DAY_MS, days: (last?.days ?? 0) + 1 });
  }
  return slices;
};

/** Where a rollup differs, and at which values of its time column. */
interface Place {
  readonly rollup: Rollup;
  readonly slice: Slice;
  readonly times: ReadonlyArray<string>;
}

/**
 * Counts the raw events again as every rollup does, tells what differs and, with `repair`, makes it what the events say.
 * Then the same with what is stored of sealed days: which seals hold depends on a rollup.
 *
 * Raw events expire long before rollups do, and then the rollup is what is left: only days of which they are complete
 * are compared and repaired; of a project that keeps them for less long than others, fewer days.
 */
export const verify = ({ fromMs = 0, toMs = Number.POSITIVE_INFINITY, repair, live, tell }: VerifyOptions) =>
  Effect.gen(function* () {
    const rollups = yield* readRollups;
    const firstDays = yield* readFirstDays(GRACE_MS);
    const known = yield* readDays(rollups, firstDays, BUDGET);
    const isAsked = (dayMs: number) => dayMs >= fromMs && dayMs < toMs;
    const days = known.complete.filter(({ dayMs }) => isAsked(dayMs));
    const expired = known.expired.filter(isAsked);
    const slices = slicesOf(days);
    const gone = days.filter(({ hasEvents }) => !hasEvents);
    tell({ kind: "start", days: days.length - gone.length, expired });

    const settled = live ? whileWriting : nobodyWrites;
    const places: Array<Place> = [];
    let [done, buckets, differing, unsettled] = [0, 0, 0, 0];
    for (const slice of slices) {
      tell({ kind: "days", fromMs: slice.fromMs, done });
      for (const rollup of rollups) {
        const comparison = yield* compare(rollup, slice, settled, BUDGET, firstDays);
        buckets += comparison.buckets;
        differing += comparison.differing;
        unsettled += comparison.unsettled;
        if (comparison.differing === 0) continue;
        places.push({ rollup, slice, times: comparison.times });
        tell({ kind: "different", table: rollup.name, comparison });
      }
      done += slice.days;
    }
    for (const { dayMs } of gone) tell({ kind: "gone", dayMs });

    let left = differing;
    if (repair) {
      left = 0;
      for (const rollup of rollups) {
        const own = places.filter((place) => place.rollup === rollup);
        if (own.length === 0) continue;
        const times = own.flatMap((place) => place.times);
        tell({ kind: "repair", table: rollup.name, times: times.length });
        yield* repairBuckets(rollup, times, firstDays);
        for (const { slice } of own) {
          left += (yield* compare(rollup, slice, settled, BUDGET, firstDays)).differing;
        }
      }
    }
    // The first session of a day may have begun in the half hour before it.
    const first = known.complete[0]?.dayMs ?? 0;
    const isCut = (dayMs: number) => dayMs === first && known.expired.includes(first - DAY_MS);
    const comparable = new Set(
      days.filter(({ dayMs, hasEvents }) => hasEvents && !isCut(dayMs)).map(({ dayMs }) => dayMs),
    );
    const isComparable = ({ project, day }: SealedDay) =>
      comparable.has(day * DAY_MS) && day > (firstDays.get(project) ?? -1);
    const sealed = yield* Effect.provide(
      verifySealed({ isAsked: isComparable, settled, repair, tell, budget: BUDGET }),
      Layer.fresh(layerSealedDays),
    );
    const end = slices.at(-1);
    return {
      rollups: rollups.length,
      firstDayMs: slices[0]?.fromMs,
      lastDayMs: end === undefined ? undefined : end.toMs - DAY_MS,
      buckets,
      differing,
      left,
      unsettled,
      sealed,
      // Nothing but days of which the events are gone is no agreement.
      agrees:
        left + unsettled + gone.length + sealed.left + sealed.unsettled === 0 &&
        (slices.length > 0 || expired.length === 0),
    } satisfies Verification as Verification;
  }).pipe(
    Effect.catchIf(
      (error) => error._tag === "ClickHouseError" && error.code === UNKNOWN_TABLE,
      ({ message }) =>
        new RollupNotUnderstood({
          table: "sealed_days",
          message: `${message}. Run \`bun run migrate\` first.`,
        }),
    ),
  );
