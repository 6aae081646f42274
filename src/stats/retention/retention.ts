import { Clock, Effect } from "effect";
import { InvalidParameter } from "../../domain/errors.ts";
import type { Retention } from "../../retention/retention.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { bucketsOf } from "../calendar/buckets.ts";
import type { Field } from "../catalogue/dimensions.ts";
import { rounded } from "../catalogue/metrics.ts";
import { type WrittenRange, writtenRange } from "../metrics.ts";
import { requireRawEvents } from "../table-decider.ts";
import type { RetentionQuery } from "./parameters.ts";
import { type CountedCohort, retentionStatement } from "./statement.ts";

/** A triangle of so many buckets has 80,000 cells. */
export const MAXIMUM_COHORTS = 400;

export interface Retained {
  /** Buckets since the one of the visitor's first event. */
  readonly period: number;
  /** Visitors with a return in the period. */
  readonly visitors: number;
  /** Of those for whom the range has the period, one decimal; 0 where there are none. */
  readonly percentage: number;
}

/** For cohorts whose visitors begin in different buckets, so that not all of them have every period. */
export interface RetainedOf extends Retained {
  /** Visitors for whom the range has the period. */
  readonly size: number;
}

export interface Cohort {
  /** The label of a bucket, or a value (empty for "none"). */
  readonly cohort: string;
  readonly size: number;
  readonly values: ReadonlyArray<Retained>;
}

export interface RetentionAnswer {
  readonly timeRange: WrittenRange;
  readonly interval: RetentionQuery["interval"];
  readonly cohortBy?: Field;
  readonly cohorts: ReadonlyArray<Cohort>;
  /** Of the visitors of all cohorts, also of those that the limit leaves out. */
  readonly averages: ReadonlyArray<RetainedOf>;
}

const share = (visitors: number, size: number): number =>
  size === 0 ? 0 : rounded((visitors / size) * 100, 1);

const countsOf = ({ places, visitors }: CountedCohort): ReadonlyMap<number, number> =>
  new Map(places.map((place, index) => [place, visitors[index] ?? 0]));

/** Visitors per period, of those who have it: who begins in the last bucket but one has two periods. */
const retainedOf = (
  counts: ReadonlyMap<number, number>,
  buckets: number,
): { readonly size: number; readonly values: ReadonlyArray<RetainedOf> } => {
  let size = 0;
  const values: Array<RetainedOf> = [];
  for (let period = buckets - 1; period >= 0; period--) {
    size += counts.get(-1 - (buckets - 1 - period)) ?? 0;
    if (size === 0) continue;
    const visitors = counts.get(period) ?? 0;
    values.push({ period, visitors, size, percentage: share(visitors, size) });
  }
  return { size, values: values.reverse() };
};

const timeCohort = (label: string, bucket: number, buckets: number, row?: CountedCohort): Cohort => {
  const counts = row === undefined ? new Map<number, number>() : countsOf(row);
  const size = counts.get(-1 - bucket) ?? 0;
  return {
    cohort: label,
    size,
    values: Array.from({ length: buckets - bucket }, (_, period) => {
      const visitors = counts.get(period) ?? 0;
      return { period, visitors, percentage: share(visitors, size) };
    }),
  };
};

/**
 * Who comes back, and when. A visitor belongs to the cohort of the first event in the range that `first` holds for, and is
 * retained in period k when `return` holds for an event in the k-th bucket after the one of that event. Period 0 is that
 * bucket as a whole, the first event included. What comes before the range is not looked at.
 *
 * Buckets that have not begun yet are left out, as cohorts and as periods; the last one may not be over. Fails on
 * `interval` when there are more than {@link MAXIMUM_COHORTS} buckets, and on `from` where single events are gone.
 */
export const retention = (
  query: RetentionQuery,
): Effect.Effect<RetentionAnswer, InvalidParameter | ClickHouseError, ClickHouse | Retention> =>
  Effect.gen(function* () {
    const { range, interval, cohortBy, project, filter, bots } = query;
    const asked = bucketsOf(range, interval, MAXIMUM_COHORTS);
    if (asked === undefined) {
      return yield* new InvalidParameter({
        parameter: "interval",
        message: `makes more than ${MAXIMUM_COHORTS} buckets of this range; take a longer interval or a shorter range.`,
      });
    }
    const nowMs = yield* Clock.currentTimeMillis;
    const buckets = asked.filter(({ startMs }) => startMs <= nowMs);
    const untilMs = asked[buckets.length]?.startMs ?? range.toMs;
    const answer = {
      timeRange: writtenRange(range),
      interval,
      ...(cohortBy === undefined ? {} : { cohortBy }),
    };
    if (buckets.length === 0) return { ...answer, cohorts: [], averages: [] };

    const { fromMs, toMs, zone } = range;
    yield* requireRawEvents({ project, filter, bots, fromMs, toMs, zone, eventTypes: undefined }, range);
    const clickhouse = yield* ClickHouse;
    const starts = buckets.map(({ startMs }) => startMs);
    const { sql, params } = retentionStatement(query, starts, untilMs);
    const rows = yield* clickhouse.query<CountedCohort>(sql, params);

    const total = rows.find((row) => row.total === 1);
    const averages = total === undefined ? [] : retainedOf(countsOf(total), buckets.length).values;
    const cohorts = rows.filter((row) => row.total === 0);
    if (cohortBy !== undefined) {
      const byValue = cohorts.map((row) => ({
        cohort: row.cohort,
        ...retainedOf(countsOf(row), buckets.length),
      }));
      return { ...answer, cohorts: byValue, averages };
    }
    const byBucket = new Map(cohorts.map((row) => [row.cohort, row]));
    return {
      ...answer,
      cohorts: buckets.map(({ label }, bucket) =>
        timeCohort(label, bucket, buckets.length, byBucket.get(String(bucket))),
      ),
      averages,
    };
  });
