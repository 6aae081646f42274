import { blankEvent, type EventRow } from "../../recount/event-row.ts";
import { sessionize } from "../../recount/sessions.ts";
import type { AnomalyMetric } from "../watched.ts";

/**
 * The findings of an event list, told once more by other means: every event is looked at, its day, weekday and hour come from
 * `Intl`, and the formulas are written out again.
 */

export interface CountedEvent {
  readonly ms: number;
  readonly site: string;
  readonly type: string;
  readonly visitor: number;
  readonly bot: boolean;
}

/** The event as it is stored. */
export const rowOf = ({ ms, site, type, visitor, bot }: CountedEvent): EventRow => ({
  ...blankEvent,
  site_id: site,
  event_type: type,
  occurredAtMs: ms,
  visitor_id: visitor,
  is_bot: bot,
});

/** What counts as a conversion. */
export const recountedGoal: ReadonlyArray<string> = ["signup", "order"];

interface Clock {
  /** Days since 1970 by the zone's calendar. */
  readonly day: number;
  /** Hours since 1970 by the zone's clock. */
  readonly hour: number;
}

export const clockIn = (zone: string) => {
  const format = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
  });
  return (ms: number): Clock => {
    const parts = Object.fromEntries(
      format.formatToParts(ms).map(({ type, value }) => [type, Number(value)]),
    );
    const day = Date.UTC(parts.year ?? 0, (parts.month ?? 0) - 1, parts.day) / 86_400_000;
    return { day, hour: day * 24 + (parts.hour ?? 0) };
  };
};

interface MarkedEvent extends CountedEvent {
  readonly beginsSession: boolean;
}

const marked = (events: ReadonlyArray<CountedEvent>): ReadonlyArray<MarkedEvent> => {
  const sessions = sessionize(events.map((event, index) => ({ ...rowOf(event), event_id: String(index) })));
  const first = new Set(sessions.map(({ first }) => first.event_id));
  return events.map((event, index) => ({ ...event, beginsSession: first.has(String(index)) }));
};

const measure: Readonly<Record<AnomalyMetric, (events: ReadonlyArray<MarkedEvent>) => number>> = {
  events: (events) => events.length,
  pageviews: (events) => events.filter(({ type }) => type === "page_view").length,
  visitors: (events) => new Set(events.map(({ visitor }) => visitor)).size,
  conversions: (events) => events.filter(({ type }) => recountedGoal.includes(type)).length,
  sessions: (events) => events.filter(({ beginsSession }) => beginsSession).length,
};

const middle = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b);
  return (
    ((sorted[Math.floor((sorted.length - 1) / 2)] ?? 0) + (sorted[Math.ceil((sorted.length - 1) / 2)] ?? 0)) /
    2
  );
};

const anscombe = (count: number) => 2 * Math.sqrt(count + 0.375);

interface Recounted {
  readonly value: number;
  readonly expected: number | null;
  readonly score: number | null;
  readonly weeks: number;
}

/**
 * `now` is on a whole hour of the zone, at a time of day and in weeks in which no clock was set within three hours. Hours and
 * days are known that begin after the one in which `firstMs` lies.
 */
export const recount = (
  events: ReadonlyArray<CountedEvent>,
  metric: AnomalyMetric,
  { nowMs, zone, firstMs }: { nowMs: number; zone: string; firstMs: number },
): { readonly today: Recounted; readonly hour: Recounted } => {
  const clock = clockIn(zone);
  const counted = marked(events.filter(({ bot }) => !bot)).map((event) => ({ ...event, ...clock(event.ms) }));
  const now = clock(nowMs - 1);
  const first = clock(firstMs);
  const byDay = Map.groupBy(counted, ({ day }) => day);

  const usualDay = (day: number) =>
    middle(
      [1, 2, 3, 4, 5, 6, 7]
        .filter((back) => day - back > first.day)
        .map((back) => measure[metric](byDay.get(day - back) ?? [])),
    );
  const scale = (week: number) => {
    const enough = now.day - 7 * week - 5 > first.day;
    return enough ? usualDay(now.day) / usualDay(now.day - 7 * week) : 1;
  };

  const judged = (countAt: (offset: number, week: number) => number | undefined): Recounted => {
    const value = countAt(0, 0) ?? 0;
    const weeksOf = (offset: number) =>
      [1, 2, 3, 4, 5, 6, 7, 8].flatMap((week) => {
        const count = countAt(offset, week);
        return count === undefined ? [] : [anscombe(count * scale(week))];
      });
    const own = weeksOf(0);
    const weeks = own.length;
    if (weeks < 4) return { value, expected: null, score: null, weeks };
    const misses = [-3, -2, -1, 0, 1, 2, 3]
      .map(weeksOf)
      .filter(({ length }) => length >= 4)
      .flatMap((counts) => counts.map((one, index) => Math.abs(one - middle(counts.toSpliced(index, 1)))));
    const deviation = Math.max(Math.sqrt(1 + Math.PI / 2 / weeks), middle(misses) / 0.6745);
    const expected = (middle(own) / 2) ** 2 - 0.375;
    return {
      value,
      expected: Math.round(expected * 10) / 10,
      // Plus 0, which makes 0 of -0.
      score: Math.round(((anscombe(value) - anscombe(expected)) / deviation) * 100) / 100 + 0,
      weeks,
    };
  };

  const soFar = now.hour - 24 * now.day;
  return {
    hour: judged((offset, week) => {
      const hour = now.hour + offset - 168 * week;
      return hour <= first.hour
        ? undefined
        : measure[metric]((byDay.get(Math.floor(hour / 24)) ?? []).filter((event) => event.hour === hour));
    }),
    today: judged((offset, week) => {
      const day = now.day + offset - 7 * week;
      return day <= first.day
        ? undefined
        : measure[metric]((byDay.get(day) ?? []).filter((event) => event.hour - 24 * day <= soFar));
    }),
  };
};
