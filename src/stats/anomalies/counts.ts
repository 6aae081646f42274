import { Effect } from "effect";
import { countEvents, firstHourMs } from "./event-windows.ts";
import { countSessions } from "./session-windows.ts";
import { type AnomalyMetric, eventMetrics, type Watched } from "./watched.ts";
import type { Window } from "./windows.ts";

/** Windows of different lengths; those of one list do not overlap. */
export interface WindowLists {
  readonly days: ReadonlyArray<Window>;
  readonly hours: ReadonlyArray<Window>;
  readonly today: ReadonlyArray<Window>;
}

/** What was counted in them. */
export type WindowCounts = Readonly<Record<keyof WindowLists, Counts>>;

/** Counts of some windows. */
export interface Counts {
  /** 0 where nothing was counted. */
  readonly of: (metric: AnomalyMetric, window: Window) => number;
  /** Whether a window began after the first event, and could be counted, so that 0 means that nothing happened. */
  readonly knows: (metric: AnomalyMetric, window: Window) => boolean;
}

/** The metrics by where they are counted. */
const sourcesOf = (watched: Watched, metrics: ReadonlyArray<AnomalyMetric>) => {
  const ofEvents = eventMetrics.filter((metric) => metrics.includes(metric));
  return [
    {
      own: ofEvents,
      count: (windows: ReadonlyArray<Window>) => countEvents(watched, windows, ofEvents),
    },
    {
      own: metrics.filter((metric) => metric === "sessions"),
      count: (windows: ReadonlyArray<Window>) => countSessions(watched, windows),
    },
  ].filter(({ own }) => own.length > 0);
};

/** Counts the metrics in each list of windows. */
export const countWindows = (
  watched: Watched,
  lists: WindowLists,
  metrics: ReadonlyArray<AnomalyMetric>,
  nowMs: number,
) =>
  Effect.gen(function* () {
    const firstMs = (yield* firstHourMs(watched, nowMs)) ?? Number.POSITIVE_INFINITY;
    const sources = sourcesOf(watched, metrics);
    const counted = (windows: ReadonlyArray<Window>) =>
      Effect.gen(function* () {
        const parts = yield* Effect.forEach(windows.length === 0 ? [] : sources, ({ own, count }) =>
          Effect.map(count(windows), ({ fromMs, rows }) => {
            const byStart = new Map(rows.map((row) => [row.bucket * 1000, row]));
            return own.map((metric) => [metric, { fromMs, byStart }] as const);
          }),
        );
        const byMetric = new Map(parts.flat());
        const counts: Counts = {
          of: (metric, { startMs }) => byMetric.get(metric)?.byStart.get(startMs)?.[metric] ?? 0,
          // The first hour is seldom a whole one.
          knows: (metric, { startMs }) =>
            startMs > firstMs && startMs >= (byMetric.get(metric)?.fromMs ?? Number.POSITIVE_INFINITY),
        };
        return counts;
      });
    return yield* Effect.all({
      days: counted(lists.days),
      hours: counted(lists.hours),
      today: counted(lists.today),
    });
  });
