import type { QueryParams } from "../store/clickhouse.ts";
import type { Measure, Rollup } from "./rollup.ts";

/** The buckets that begin in `[fromMs, toMs)`; with `parts`, only one part of them. */
export interface Slice {
  readonly fromMs: number;
  readonly toMs: number;
  readonly parts?: { readonly of: number; readonly part: number };
}

/** Buckets of one day that are listed, at most. */
export const MOST_DIFFERENCES = 1000;

const timeText = (ms: number) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");

/** Days since 1970 of a time column, in UTC. */
export const dayOf = ({ name, type }: Rollup["time"]): string =>
  `toInt32(toDate32(${name}${type.startsWith("DateTime") ? ", 'UTC'" : ""}))`;

/** What stands for the times of a slice in `timeCondition` and `rawEvents`. */
const sliceParams = ({ fromMs, toMs, parts }: Slice, { time }: Rollup): QueryParams => {
  const length = time.type.startsWith("DateTime") ? 19 : 10;
  return {
    raw_from: timeText(fromMs),
    raw_to: timeText(toMs),
    bucket_from: timeText(fromMs).slice(0, length),
    bucket_to: timeText(toMs).slice(0, length),
    ...parts,
  };
};

const rawEvents = `SELECT * FROM events
  WHERE occurred_at >= {raw_from:DateTime64(3, 'UTC')} AND occurred_at < {raw_to:DateTime64(3, 'UTC')}`;

const timeCondition = ({ name, type }: Rollup["time"]): string => {
  const bound = type.startsWith("DateTime") ? "DateTime('UTC')" : "Date";
  return `${name} >= {bucket_from:${bound}} AND ${name} < {bucket_to:${bound}}`;
};

/** The raw events of a slice as the rollup's rows, and the values of its placeholders. */
export const recountOf = (rollup: Rollup, slice: Slice) => ({
  sql: rollup.recount(rawEvents),
  params: sliceParams(slice, rollup),
});

/**
 * Holds for the rows that a repair leaves behind so that a partition's highest watermark stays: they count nothing, for
 * nobody.
 */
export const isPlaceholder = ({ keys, time }: Rollup): string =>
  keys
    .filter(({ name }) => name !== time.name)
    .map(({ name }) => `${name} = defaultValueOfArgumentType(${name})`)
    .join(" AND ");

const merged = ({ name, merge, parameters, type }: Measure, side?: 0 | 1): string => {
  const value =
    side === undefined
      ? `${merge}${parameters}(${name})`
      : `${merge}If${parameters}(${name}, verify_side = ${side})`;
  return /groupUniqArray/.test(type) ? `arraySort(${value})` : value;
};

const differ = ({ isFraction }: Measure, a: string, b: string): string =>
  isFraction
    ? `isNaN(${a}) != isNaN(${b}) OR abs(${a} - ${b}) > 1e-9 * greatest(abs(${a}), abs(${b}))`
    : `${a} != ${b}`;

const inPart = ({ keys }: Rollup): string =>
  `cityHash64(${keys.map(({ name }) => name).join(", ")}) % {of:UInt32} = {part:UInt32}`;

/** An hour that begins nothing longer: neither a part of a day nor a day, week or month. */
const LONELY_HOUR_MS = Date.UTC(2026, 0, 7, 23);

/**
 * Whether the rollup's buckets are as long as it is taken for: of some events, all put into one hour, it counts those
 * that come into another hour or, where a bucket is a day, another day.
 */
export const grainStatement = (rollup: Rollup) => {
  const fromMs = Math.floor(LONELY_HOUR_MS / rollup.grainMs) * rollup.grainMs;
  const moved = `SELECT * REPLACE (toDateTime64('${timeText(LONELY_HOUR_MS + 2_700_000)}', 3, 'UTC') AS occurred_at)
    FROM events LIMIT 10000`;
  return {
    sql: `SELECT count() AS strays FROM (${rollup.recount(moved)}) WHERE NOT (${timeCondition(rollup.time)})`,
    params: sliceParams({ fromMs, toMs: fromMs + rollup.grainMs }, rollup),
  };
};

/** One row for each UTC day of a slice. */
export interface ComparisonRow {
  /** In days since 1970. */
  readonly day: number;
  readonly buckets: number;
  readonly held: number;
  readonly unfounded: number;
  readonly differing: number;
  /** Buckets outside of the slice; there must not be any. */
  readonly strays: number;
  /** Of each bucket: its keys, `held` and `due`, and for each measure what was found, expected, and whether a set has others. */
  readonly found: ReadonlyArray<ReadonlyArray<string>>;
  readonly times: ReadonlyArray<string>;
}

/**
 * The table's rows and those that the views make of the raw events are put together, merged by bucket, each side for
 * itself, and compared. Two sets are the same when neither grows by the other.
 */
export const comparisonStatement = (rollup: Rollup, slice: Slice) => {
  const { sql: recount, params } = recountOf(rollup, slice);
  const keys = rollup.keys.map(({ name }) => name);
  const compared = rollup.measures.filter(({ isCompared }) => isCompared);
  const columns = [...keys, ...compared.map(({ name }) => name)].join(", ");
  const sides = compared.map((measure, i) => ({
    measure,
    columns: [
      `${merged(measure, 0)} AS verify_found_${i}`,
      `${merged(measure, 1)} AS verify_expected_${i}`,
      ...(measure.isSet ? [`${merged(measure)} AS verify_both_${i}`] : []),
    ],
    differs: [
      differ(measure, `verify_found_${i}`, `verify_expected_${i}`),
      ...(measure.isSet ? [differ(measure, `verify_both_${i}`, `verify_expected_${i}`)] : []),
    ].join(" OR "),
    texts: [
      `toString(verify_found_${i})`,
      `toString(verify_expected_${i})`,
      measure.isSet ? `toString(verify_both_${i} != verify_expected_${i})` : "'0'",
    ],
  }));
  const part = slice.parts === undefined ? "" : ` AND ${inPart(rollup)}`;
  const texts = [
    ...keys.map((name) => `toString(${name})`),
    "toString(verify_held)",
    "toString(verify_due)",
    ...sides.flatMap((side) => side.texts),
  ];
  const measuresDiffer = ["0", ...sides.map((side) => side.differs)].join(" OR ");
  const listed = `if(verify_differs, [${texts.join(", ")}], [])`;
  const sql = `SELECT
  ${dayOf(rollup.time)} AS day,
  count() AS buckets,
  countIf(verify_held) AS held,
  countIf(verify_differs AND NOT verify_due) AS unfounded,
  countIf(verify_differs) AS differing,
  countIf(NOT (${timeCondition(rollup.time)})) AS strays,
  groupArraySortedIf(${MOST_DIFFERENCES})(${listed}, verify_differs) AS found,
  arrayMap(at -> toString(at), arraySort(groupUniqArrayIf(${rollup.time.name}, verify_differs))) AS times
FROM (
  SELECT *, ${measuresDiffer} AS verify_changed, verify_changed OR verify_held != verify_due AS verify_differs
  FROM (
    SELECT ${keys.join(", ")},
      countIf(verify_side = 0) > 0 AS verify_held,
      countIf(verify_side = 1) > 0 AS verify_due${sides
        .flatMap((side) => side.columns)
        .map((column) => `,\n      ${column}`)
        .join("")}
    FROM (
      SELECT ${columns}, 0 AS verify_side FROM ${rollup.name} WHERE ${timeCondition(rollup.time)}${part}
      UNION ALL
      SELECT ${columns}, 1 AS verify_side FROM (${recount})${part.replace(" AND ", " WHERE ")}
    )
    GROUP BY ${keys.join(", ")}
  )
  WHERE verify_changed OR verify_due OR NOT (${isPlaceholder(rollup)})
)
GROUP BY day`;
  return { sql, params, keys, compared };
};
