import { bucketLabels, type Comparison, comparedInstants, type Instants, instantsOf } from "./civil-time.ts";
import type { EventRow } from "./event-row.ts";
import { matchesFilter } from "./filtered.ts";
import { changeOf, type Fraction, rounded, whole } from "./fractions.ts";
import {
  type MetricQuestion,
  type MetricsQuestion,
  rangeOf,
  type TimeseriesMetricsQuestion,
  wholeFilter,
  zoneOf,
} from "./metric-question.ts";
import { labelOf } from "./recount.ts";
import { isOfSessions, type Matches, type Scope, type Selection, select } from "./selection.ts";

interface Definition {
  readonly counts: "events" | "sessions";
  readonly digits: number;
  readonly of: (selection: Selection, goal: ReadonlyArray<string>) => Fraction;
}

const visitors = (events: ReadonlyArray<EventRow>): number =>
  new Set(events.map(({ visitor_id, person }) => person ?? visitor_id)).size;

const ofGoal = (events: ReadonlyArray<EventRow>, goal: ReadonlyArray<string>) =>
  events.filter(({ event_type }) => goal.includes(event_type));

const sum = (numbers: ReadonlyArray<number>): number => numbers.reduce((a, b) => a + b, 0);

const definitions = {
  pageviews: { counts: "events", digits: 0, of: ({ events }) => whole(ofGoal(events, ["page_view"]).length) },
  visitors: { counts: "events", digits: 0, of: ({ events }) => whole(visitors(events)) },
  sessions: { counts: "sessions", digits: 0, of: ({ sessions }) => whole(sessions.length) },
  bounce_rate: {
    counts: "sessions",
    digits: 1,
    of: ({ sessions }) => ({
      above: 100 * sessions.filter(({ isBounce }) => isBounce).length,
      below: sessions.length,
    }),
  },
  avg_duration: {
    counts: "sessions",
    digits: 3,
    of: ({ sessions }) => ({
      above: sum(sessions.map(({ durationMs }) => durationMs)),
      below: 1000 * sessions.length,
    }),
  },
  views_per_session: {
    counts: "sessions",
    digits: 2,
    of: ({ sessions }) => ({
      above: sum(sessions.map(({ pageViews }) => pageViews)),
      below: sessions.length,
    }),
  },
  events: { counts: "events", digits: 0, of: ({ events }) => whole(events.length) },
  conversions: { counts: "events", digits: 0, of: ({ events }, goal) => whole(ofGoal(events, goal).length) },
  conversion_rate: {
    counts: "events",
    digits: 1,
    of: ({ events }, goal) => ({ above: 100 * visitors(ofGoal(events, goal)), below: visitors(events) }),
  },
} as const satisfies Readonly<Record<string, Definition>>;

export type Metric = keyof typeof definitions;
export const metricNames = Object.keys(definitions) as ReadonlyArray<Metric>;

export const definitionOf = (metric: Metric): Definition => definitions[metric];

/** Whether the metric is a number of things, of which there are shares; not a rate or an average. */
export const isCount = (metric: Metric): boolean => definitionOf(metric).digits === 0;

export const goalOf = ({ goal }: MetricQuestion): ReadonlyArray<string> => goal ?? ["conversion"];

export const scopeOf = (question: MetricQuestion, matches: Matches = matchesFilter): Scope => ({
  filter: wholeFilter(question),
  bots: question.bots ?? "exclude",
  zone: zoneOf(question),
  dimension: question.route === "breakdown" ? question.dimension : undefined,
  matches,
});

/** Asked metrics by name. */
export type MetricValues = Readonly<Partial<Record<Metric, number>>>;

/** The metrics of a selection, as answers write them. */
export const valuesOf = (
  metrics: ReadonlyArray<Metric>,
  selection: Selection,
  goal: ReadonlyArray<string>,
): MetricValues =>
  Object.fromEntries(
    metrics.map((metric) => {
      const { of, digits } = definitionOf(metric);
      return [metric, rounded(of(selection, goal), digits)];
    }),
  );

export const timeRange = ({ startMs, endMs }: Instants) => ({
  start: new Date(startMs).toISOString(),
  end: new Date(endMs).toISOString(),
});

const compared = (question: MetricQuestion, comparison: Comparison | undefined): Instants | undefined =>
  comparedInstants(rangeOf(question), comparison ?? "none");

interface MetricAnswer {
  readonly value: number;
  readonly previous?: number;
  readonly change?: number | null;
}

/** What `GET /v1/stats/metrics` answers. */
export const recountMetrics = (
  events: ReadonlyArray<EventRow>,
  question: MetricsQuestion,
  matches: Matches = matchesFilter,
) => {
  const scope = scopeOf(question, matches);
  const goal = goalOf(question);
  const range = instantsOf(rangeOf(question));
  const before = compared(question, question.compare);
  const now = select(events, range, scope);
  const then = before === undefined ? undefined : select(events, before, scope);
  const metrics = question.metrics.map((metric): readonly [Metric, MetricAnswer] => {
    const { of, digits } = definitionOf(metric);
    const value = of(now, goal);
    if (then === undefined) return [metric, { value: rounded(value, digits) }];
    const previous = of(then, goal);
    return [
      metric,
      {
        value: rounded(value, digits),
        previous: rounded(previous, digits),
        change: changeOf(value, previous),
      },
    ];
  });
  const named: Readonly<Partial<Record<Metric, MetricAnswer>>> = Object.fromEntries(metrics);
  return { timeRange: timeRange(range), metrics: named };
};

const series = (
  events: ReadonlyArray<EventRow>,
  question: TimeseriesMetricsQuestion,
  range: Instants,
  scope: Scope,
) => {
  const interval = question.interval ?? "day";
  const { zone } = scope;
  const buckets = new Map<
    string,
    { events: Array<EventRow>; sessions: Array<Selection["sessions"][number]> }
  >(bucketLabels(range, zone, interval).map((label) => [label, { events: [], sessions: [] }]));
  const bucketAt = (ms: number) => buckets.get(labelOf(ms, zone, interval));
  const selection = select(events, range, scope);
  for (const session of selection.sessions) {
    bucketAt(session.startedAtMs)?.sessions.push(session);
    // What is asked of whole sessions counts where they begin.
    if (isOfSessions(scope)) bucketAt(session.startedAtMs)?.events.push(...session.events);
  }
  if (!isOfSessions(scope)) {
    for (const event of selection.events) bucketAt(event.occurredAtMs)?.events.push(event);
  }
  return [...buckets].map(([bucket, own]) => ({
    bucket,
    ...valuesOf(question.metrics, own, goalOf(question)),
  }));
};

/** What `GET /v1/stats/timeseries` answers when `metric` is given. */
export const recountTimeseriesMetrics = (
  events: ReadonlyArray<EventRow>,
  question: TimeseriesMetricsQuestion,
  matches: Matches = matchesFilter,
) => {
  const scope = scopeOf(question, matches);
  const range = instantsOf(rangeOf(question));
  const before = compared(question, question.compare);
  return {
    timeRange: timeRange(range),
    interval: question.interval ?? "day",
    data: series(events, question, range, scope),
    ...(before === undefined ? {} : { previous: series(events, question, before, scope) }),
  };
};
