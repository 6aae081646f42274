import { isDate, labelOf, localTime } from "./recount.ts";

/** From `startMs` (inclusive) to `endMs` (exclusive), milliseconds since 1970. Empty when it ends before it starts. */
export interface Instants {
  readonly startMs: number;
  readonly endMs: number;
}

/** `from` and `to` as they are asked for: dates (both inclusive) or instants (`to` exclusive). */
export interface AskedRange {
  readonly from: string;
  readonly to: string;
  readonly zone: string;
}

export const comparisons = ["none", "previous", "year"] as const;
export type Comparison = (typeof comparisons)[number];

const [MINUTE_MS, HOUR_MS, DAY_MS] = [60_000, 3_600_000, 86_400_000];

export const contains = ({ startMs, endMs }: Instants, ms: number): boolean => ms >= startMs && ms < endMs;

const dateAfter = (date: string, days: number): string =>
  new Date(Date.parse(date) + days * DAY_MS).toISOString().slice(0, 10);

/** The first minute at which the zone's calendar shows the date or a later one. */
const startOfDay = (date: string, zone: string): number => {
  let before = Date.parse(date) - 36 * HOUR_MS;
  let reached = Date.parse(date) + 36 * HOUR_MS;
  while (reached - before > MINUTE_MS) {
    const middle = before + Math.floor((reached - before) / 2 / MINUTE_MS) * MINUTE_MS;
    if (localTime(middle, zone).date >= date) reached = middle;
    else before = middle;
  }
  return reached;
};

const startOf = (text: string, zone: string): number =>
  isDate(text) ? startOfDay(text, zone) : Date.parse(text);

const endOf = (text: string, zone: string): number =>
  isDate(text) ? startOfDay(dateAfter(text, 1), zone) : Date.parse(text);

export const instantsOf = ({ from, to, zone }: AskedRange): Instants => ({
  startMs: startOf(from, zone),
  endMs: endOf(to, zone),
});

const offsetMs = (ms: number, zone: string): number => {
  const [sign, hours, minutes] = /^([+-])(\d\d):(\d\d)$/.exec(localTime(ms, zone).offset)?.slice(1) ?? [];
  return (sign === "-" ? -1 : 1) * (Number(hours) * HOUR_MS + Number(minutes) * MINUTE_MS);
};

/** When a clock shows this time, written as if in UTC: the first time it does, or as long after a gap as it is in it. */
const instantOfClock = (clockMs: number, zone: string): number => {
  const [before, after] = [clockMs - DAY_MS, clockMs + DAY_MS].map((ms) => clockMs - offsetMs(ms, zone));
  const shown = [before ?? 0, after ?? 0].filter((ms) => ms + offsetMs(ms, zone) === clockMs);
  return shown.length === 0 ? (before ?? 0) : Math.min(...shown);
};

const dateYearBefore = (date: string): string => {
  const before = `${Number(date.slice(0, 4)) - 1}${date.slice(4)}`;
  return before.endsWith("02-29") ? before.replace("02-29", "02-28") : before;
};

const yearBefore = (text: string, zone: string): string => {
  if (isDate(text)) return dateYearBefore(text);
  const ms = Date.parse(text);
  const clock = new Date(ms + offsetMs(ms, zone)).toISOString();
  const earlier = Date.parse(`${dateYearBefore(clock.slice(0, 10))}${clock.slice(10)}`);
  return new Date(instantOfClock(earlier, zone)).toISOString();
};

/** What a range is compared with. */
export const comparedInstants = (range: AskedRange, comparison: Comparison): Instants | undefined => {
  if (comparison === "none") return undefined;
  const { from, to, zone } = range;
  if (comparison === "year") {
    return instantsOf({ from: yearBefore(from, zone), to: yearBefore(to, zone), zone });
  }
  if (isDate(from) && isDate(to)) {
    const days = (Date.parse(to) - Date.parse(from)) / DAY_MS + 1;
    return instantsOf({ from: dateAfter(from, -days), to: dateAfter(from, -1), zone });
  }
  const { startMs, endMs } = instantsOf(range);
  return { startMs: startMs - (endMs - startMs), endMs: startMs };
};

const walkMs: Readonly<Record<string, number>> = {
  hour: 15 * MINUTE_MS,
  day: HOUR_MS,
  week: 12 * HOUR_MS,
  month: 12 * HOUR_MS,
};

/** The buckets that a range touches, in order, found by walking through it in steps shorter than any of them. */
export const bucketLabels = (
  { startMs, endMs }: Instants,
  zone: string,
  interval: string,
): ReadonlyArray<string> => {
  const labels = new Set<string>();
  const step = walkMs[interval] ?? MINUTE_MS;
  for (let ms = startMs; ms < endMs; ms += step) labels.add(labelOf(ms, zone, interval));
  if (startMs < endMs) labels.add(labelOf(endMs - 1, zone, interval));
  return [...labels];
};

export const hourOfDay = (ms: number, zone: string): number => Number(localTime(ms, zone).hour);

/** 1 (Monday) to 7. */
export const weekday = (ms: number, zone: string): number =>
  new Date(Date.parse(localTime(ms, zone).date)).getUTCDay() || 7;
