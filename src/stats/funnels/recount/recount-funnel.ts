/**
 * Funnels counted from a list of events in plain TypeScript, for tests: every way through the steps is tried. It shares
 * nothing with the code it judges but the question's type.
 */

import type { EventRow } from "../../recount/event-row.ts";
import { valueOfEvent } from "../../recount/field-value.ts";
import { matchesFilter } from "../../recount/filtered.ts";
import type { FunnelAnswer, FunnelCounts } from "../answer-funnel.ts";
import type { FunnelQuery } from "../funnel.ts";

interface Seen {
  readonly at: number;
  /** Which steps the event fits, from 0. */
  readonly fits: ReadonlyArray<boolean>;
  readonly value: string;
}

/** When each step that was reached was done. */
type Path = ReadonlyArray<number>;

const isBetter = (path: Path, than: Path): boolean =>
  path.length > than.length ||
  (path.length === than.length &&
    path.some((at, k) => path.slice(0, k).every((t, i) => t === than[i]) && at < (than[k] ?? 0)));

/** Of all choices of events that follow each other, the longest; of the longest the one that is earliest in each step. */
const orderedFrom = (events: ReadonlyArray<Seen>, first: number, windowMs: number): Path => {
  let best: Path = [];
  const used = new Set<Seen>();
  const go = (path: Path) => {
    if (isBetter(path, best)) best = path;
    const from = path.at(-1) ?? first;
    const until = path.length === 0 ? first : first + windowMs;
    for (const event of events) {
      if (used.has(event) || event.at < from || event.at > until || !event.fits[path.length]) continue;
      used.add(event);
      go([...path, event.at]);
      used.delete(event);
    }
  };
  go([]);
  return best;
};

/** How many of the steps from `step` on the events can serve, each one step, by trying. */
const served = (events: ReadonlyArray<Seen>, step: number): number =>
  Math.max(
    0,
    ...events.map((event) =>
      event.fits[step]
        ? 1 +
          served(
            events.filter((other) => other !== event),
            step + 1,
          )
        : 0,
    ),
  );

const strictFrom = (events: ReadonlyArray<Seen>, first: number, windowMs: number): Path => {
  const path: Array<number> = [];
  for (const at of [...new Set(events.map((event) => event.at))].sort((a, b) => a - b)) {
    if (at < first || at > first + windowMs) continue;
    const more = served(
      events.filter((event) => event.at === at),
      path.length,
    );
    if (more === 0) break;
    for (let i = 0; i < more; i++) path.push(at);
  }
  return path;
};

/** Whether each of the first `steps` steps can have an event of its own. */
const canServe = (events: ReadonlyArray<Seen>, steps: number): boolean =>
  steps === 0 ||
  events.some(
    (event) =>
      event.fits[steps - 1] &&
      canServe(
        events.filter((other) => other !== event),
        steps - 1,
      ),
  );

const anyFrom = (events: ReadonlyArray<Seen>, first: number, windowMs: number, steps: number): Path => {
  const near = events.filter(({ at, fits }) => at >= first && at <= first + windowMs && fits.includes(true));
  const times = near.map(({ at }) => at).sort((a, b) => a - b);
  const path: Array<number> = [];
  for (let step = 1; step <= steps; step++) {
    const done = times.find((time) =>
      canServe(
        near.filter(({ at }) => at <= time),
        step,
      ),
    );
    if (done === undefined) break;
    path.push(done);
  }
  return path;
};

const bestPath = (events: ReadonlyArray<Seen>, { order, windowSeconds, steps }: FunnelQuery): Path => {
  const begins = order === "any" ? (e: Seen) => e.fits.includes(true) : (e: Seen) => e.fits[0] === true;
  const starts = [...new Set(events.filter(begins).map(({ at }) => at))].sort((a, b) => a - b);
  const windowMs = windowSeconds * 1000;
  const paths = starts.map((first) =>
    order === "any"
      ? anyFrom(events, first, windowMs, steps.length)
      : order === "strict"
        ? strictFrom(events, first, windowMs)
        : orderedFrom(events, first, windowMs),
  );
  return paths.reduce((best, path) => (path.length > best.length ? path : best), []);
};

const THIRTY_MINUTES = 1_800_000;

const subjectsOf = (
  events: ReadonlyArray<EventRow>,
  by: FunnelQuery["by"],
): ReadonlyArray<ReadonlyArray<EventRow>> => {
  const keyOf = (e: EventRow) =>
    by === "visitor" ? `${e.visitor_id}` : JSON.stringify([e.site_id, e.visitor_id, e.session_id]);
  const groups = [...Map.groupBy(events, keyOf).values()];
  if (by === "visitor") return groups;
  return groups.flatMap((group) => {
    const sessions: Array<Array<EventRow>> = [];
    for (const event of group.toSorted((a, b) => a.occurredAtMs - b.occurredAtMs)) {
      const last = sessions.at(-1)?.at(-1);
      if (last === undefined || event.occurredAtMs - last.occurredAtMs >= THIRTY_MINUTES)
        sessions.push([event]);
      else sessions.at(-1)?.push(event);
    }
    return sessions;
  });
};

const median = (values: ReadonlyArray<number>): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return Number.isInteger(middle)
    ? ((sorted[middle - 1] ?? 0) + (sorted[middle] ?? 0)) / 2
    : (sorted[Math.floor(middle)] ?? 0);
};

// To one decimal, halves up, from whole numbers only.
const percent = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.floor((part * 2000 + whole) / (2 * whole)) / 10;

const countsOf = (paths: ReadonlyArray<Path>, { steps }: FunnelQuery): FunnelCounts => {
  const counts = steps.map((_, k) => paths.filter((path) => path.length > k).length);
  return {
    steps: steps.map(({ eventType }, k) => {
      const count = counts[k] ?? 0;
      const before = k === 0 ? count : (counts[k - 1] ?? 0);
      const waits = paths
        .filter((path) => path.length > k)
        .map((path) => (path[k] ?? 0) - (path[k - 1] ?? 0));
      return {
        event_type: eventType,
        count,
        conversion: percent(count, counts[0] ?? 0),
        drop_off: percent(before - count, before),
        median_seconds: k === 0 || count === 0 ? null : Math.round(median(waits)) / 1000,
      };
    }),
    conversion: percent(counts.at(-1) ?? 0, counts[0] ?? 0),
  };
};

/** What `answerFunnel` has to answer when these are the events of the project. */
export const recountFunnel = (events: ReadonlyArray<EventRow>, query: FunnelQuery): FunnelAnswer => {
  const { range, bots, by, filter, steps, dimension, limit } = query;
  const there = events.filter(
    ({ occurredAtMs, is_bot }) =>
      occurredAtMs >= range.fromMs &&
      occurredAtMs < range.toMs &&
      (bots === "include" || is_bot === (bots === "only")),
  );
  const reached = subjectsOf(there, by).flatMap((own) => {
    const seen = own
      .filter((event) => matchesFilter(filter, event, range.zone))
      .map(
        (event): Seen => ({
          at: event.occurredAtMs,
          fits: steps.map(
            (step) => event.event_type === step.eventType && matchesFilter(step.filter, event, range.zone),
          ),
          value: dimension === undefined ? "" : valueOfEvent(dimension, event, range.zone),
        }),
      );
    const path = bestPath(seen, query);
    const values = seen.filter(({ at, fits }) => at === path[0] && fits[0]).map(({ value }) => value);
    return path.length === 0
      ? []
      : [{ path, value: values.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))[0] ?? "" }];
  });
  const total = countsOf(
    reached.map(({ path }) => path),
    query,
  );
  if (dimension === undefined) return total;
  const data = [...Map.groupBy(reached, ({ value }) => value)]
    .map(([value, own]) => ({
      dimension: value,
      ...countsOf(
        own.map(({ path }) => path),
        query,
      ),
    }))
    .sort(
      (a, b) =>
        (b.steps[0]?.count ?? 0) - (a.steps[0]?.count ?? 0) ||
        Buffer.compare(Buffer.from(a.dimension), Buffer.from(b.dimension)),
    )
    .slice(0, limit);
  return { ...total, data };
};
