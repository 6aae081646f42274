/** What is counted; metrics are made of these. */
export const eventMeasures = ["events", "pageviews", "visitors", "conversions", "converters"] as const;
export const sessionMeasures = ["sessions", "bounces", "duration_ms", "session_pageviews"] as const;
export type EventMeasure = (typeof eventMeasures)[number];
export type SessionMeasure = (typeof sessionMeasures)[number];
export type Measure = EventMeasure | SessionMeasure;
export type Measures = Readonly<Record<Measure, number>>;

interface Definition {
  readonly description: string;
  /** Without `by` the measure itself; with it the ratio of both, 0 where `by` is 0, times `times`. */
  readonly of: Measure;
  readonly by?: Measure;
  readonly times?: number;
  /** Of the answered value. */
  readonly decimals: number;
}

/** The metrics in the field's words; the README's glossary defines them. */
export const metrics = {
  pageviews: { description: "Page views.", of: "pageviews", decimals: 0 },
  visitors: { description: "Visitors.", of: "visitors", decimals: 0 },
  sessions: { description: "Sessions that begin in the range.", of: "sessions", decimals: 0 },
  bounce_rate: {
    description: "Sessions with one page view and no interaction, in percent of all sessions.",
    of: "bounces",
    by: "sessions",
    times: 100,
    decimals: 1,
  },
  avg_duration: {
    description: "Mean time from a session's first to its last event, in seconds.",
    of: "duration_ms",
    by: "sessions",
    times: 0.001,
    decimals: 3,
  },
  views_per_session: {
    description: "Page views per session.",
    of: "session_pageviews",
    by: "sessions",
    decimals: 2,
  },
  events: { description: "Events of all types.", of: "events", decimals: 0 },
  conversions: { description: "Events of the goal.", of: "conversions", decimals: 0 },
  conversion_rate: {
    description: "Visitors who reached the goal, in percent of all visitors.",
    of: "converters",
    by: "visitors",
    times: 100,
    decimals: 1,
  },
} as const satisfies Readonly<Record<string, Definition>>;

export type MetricName = keyof typeof metrics;
export const metricNames = Object.keys(metrics) as ReadonlyArray<MetricName>;

const definitionOf = (name: MetricName): Definition => metrics[name];

/** The measures that metrics are made of, each once. */
export const measuresOf = (names: ReadonlyArray<MetricName>): ReadonlyArray<Measure> => [
  ...new Set(
    names.flatMap((name) => {
      const { of, by } = definitionOf(name);
      return by === undefined ? [of] : [of, by];
    }),
  ),
];

/** Whether a metric is a count, of which a part can be said in percent. */
export const isCount = (name: MetricName): boolean => definitionOf(name).by === undefined;

/** A metric's value, not rounded. */
export const exactValue = (name: MetricName, measures: Measures): number => {
  const { of, by, times = 1 } = definitionOf(name);
  if (by === undefined) return measures[of];
  return measures[by] === 0 ? 0 : (measures[of] / measures[by]) * times;
};

/** Rounded to so many decimals, halves away from zero. */
export const rounded = (value: number, decimals: number): number => {
  const scale = 10 ** decimals;
  // The nudge is for a half that has no exact binary fraction.
  return (Math.sign(value) * Math.round(Math.abs(value) * scale * (1 + Number.EPSILON * 4))) / scale;
};

export const roundedValue = (name: MetricName, measures: Measures): number =>
  rounded(exactValue(name, measures), definitionOf(name).decimals);

/** A metric over the columns of a statement, for sorting. */
export const metricSql = (name: MetricName): string => {
  const { of, by } = definitionOf(name);
  return by === undefined ? of : `if(${by} = 0, 0, ${of} / ${by})`;
};

/** The change from `previous` in percent, one decimal; null from nothing to something. */
export const changeOf = (value: number, previous: number): number | null =>
  previous === 0 ? (value === 0 ? 0 : null) : rounded(((value - previous) / previous) * 100, 1);
