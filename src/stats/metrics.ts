import { Effect } from "effect";
import type { TimeRange } from "./calendar/buckets.ts";
import { isOfSessionOnly } from "./catalogue/dimensions.ts";
import {
  changeOf,
  exactValue,
  type Measures,
  type MetricName,
  measuresOf,
  roundedValue,
} from "./catalogue/metrics.ts";
import type { CountedQuestion } from "./counted-question.ts";
import { type Counted, type CountOptions, countsOf, noCounts } from "./counts.ts";
import { fieldsOf } from "./filters/filter.ts";
import type { ComparedQuery, MetricsQuery } from "./parameters/counted-query.ts";

export interface WrittenRange {
  /** Inclusive; ISO 8601, UTC. */
  readonly start: string;
  /** Exclusive. */
  readonly end: string;
}

export interface MetricValue {
  readonly value: number;
  readonly previous?: number;
  /** From `previous` to `value`, in percent; null from nothing to something. */
  readonly change?: number | null;
}

export interface MetricsAnswer {
  readonly timeRange: WrittenRange;
  readonly metrics: Readonly<Partial<Record<MetricName, MetricValue>>>;
}

export const writtenRange = ({ fromMs, toMs }: TimeRange): WrittenRange => ({
  start: new Date(fromMs).toISOString(),
  end: new Date(toMs).toISOString(),
});

/** The question that a query of metrics asks about everything in a range together. */
export const wholeQuestion = (query: MetricsQuery, range: TimeRange): CountedQuestion => ({
  project: query.project,
  range,
  filter: query.filter,
  bots: query.bots,
  people: query.people,
  goal: query.goal,
  dimension: undefined,
  search: undefined,
  bucketStartsMs: undefined,
  measures: measuresOf(query.metrics),
  wholeSessions: fieldsOf(query.filter).some(isOfSessionOnly),
});

/** The measures of everything together. */
export const wholeCounts = (question: CountedQuestion, options?: CountOptions): Counted<Measures> =>
  Effect.map(countsOf(question, undefined, options), ([row]) => row ?? noCounts);

/** The asked metrics of a range, and what they were in the range it is compared with. */
export const metricsAnswer = (query: ComparedQuery, options?: CountOptions): Counted<MetricsAnswer> =>
  Effect.gen(function* () {
    const ranges = [query.range, ...(query.previous === undefined ? [] : [query.previous])];
    const [now = noCounts, before] = yield* Effect.forEach(
      ranges,
      (range) => wholeCounts(wholeQuestion(query, range), options),
      { concurrency: 2 },
    );
    const metricOf = (name: MetricName): MetricValue => {
      const value = roundedValue(name, now);
      if (before === undefined) return { value };
      const change = changeOf(exactValue(name, now), exactValue(name, before));
      return { value, previous: roundedValue(name, before), change };
    };
    return {
      timeRange: writtenRange(query.range),
      metrics: Object.fromEntries(query.metrics.map((name) => [name, metricOf(name)])),
    };
  });
