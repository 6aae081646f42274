import { bucketsOf } from "../calendar/buckets.ts";
import { dateAt, startOfDayMs } from "../calendar/zone.ts";
import { WEEKS } from "./judgement.ts";

/** From `startMs` (inclusive) to `endMs` (exclusive), milliseconds since 1970. */
export interface Window {
  readonly startMs: number;
  readonly endMs: number;
}

/** Where windows begin and end, each instant once and ascending. */
export const edgesOf = (windows: ReadonlyArray<Window>): ReadonlyArray<number> =>
  [...new Set(windows.flatMap(({ startMs, endMs }) => [startMs, endMs]))].sort((a, b) => a - b);

/** The same part of earlier weeks by the zone's clock, newest first; undefined where a clock skipped it. */
export type EarlierWindows = ReadonlyArray<Window | undefined>;

/** A stretch of time to be judged and those that it is compared with. */
export interface Compared {
  readonly window: Window;
  readonly own: EarlierWindows;
  /** The hours or days around each of `own`. */
  readonly neighbours: ReadonlyArray<EarlierWindows>;
}

export interface ComparedTimes {
  /** The last hour that is over. */
  readonly hour: Compared;
  /** The day so far, up to the end of that hour; undefined until its first hour is over. */
  readonly today: Compared | undefined;
  /** The seven days before the hour's day, then those before the same day of each earlier week. */
  readonly levelDays: ReadonlyArray<ReadonlyArray<Window>>;
}

const HOUR_MS = 3_600_000;

/** Neighbours on either side: near enough to have about the same traffic. */
const REACH = [-3, -2, -1, 1, 2, 3];

const earlier = (windowOf: (week: number) => Window | undefined): EarlierWindows =>
  Array.from({ length: WEEKS }, (_, index) => windowOf(index + 1));

const lastHour = (nowMs: number, zone: string): Window => {
  // With the bucket that has begun, so that the last but one has an end.
  const buckets = bucketsOf({ fromMs: nowMs - 2 * HOUR_MS, toMs: nowMs + 1, zone }, "hour", 10) ?? [];
  const [over, begun] = buckets.slice(-2).map(({ startMs }) => startMs);
  if (over === undefined || begun === undefined) throw new Error(`No hour is over in ${zone} at ${nowMs}.`);
  return { startMs: over, endMs: begun };
};

const clockAt = (ms: number, zone: string): Temporal.PlainDateTime =>
  Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).toPlainDateTime();

const compareHour = (window: Window, zone: string): Compared => {
  const clock = clockAt(window.startMs, zone);
  const lengthMs = window.endMs - window.startMs;
  const around = (hours: number) =>
    earlier((weeks) => {
      const wanted = clock.add({ hours }).subtract({ weeks });
      // The first one where a clock shows an hour twice.
      const found = wanted.toZonedDateTime(zone);
      if (!found.toPlainDateTime().equals(wanted)) return undefined;
      return { startMs: found.epochMilliseconds, endMs: found.epochMilliseconds + lengthMs };
    });
  return { window, own: around(0), neighbours: REACH.map(around) };
};

const compareToday = (window: Window, today: Temporal.PlainDate, zone: string): Compared => {
  const end = clockAt(window.endMs, zone).toPlainTime();
  const around = (days: number) =>
    earlier((weeks) => {
      const date = today.add({ days }).subtract({ weeks });
      const startMs = startOfDayMs(date, zone);
      const endMs = date.toZonedDateTime({ timeZone: zone, plainTime: end }).epochMilliseconds;
      return endMs > startMs ? { startMs, endMs } : undefined;
    });
  return { window, own: around(0), neighbours: REACH.map(around) };
};

const levelDays = (day: Temporal.PlainDate, zone: string): ReadonlyArray<ReadonlyArray<Window>> =>
  Array.from({ length: WEEKS + 1 }, (_, weeks) =>
    Array.from({ length: 7 }, (_, index) => {
      const date = day.subtract({ weeks, days: index + 1 });
      return { startMs: startOfDayMs(date, zone), endMs: startOfDayMs(date.add({ days: 1 }), zone) };
    }).filter(({ startMs, endMs }) => endMs > startMs),
  );

/**
 * What is compared with what at an instant. Earlier weeks are told by the zone's clock, because people live by it: nine in
 * the morning is compared with nine in the morning across a change to summer time, and a day's first nine hours then may
 * be eight or ten.
 */
export const comparedTimes = (nowMs: number, zone: string): ComparedTimes => {
  const hour = lastHour(nowMs, zone);
  const today = dateAt(nowMs, zone);
  const soFar = { startMs: startOfDayMs(today, zone), endMs: hour.endMs };
  return {
    hour: compareHour(hour, zone),
    today: soFar.endMs > soFar.startMs ? compareToday(soFar, today, zone) : undefined,
    levelDays: levelDays(dateAt(hour.startMs, zone), zone),
  };
};
