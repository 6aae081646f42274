import { Effect } from "effect";
import type { QueryBudget } from "../store/clickhouse.ts";
import { type Comparison, compare, nobodyWrites, type TimeRange, whileWriting } from "./comparison.ts";
import { type Day, readDays } from "./days.ts";
import { repairBuckets } from "./repair.ts";
import { DAY_MS, type Rollup, readRollups } from "./rollup.ts";

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
  | { readonly kind: "repair"; readonly table: string; readonly times: number };

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
  readonly agrees: boolean;
}

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
    const last = rows > room || !hasEvents ? undefined : slices.pop();
    room = (last === undefined ? SLICE_ROWS : room) - rows;
    if (!hasEvents) room = 0;
    else slices.push({ fromMs: last?.fromMs ?? dayMs, toMs: dayMs + DAY_MS, days: (last?.days ?? 0) + 1 });
  }
  return slices;
};

interface Found {
  readonly rollup: Rollup;
  readonly slice: Slice;
  readonly comparison: Comparison;
}

const sum = <A>(list: ReadonlyArray<A>, value: (one: A) => number): number =>
  list.reduce((total, one) => total + value(one), 0);

/**
 * Counts the raw events again as every rollup does, tells what differs and, with `repair`, makes it what the events say.
 *
 * Raw events expire long before rollups do, and then the rollup is what is left: only days of which they are complete
 * are compared and repaired.
 */
export const verify = ({ fromMs = 0, toMs = Number.POSITIVE_INFINITY, repair, live, tell }: VerifyOptions) =>
  Effect.gen(function* () {
    const rollups = yield* readRollups;
    const known = yield* readDays(rollups, BUDGET);
    const isAsked = (dayMs: number) => dayMs >= fromMs && dayMs < toMs;
    const days = known.complete.filter(({ dayMs }) => isAsked(dayMs));
    const expired = known.expired.filter(isAsked);
    const slices = slicesOf(days);
    tell({ kind: "start", days: sum(slices, (slice) => slice.days), expired });

    const settled = live ? whileWriting : nobodyWrites;
    const found: Array<Found> = [];
    let done = 0;
    for (const slice of slices) {
      tell({ kind: "days", fromMs: slice.fromMs, done });
      for (const rollup of rollups) {
        const comparison = yield* compare(rollup, slice, settled, BUDGET);
        found.push({ rollup, slice, comparison });
        if (comparison.differing > 0) tell({ kind: "different", table: rollup.name, comparison });
      }
      done += slice.days;
    }
    const gone = days.filter(({ hasEvents }) => !hasEvents);
    for (const { dayMs } of gone) tell({ kind: "gone", dayMs });

    const different = found.filter(({ comparison }) => comparison.differing > 0);
    const differing = sum(different, ({ comparison }) => comparison.differing);
    let left = differing;
    if (repair) {
      left = 0;
      for (const rollup of rollups) {
        const own = different.filter((one) => one.rollup === rollup);
        if (own.length === 0) continue;
        const times = own.flatMap(({ comparison }) => comparison.times);
        tell({ kind: "repair", table: rollup.name, times: times.length });
        yield* repairBuckets(rollup, times);
        for (const { slice } of own) left += (yield* compare(rollup, slice, settled, BUDGET)).differing;
      }
    }
    const unsettled = sum(found, ({ comparison }) => comparison.unsettled);
    return {
      rollups: rollups.length,
      firstDayMs: slices[0]?.fromMs,
      lastDayMs: slices.length === 0 ? undefined : (slices.at(-1)?.toMs ?? 0) - DAY_MS,
      buckets: sum(found, ({ comparison }) => comparison.buckets),
      differing,
      left,
      unsettled,
      // Nothing but days of which the events are gone is no agreement.
      agrees: left + unsettled + gone.length === 0 && (slices.length > 0 || expired.length === 0),
    } satisfies Verification as Verification;
  });
