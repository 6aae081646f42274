import { eventOrder } from "../../store/event-order.ts";
import { eventFields, keyText } from "../catalogue/dimensions.ts";
import { filterCondition } from "../filters/condition.ts";
import type { Filter } from "../filters/filter.ts";
import { personOf } from "../people.ts";
import { type Statement, whereClause } from "../statement.ts";
import { events } from "../tables.ts";
import type { RetentionQuery } from "./parameters.ts";

/** A cohort as ClickHouse answers it. */
export interface CountedCohort {
  /** 1 for all cohorts together, those beyond the limit included. */
  readonly total: 0 | 1;
  /** The place of its bucket, or its value; nothing is meant by that of `total`. */
  readonly cohort: string;
  /** Places: -1 - n for the visitors whose first event is in bucket n, k for those retained in period k. */
  readonly places: ReadonlyArray<number>;
  /** Visitors, in the order of `places`. */
  readonly visitors: ReadonlyArray<number>;
}

/** Buckets that one word of a visitor's bits has. */
const WORD_BITS = 64;

const isOpen = (filter: Filter): boolean => filter.kind === "all" && filter.filters.length === 0;

/**
 * A row per cohort, that of everything first, then the largest. `untilMs` is where the last bucket ends.
 *
 * Per visitor it keeps the bucket of the first event and one bit per bucket with a return, so memory grows with visitors,
 * not with events: about 50 bytes for each, and 8 more for every 64 buckets.
 */
export const retentionStatement = (
  query: RetentionQuery,
  bucketStartsMs: ReadonlyArray<number>,
  untilMs: number,
): Statement => {
  const { range, cohortBy } = query;
  const fields = eventFields(range);
  const where = whereClause(
    { ...query, fromMs: range.fromMs, toMs: untilMs, zone: range.zone, eventTypes: undefined },
    events,
  );
  const first = filterCondition(query.first, fields, "first");
  const returning = filterCondition(query.returning, fields, "return");
  const either = isOpen(query.first) || isOpen(query.returning) ? "1" : `(${first.sql} OR ${returning.sql})`;
  const value = cohortBy === undefined ? undefined : fields(cohortBy);
  if (cohortBy !== undefined && value === undefined) throw new Error(`Events have no ${cohortBy}.`);

  const starts = "{bucket_starts:Array(UInt32)}";
  const bucket = `transform(roundDown(${events.seconds}, ${starts}), ${starts}, CAST(range(length(${starts})), 'Array(UInt16)'), toUInt16(0))`;
  const person = personOf(query.people, "t");
  const rows = [
    `SELECT ${person.column} AS visitor, ${bucket} AS bucket, ${first.sql} AS begins, ${returning.sql} AS returns`,
    ...(cohortBy === undefined || value === undefined
      ? []
      : [`, ${keyText(cohortBy, value)} AS value, ${eventOrder} AS place`]),
    `FROM events AS t ${person.join} WHERE ${where.sql} AND ${either}`,
  ].join("\n");

  const words = Array.from(
    { length: Math.ceil(bucketStartsMs.length / WORD_BITS) },
    (_, word) => `word_${word}`,
  );
  const wordOf = (_: string, word: number) =>
    words.length === 1
      ? "groupBitOrIf(bitShiftLeft(toUInt64(1), bucket), returns) AS word_0"
      : `groupBitOrIf(bitShiftLeft(toUInt64(1), bucket % ${WORD_BITS}), returns AND intDiv(bucket, ${WORD_BITS}) = ${word}) AS word_${word}`;
  const visitors = `
    SELECT ${value === undefined ? "toString(first)" : "argMinIf(value, place, begins)"} AS cohort,
      minIf(bucket, begins) AS first, ${words.map(wordOf).join(", ")}
    FROM (${rows}) GROUP BY visitor HAVING countIf(begins) > 0`;
  const returned = words.map(
    (word, index) =>
      `arrayMap(bit -> toInt32(bit) + ${index * WORD_BITS} - toInt32(first), bitPositionsToArray(${word}))`,
  );
  const counted = `
    SELECT grouping(cohort) AS total, cohort, place, count() AS visitors
    FROM (
      SELECT cohort, arrayJoin(arrayConcat([-1 - toInt32(first)], arrayFilter(k -> k >= 0, arrayConcat(${returned.join(", ")})))) AS place
      FROM (${visitors})
    ) GROUP BY GROUPING SETS ((cohort, place), (place))`;
  return {
    sql: `
      SELECT total, cohort, groupArray(place) AS places, groupArray(visitors) AS visitors
      FROM (${counted}) AS c GROUP BY total, cohort
      ORDER BY total DESC, sumIf(c.visitors, c.place < 0) DESC, cohort LIMIT {limit:UInt32}`,
    params: {
      ...where.params,
      ...first.params,
      ...returning.params,
      ...value?.params,
      bucket_starts: bucketStartsMs.map((ms) => ms / 1000),
      // One more for everything together.
      limit: (cohortBy === undefined ? bucketStartsMs.length : query.limit) + 1,
    },
  };
};
