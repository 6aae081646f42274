import { Effect } from "effect";
import { InvalidParameter } from "../domain/errors.ts";
import { type Answer, type AnswerOptions, answer } from "./answer.ts";
import { type Bucket, bucketsOf } from "./calendar/buckets.ts";
import type { TimeseriesQuery } from "./parameters/query.ts";
import type { Question } from "./question.ts";

export const MAXIMUM_BUCKETS = 10_000;

export interface TimeseriesRow {
  /** A date (days, Mondays of weeks, firsts of months), or a time with its offset (hours), in the asked zone. */
  readonly bucket: string;
  /** Events. */
  readonly count: number;
  readonly unique_visitors: number;
}

export const timeseriesQuestion = (query: TimeseriesQuery, buckets: ReadonlyArray<Bucket>): Question => ({
  project: query.project,
  fromMs: query.range.fromMs,
  toMs: query.range.toMs,
  zone: query.range.zone,
  eventTypes: query.eventTypes.length === 0 ? undefined : query.eventTypes,
  filter: query.filter,
  bots: query.bots,
  people: query.people,
  groups: [],
  bucketStartsMs: buckets.map(({ startMs }) => startMs),
  metrics: ["events", "visitors"],
});

/**
 * Events and visitors per bucket of the range, in order and without gaps. A range that starts or ends inside a bucket
 * counts only what lies in the range. Fails on `interval` when there would be more than 10,000 buckets.
 */
export const timeseries = (query: TimeseriesQuery, options?: AnswerOptions): Answer<TimeseriesRow> =>
  Effect.gen(function* () {
    const buckets = bucketsOf(query.range, query.interval, MAXIMUM_BUCKETS);
    if (buckets === undefined) {
      return yield* new InvalidParameter({
        parameter: "interval",
        message: `makes more than ${MAXIMUM_BUCKETS} buckets of this range; take a longer interval or a shorter range.`,
      });
    }
    // A day that its zone skipped.
    if (buckets.length === 0) return [];
    const rows = yield* answer<{ bucket: number; events: number; visitors: number }>(
      timeseriesQuestion(query, buckets),
      query.range,
      undefined,
      options,
    );
    const counted = new Map(rows.map((row) => [row.bucket * 1000, row]));
    return buckets.map(({ startMs, label }) => {
      const row = counted.get(startMs);
      return { bucket: label, count: row?.events ?? 0, unique_visitors: row?.visitors ?? 0 };
    });
  });
