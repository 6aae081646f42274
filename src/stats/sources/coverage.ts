import { Clock, Effect } from "effect";
import { type AskedDay, DAY_MS, SealedDays } from "../../sealing/sealed-days.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { timeText } from "../../store/time-text.ts";
import type { Filter } from "../filters/filter.ts";
import type { BotRule } from "../question.ts";

export interface Interval {
  readonly fromMs: number;
  /** Exclusive. */
  readonly toMs: number;
}

/** The days that a question touches, and which of them are sealed. */
export interface Coverage {
  /** Days of the range with events of the sites that can be meant. */
  readonly days: ReadonlyArray<AskedDay>;
  /** Parts of the range in which not every such day is sealed, in whole days. */
  readonly open: ReadonlyArray<Interval>;
  /** The last day on which these sites have events. */
  readonly lastDay: number;
}

/** The sites that a filter lets through at most; undefined when it may be any. */
export const sitesOf = (filter: Filter): ReadonlyArray<string> | undefined => {
  if (filter.kind === "condition") {
    return filter.field === "site" && filter.operator === "is" ? filter.values : undefined;
  }
  if (filter.kind !== "all") return undefined;
  return filter.filters
    .map(sitesOf)
    .reduce(
      (known, sites) =>
        known === undefined || sites === undefined
          ? (known ?? sites)
          : known.filter((site) => sites.includes(site)),
      undefined,
    );
};

/** The part of a day that lies in the range. */
export const clipped = (range: Interval, day: number): Interval => ({
  fromMs: Math.max(range.fromMs, day * DAY_MS),
  toMs: Math.min(range.toMs, (day + 1) * DAY_MS),
});

/** Intervals in order, those that touch joined. */
export const joined = (intervals: ReadonlyArray<Interval>): ReadonlyArray<Interval> => {
  const ordered = [...intervals].sort((a, b) => a.fromMs - b.fromMs);
  const result: Array<{ fromMs: number; toMs: number }> = [];
  for (const { fromMs, toMs } of ordered) {
    const last = result.at(-1);
    if (last !== undefined && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else result.push({ fromMs, toMs });
  }
  return result;
};

const openDays = (days: ReadonlyArray<AskedDay>): ReadonlyArray<Interval> =>
  joined(
    days
      .filter(({ build }) => build === undefined)
      .map(({ day }) => ({ fromMs: day * DAY_MS, toMs: (day + 1) * DAY_MS })),
  );

/** Asks which days of the range are sealed at this moment. Bots are in no sealed day. */
export const coverageOf = (question: {
  readonly project: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly filter: Filter;
  readonly bots: BotRule;
}): Effect.Effect<Coverage, ClickHouseError, SealedDays> =>
  Effect.gen(function* () {
    const sealed = yield* SealedDays;
    yield* sealed.refresh;
    const sites = sitesOf(question.filter);
    const [fromDay, toDay] = [Math.floor(question.fromMs / DAY_MS), Math.ceil(question.toMs / DAY_MS)];
    if (question.bots !== "exclude") {
      const today = Math.floor((yield* Clock.currentTimeMillis) / DAY_MS);
      return { days: [], open: [{ fromMs: fromDay * DAY_MS, toMs: toDay * DAY_MS }], lastDay: today + 1 };
    }
    const days = sealed.days(question.project, sites, fromDay, toDay);
    return { days, open: openDays(days), lastDay: sealed.lastDay(question.project, sites) };
  });

/** The same days as if none were sealed. */
export const withoutSeals = ({ days, open, lastDay }: Coverage): Coverage => {
  const unsealed = days.map((day) => ({ ...day, build: undefined }));
  return { days: unsealed, open: days.length === 0 ? open : openDays(unsealed), lastDay };
};

const MOST_INTERVALS = 40;

/** The events `t` of these intervals; many of them are taken as one. */
export const inIntervals = (intervals: ReadonlyArray<Interval>): string => {
  const [first, last] = [intervals[0], intervals.at(-1)];
  if (first === undefined || last === undefined) return "0";
  const few = intervals.length > MOST_INTERVALS ? [{ fromMs: first.fromMs, toMs: last.toMs }] : intervals;
  const one = ({ fromMs, toMs }: Interval) =>
    `(t.occurred_at >= '${timeText(fromMs)}' AND t.occurred_at < '${timeText(toMs)}')`;
  return `(${few.map(one).join(" OR ")})`;
};

/** Site-days as a set that a tuple `(site, day)` can be looked up in, with its parameters. */
export const siteDaySet = (days: ReadonlyArray<Pick<AskedDay, "siteId" | "day">>, prefix: string) => ({
  sql: `(SELECT arrayJoin(arrayZip({${prefix}_sites:Array(String)}, {${prefix}_days:Array(UInt16)})) AS pair)`,
  params: {
    [`${prefix}_sites`]: days.map(({ siteId }) => siteId),
    [`${prefix}_days`]: days.map(({ day }) => day),
  },
});
