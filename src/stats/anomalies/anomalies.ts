import { Effect } from "effect";
import { localTimeText } from "../calendar/zone.ts";
import { type Counts, countWindows, type WindowCounts, type WindowLists } from "./counts.ts";
import { expectationOf, type Judgement, judge, median, type WeeklyCounts } from "./judgement.ts";
import type { AnomalyMetric, Watched } from "./watched.ts";
import {
  type Compared,
  type ComparedTimes,
  comparedTimes,
  type EarlierWindows,
  type Window,
} from "./windows.ts";

export interface AnomaliesQuery extends Watched {
  /** IANA name; says what a day, and an hour of it, is. */
  readonly zone: string;
  readonly metrics: ReadonlyArray<AnomalyMetric>;
  /** Deviations from what was expected beyond which a count is an anomaly. */
  readonly threshold: number;
}

/** From `from` (inclusive) to `to` (exclusive), both with the zone's offset. */
export interface AnswerRange {
  readonly from: string;
  readonly to: string;
  readonly timezone: string;
}

/** A count against what earlier weeks lead to expect; `reason` says why nothing is expected. */
export interface Finding {
  readonly value: number;
  readonly expected: number | null;
  readonly lower: number | null;
  readonly upper: number | null;
  readonly score: number | null;
  readonly anomalous: boolean;
  readonly direction: Judgement["direction"];
  /** Earlier weeks that could be compared with. */
  readonly weeks: number;
  readonly reason: "too_little_history" | "day_just_begun" | null;
}

export interface MetricFindings extends Finding {
  readonly metric: AnomalyMetric;
  readonly hour: Finding;
}

/** What the last whole hour alone came to. */
export interface HourFinding extends Finding {
  readonly metric: AnomalyMetric;
}

export interface HourAnomalies {
  readonly hour: AnswerRange;
  readonly threshold: number;
  readonly data: ReadonlyArray<HourFinding>;
}

export interface Anomalies {
  /** The day so far, up to the end of the last whole hour. */
  readonly timeRange: AnswerRange;
  /** The last whole hour. */
  readonly hour: AnswerRange;
  readonly threshold: number;
  readonly data: ReadonlyArray<MetricFindings>;
}

const rounded = (value: number, digits: number): number => {
  const shifted = Math.round(value * 10 ** digits) / 10 ** digits;
  return shifted === 0 ? 0 : shifted;
};

/** A day of fewer days in a week would be no week's. */
const FEWEST_LEVEL_DAYS = 5;

/** The usual day before each week's day, now first: the median, which an outage or a rush of two or three days does not move. */
const levelsOf = (metric: AnomalyMetric, counts: Counts, days: ReadonlyArray<ReadonlyArray<Window>>) =>
  days.map((windows) => {
    const known = windows.filter((window) => counts.knows(metric, window));
    return known.length < FEWEST_LEVEL_DAYS
      ? undefined
      : median(known.map((window) => counts.of(metric, window)));
  });

/**
 * What to multiply an earlier week's counts by, so that growth, decline and seasons do not pass for anomalies: 1 where it is
 * not known, undefined for a week of silence, which tells nothing about one that is not silent.
 */
const scaleOf = (level: number | undefined, now: number | undefined): number | undefined => {
  if (level === undefined || now === undefined) return 1;
  if (level === 0) return now === 0 ? 1 : undefined;
  return now / level;
};

/** What a metric was in one kind of window, and by how much each earlier week's counts are multiplied. */
interface Measured {
  readonly metric: AnomalyMetric;
  readonly counts: Counts;
  readonly scales: ReadonlyArray<number | undefined>;
}

/** Counts at the level of now. */
const weeklyCounts = (windows: EarlierWindows, { metric, counts, scales }: Measured): WeeklyCounts =>
  windows.map((window, week) => {
    const scale = scales[week];
    return scale === undefined || window === undefined || !counts.knows(metric, window)
      ? undefined
      : counts.of(metric, window) * scale;
  });

const nothing = (value: number, weeks: number, reason: Finding["reason"]): Finding => ({
  value,
  expected: null,
  lower: null,
  upper: null,
  score: null,
  anomalous: false,
  direction: null,
  weeks,
  reason,
});

const finding = (compared: Compared, measured: Measured, threshold: number): Finding => {
  const value = measured.counts.of(measured.metric, compared.window);
  const own = weeklyCounts(compared.own, measured);
  const neighbours = compared.neighbours.map((windows) => weeklyCounts(windows, measured));
  const weeks = own.filter((each) => each !== undefined).length;
  const expectation = expectationOf(own, neighbours);
  if (expectation === undefined) return nothing(value, weeks, "too_little_history");
  const { expected, lower, upper, score, anomalous, direction } = judge(value, expectation, threshold);
  return {
    value,
    expected: rounded(expected, 1),
    lower: rounded(lower, 1),
    upper: rounded(upper, 1),
    score: rounded(score, 2),
    anomalous,
    direction,
    weeks,
    reason: null,
  };
};

const answerRange = ({ startMs, endMs }: Window, zone: string): AnswerRange => {
  const text = (ms: number) =>
    localTimeText(
      ms,
      Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).offsetNanoseconds / 1e6,
    );
  return { from: text(startMs), to: text(endMs), timezone: zone };
};

const windowsOf = ({ window, own, neighbours }: Compared): ReadonlyArray<Window> => [
  window,
  ...[...own, ...neighbours.flat()].filter((each) => each !== undefined),
];

/** The windows in which {@link findingsOf} needs counts. */
export const windowLists = ({ hour, today, levelDays }: ComparedTimes): WindowLists => ({
  days: levelDays.flat(),
  hours: windowsOf(hour),
  today: today === undefined ? [] : windowsOf(today),
});

/** Judges what was counted. */
export const findingsOf = (
  { metrics, threshold }: Pick<AnomaliesQuery, "metrics" | "threshold">,
  { hour, today, levelDays }: ComparedTimes,
  counts: WindowCounts,
): ReadonlyArray<MetricFindings> =>
  metrics.map((metric) => {
    const [now, ...levels] = levelsOf(metric, counts.days, levelDays);
    const scales = levels.map((level) => scaleOf(level, now));
    return {
      metric,
      ...(today === undefined
        ? nothing(0, 0, "day_just_begun")
        : finding(today, { metric, counts: counts.today, scales }, threshold)),
      hour: finding(hour, { metric, counts: counts.hours, scales }, threshold),
    };
  });

const ask = (nowMs: number, query: AnomaliesQuery, times: ComparedTimes) =>
  Effect.map(countWindows(query, windowLists(times), query.metrics, nowMs), (counts): Anomalies => {
    const { window } = times.hour;
    const soFar = times.today?.window ?? { startMs: window.endMs, endMs: window.endMs };
    return {
      timeRange: answerRange(soFar, query.zone),
      hour: answerRange(window, query.zone),
      threshold: query.threshold,
      data: findingsOf(query, times, counts),
    };
  });

/** The day so far and the last whole hour before `nowMs`, each against the same part of the eight weeks before. */
export const anomaliesAt = (nowMs: number, query: AnomaliesQuery) =>
  Effect.suspend(() => ask(nowMs, query, comparedTimes(nowMs, query.zone)));

/** The last whole hour before `nowMs` alone, for half the work. */
export const hourAnomaliesAt = (nowMs: number, query: AnomaliesQuery) =>
  Effect.suspend(() => {
    const times = { ...comparedTimes(nowMs, query.zone), today: undefined };
    return Effect.map(
      ask(nowMs, query, times),
      ({ hour, threshold, data }): HourAnomalies => ({
        hour,
        threshold,
        data: data.map(({ metric, hour: finding }): HourFinding => ({ metric, ...finding })),
      }),
    );
  });
