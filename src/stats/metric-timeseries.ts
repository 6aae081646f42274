import { Effect } from "effect";
import { InvalidParameter } from "../domain/errors.ts";
import { bucketsOf, type Interval, type TimeRange } from "./calendar/buckets.ts";
import { type MetricName, roundedValue } from "./catalogue/metrics.ts";
import { type Counted, type CountOptions, countsOf, noCounts } from "./counts.ts";
import { type WrittenRange, wholeQuestion, writtenRange } from "./metrics.ts";
import type { MetricTimeseriesQuery } from "./parameters/counted-query.ts";
import { MAXIMUM_BUCKETS } from "./timeseries.ts";

export type MetricBucket = { readonly bucket: string } & Readonly<Partial<Record<MetricName, number>>>;

export interface MetricTimeseriesAnswer {
  readonly timeRange: WrittenRange;
  readonly interval: Interval;
  readonly data: ReadonlyArray<MetricBucket>;
  readonly previous?: ReadonlyArray<MetricBucket>;
}

const seriesOf = (
  query: MetricTimeseriesQuery,
  range: TimeRange,
  options?: CountOptions,
): Counted<ReadonlyArray<MetricBucket>> =>
  Effect.gen(function* () {
    const buckets = bucketsOf(range, query.interval, MAXIMUM_BUCKETS);
    if (buckets === undefined) {
      return yield* new InvalidParameter({
        parameter: "interval",
        message: `makes more than ${MAXIMUM_BUCKETS} buckets of this range; take a longer interval or a shorter range.`,
      });
    }
    const question = {
      ...wholeQuestion(query, range),
      bucketStartsMs: buckets.map(({ startMs }) => startMs),
    };
    const rows = buckets.length === 0 ? [] : yield* countsOf(question, undefined, options);
    const counted = new Map(rows.map((row) => [row.bucket * 1000, row]));
    return buckets.map(({ startMs, label }) => {
      const counts = counted.get(startMs) ?? noCounts;
      const values = query.metrics.map((name) => [name, roundedValue(name, counts)] as const);
      return { bucket: label, ...Object.fromEntries(values) };
    });
  });

/** The asked metrics per bucket, in order and without gaps, and those of the range it is compared with. */
export const metricTimeseries = (
  query: MetricTimeseriesQuery,
  options?: CountOptions,
): Counted<MetricTimeseriesAnswer> =>
  Effect.gen(function* () {
    const data = yield* seriesOf(query, query.range, options);
    const answer = { timeRange: writtenRange(query.range), interval: query.interval, data };
    if (query.previous === undefined) return answer;
    return { ...answer, previous: yield* seriesOf(query, query.previous, options) };
  });
