import { dateAt, localTimeText, offsetPeriods, startOfDayMs } from "./zone.ts";

export const intervals = ["hour", "day", "week", "month"] as const;
export type Interval = (typeof intervals)[number];

/** From `fromMs` (inclusive) to `toMs` (exclusive), milliseconds since 1970; `zone` says what a day is. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
  readonly zone: string;
}

/** One step of a time series; it ends where the next one starts. */
export interface Bucket {
  /** The bucket's own start, which lies before the range's when the range starts inside it. Whole seconds. */
  readonly startMs: number;
  /** A date for days, weeks (their Monday) and months (their first); a time with its offset for hours. */
  readonly label: string;
}

const HOUR_MS = 3_600_000;

/**
 * An hour bucket is a stretch in which a zone's clock shows one hour at one offset. Where a clock is set back by half
 * an hour the repeated half hour is therefore a bucket of its own, named by the time it starts at.
 */
const hourBuckets = ({ fromMs, toMs, zone }: TimeRange): Array<Bucket> =>
  offsetPeriods(fromMs, toMs, zone).flatMap(({ startMs, endMs, offsetMs }) => {
    const buckets: Array<Bucket> = [];
    const first = Math.max(startMs, fromMs);
    const until = Math.min(endMs, toMs);
    let wholeHour = Math.floor((first + offsetMs) / HOUR_MS) * HOUR_MS - offsetMs;
    for (; wholeHour < until; wholeHour += HOUR_MS) {
      const bucketStart = Math.max(wholeHour, startMs);
      buckets.push({ startMs: bucketStart, label: localTimeText(bucketStart, offsetMs) });
    }
    return buckets;
  });

const firstDate = (date: Temporal.PlainDate, interval: Exclude<Interval, "hour">): Temporal.PlainDate => {
  if (interval === "week") return date.subtract({ days: date.dayOfWeek - 1 });
  return interval === "month" ? date.with({ day: 1 }) : date;
};

const step = { day: { days: 1 }, week: { weeks: 1 }, month: { months: 1 } } as const;

const dateBuckets = (range: TimeRange, interval: Exclude<Interval, "hour">): Array<Bucket> => {
  const buckets: Array<Bucket> = [];
  let date = firstDate(dateAt(range.fromMs, range.zone), interval);
  let startMs = startOfDayMs(date, range.zone);
  while (startMs < range.toMs) {
    const next = date.add(step[interval]);
    const nextMs = startOfDayMs(next, range.zone);
    // A day that a zone skipped by crossing the date line has no extent, and so no bucket.
    if (nextMs > Math.max(startMs, range.fromMs)) buckets.push({ startMs, label: date.toString() });
    date = next;
    startMs = nextMs;
  }
  return buckets;
};

const approximateMs = { hour: HOUR_MS, day: 24 * HOUR_MS, week: 168 * HOUR_MS, month: 720 * HOUR_MS };

/** Every bucket that a range touches, in order; undefined when there are more than `maximum`. */
export const bucketsOf = (
  range: TimeRange,
  interval: Interval,
  maximum: number,
): ReadonlyArray<Bucket> | undefined => {
  if ((range.toMs - range.fromMs) / approximateMs[interval] > maximum) return undefined;
  const buckets = interval === "hour" ? hourBuckets(range) : dateBuckets(range, interval);
  return buckets.length > maximum ? undefined : buckets;
};

/** The instants at which the range or one of its buckets (by their starts) begins or ends: what a rollup must be able to cut at. */
export const edgesOf = (range: TimeRange, starts: ReadonlyArray<number>): ReadonlyArray<number> => [
  range.fromMs,
  ...starts.slice(1),
  range.toMs,
];
