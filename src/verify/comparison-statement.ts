import { type FirstDays, isKept, isKeptIn } from "./first-days.ts";
import { type Measure, type Rollup, WATERMARK } from "./rollup.ts";

/** Buckets of one comparison that are listed, at most. */
export const MOST_DIFFERENCES = 1000;

/** Raw events of the time from `{from:Int64}` until before `{to:Int64}`, epoch ms, that their projects have all of. */
export const rawEvents = (firstDays: FirstDays): string => `SELECT * FROM events
  WHERE occurred_at >= fromUnixTimestamp64Milli({from:Int64}) AND occurred_at < fromUnixTimestamp64Milli({to:Int64})
    AND ${isKept("occurred_at", firstDays)}`;

const bound = ({ type }: Rollup["time"], name: "from" | "to"): string =>
  `CAST(fromUnixTimestamp64Milli({${name}:Int64}, 'UTC') AS ${type})`;

/** The one row of the answer. */
export interface ComparisonRow {
  readonly buckets: number;
  readonly unsettled: number;
  readonly differing: number;
  readonly differences: ReadonlyArray<
    readonly [
      key: ReadonlyArray<string>,
      isHeld: number,
      isDue: number,
      found: ReadonlyArray<string>,
      expected: ReadonlyArray<string>,
      differs: ReadonlyArray<number>,
    ]
  >;
  readonly times: ReadonlyArray<string>;
}

const columnsOf = ({ name, merge, isSet }: Measure, i: number): ReadonlyArray<string> => [
  `${merge}If(${name}, verify_side = 0) AS verify_found_${i}`,
  `${merge}If(${name}, verify_side = 1) AS verify_expected_${i}`,
  // Sets of the same size are the same if they do not grow when they are put together.
  ...(isSet ? [`${merge}(${name}) AS verify_both_${i}`] : []),
];

const differs = ({ isSet }: Measure, i: number): string =>
  isSet
    ? `(verify_found_${i} != verify_expected_${i} OR verify_both_${i} != verify_expected_${i})`
    : `verify_found_${i} != verify_expected_${i}`;

const array = (list: ReadonlyArray<string>): string => `[${list.join(", ")}]`;

/**
 * Puts the table's rows and what its view makes of the raw events together, merges them by bucket, each side for itself,
 * and compares. Takes `from`, `to`, `settled` (see `Settled`) and what `firstDayParams` gives.
 *
 * A bucket has all batches up to the highest of which it has a row, because batches are stored one after the other. So
 * where both sides stand at the same batch, or every batch of the bucket is settled, a difference is one; otherwise the
 * side that is behind may be waiting for its rows.
 */
export const comparisonStatement = (rollup: Rollup, firstDays: FirstDays): string => {
  const { name, keys, time, measures, recount } = rollup;
  const columns = [...keys, ...measures.map((measure) => measure.name), WATERMARK].join(", ");
  const ranges = measures.map((_, i) => i);
  return `SELECT
  count() AS buckets,
  countIf(verify_differs AND NOT verify_settled) AS unsettled,
  countIf(verify_differs AND verify_settled) AS differing,
  groupArraySortedIf(${MOST_DIFFERENCES})((
    ${array(keys.map((key) => `toString(${key})`))}, verify_held, verify_due,
    ${array(ranges.map((i) => `toString(verify_found_${i})`))},
    ${array(ranges.map((i) => `toString(verify_expected_${i})`))},
    ${array(measures.map(differs))}
  ), verify_differs AND verify_settled) AS differences,
  arraySort(groupUniqArrayIf(toString(${time.name}), verify_differs AND verify_settled)) AS times
FROM (
  SELECT *,
    verify_held != verify_due OR ${measures.map(differs).join(" OR ")} AS verify_differs,
    verify_found = verify_expected OR greatest(verify_found, verify_expected) < {settled:UInt64} AS verify_settled
  FROM (
    SELECT ${keys.join(", ")},
      countIf(verify_side = 0) > 0 AS verify_held,
      countIf(verify_side = 1) > 0 AS verify_due,
      maxIf(${WATERMARK}, verify_side = 0) AS verify_found,
      maxIf(${WATERMARK}, verify_side = 1) AS verify_expected,
      ${measures.flatMap(columnsOf).join(",\n      ")}
    FROM (
      SELECT ${columns}, 0 AS verify_side FROM ${name}
      WHERE ${time.name} >= ${bound(time, "from")} AND ${time.name} < ${bound(time, "to")}
        AND ${isKeptIn(rollup, firstDays)}
      UNION ALL
      SELECT ${columns}, 1 AS verify_side FROM (${recount(rawEvents(firstDays))})
    )
    GROUP BY ${keys.join(", ")}
  )
)`;
};
