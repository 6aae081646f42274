import {
  eventCountColumns,
  eventFieldRows,
  sessionCountColumns,
  sessionFieldRows,
} from "../../sealing/field-rows.ts";
import { dateLiteral, eventsOfDay, sessionColumns, sessionsOfDay } from "../../sealing/seal-day.ts";

/** Rows of one statement's answer that are listed, at most. */
export const MOST_LISTED = 1000;

/** Which sites of a day are compared; the parameters are `projects`, `sites` and `builds`, each with one for every site. */
const SITES = "(SELECT arrayJoin(arrayZip({projects:Array(String)}, {sites:Array(String)})) AS verify_pair)";
const STORED = `(toString(project_id), toString(site_id)) IN ${SITES} AND build IN {builds:Array(UInt64)}`;
const RAW = `(toString(t.project_id), toString(t.site_id)) IN ${SITES}`;

const list = (parts: ReadonlyArray<string>): string => parts.join(", ");

const counted = ["pageviews", "events", "interactions"];
const texts = sessionColumns.filter((column) => !counted.includes(column));

/** What a comparison of sessions tells of, in this order. */
export const sessionValues = ["sessions", "duration_ms", ...counted, ...texts] as const;

const KEY = ["visitor_id", "session_id", "started_at"];

const sides = ["verify_side = 0", "verify_side = 1"] as const;

// Of texts how many there are is told; whether each session has its own is seen by sums of hashes, which take no memory.
const toldOf = (name: string, side: string): string => {
  if (name === "sessions") return `countIf(${side})`;
  if (name === "duration_ms") {
    return `sumIf(toUnixTimestamp64Milli(ended_at) - toUnixTimestamp64Milli(started_at), ${side})`;
  }
  return counted.includes(name) ? `sumIf(toUInt64(${name}), ${side})` : `uniqIf(${name}, ${side})`;
};

const hashOf = (name: string, side: string): string => {
  const value =
    name === "sessions"
      ? []
      : name === "duration_ms"
        ? ["ended_at"]
        : [counted.includes(name) ? `toUInt64(${name})` : `toString(${name})`];
  return `sumIf(cityHash64(${list([...KEY, ...value])}), ${side})`;
};

/** The one row of an answer. */
export interface SealedSessionsRow {
  readonly sessions: number;
  readonly differences: ReadonlyArray<
    readonly [
      project: string,
      siteId: string,
      found: ReadonlyArray<string>,
      expected: ReadonlyArray<string>,
      differs: ReadonlyArray<number>,
    ]
  >;
}

/** Compares the sessions of sealed sites of a day with those that the events make. One row of the answer per site. */
export const sessionsStatement = (day: number, nextHours: number): string => {
  const columns = list([...KEY, "ended_at", ...sessionColumns]);
  const told = sides.map((side) => list(sessionValues.map((name) => `toString(${toldOf(name, side)})`)));
  const hashes = sides.map((side) => list(sessionValues.map((name) => hashOf(name, side))));
  return `
    SELECT sum(verify_sessions) AS sessions, groupArrayIf((
      toString(project_id), toString(site_id), verify_found, verify_expected, verify_differs
    ), arrayExists(differs -> differs, verify_differs)) AS differences
    FROM (
      SELECT project_id, site_id, countIf(verify_side = 0) AS verify_sessions,
        [${told[0]}] AS verify_found, [${told[1]}] AS verify_expected,
        arrayMap((found, expected) -> found != expected, [${hashes[0]}], [${hashes[1]}]) AS verify_differs
      FROM (
        SELECT project_id, site_id, ${columns}, 0 AS verify_side FROM sessions WHERE date = ${dateLiteral(day)} AND ${STORED}
        UNION ALL
        SELECT project_id, site_id, ${columns}, 1 AS verify_side FROM (${sessionsOfDay(day, nextHours, RAW)})
      ) GROUP BY project_id, site_id
    )`;
};

/** What a comparison of daily counts tells of, in this order. */
export const fieldValues = [...eventCountColumns, ...sessionCountColumns] as const;

const isSet = (name: string): boolean => name === "visitors" || name === "session_visitors";

const merge = (name: string): string => (isSet(name) ? "uniqMerge" : "sum");

const differs = (name: string): string => {
  const [found, expected] = [`verify_found_${name}`, `verify_expected_${name}`];
  // Sets of the same size are the same if they do not grow when they are put together.
  return isSet(name)
    ? `(${found} != ${expected} OR verify_both_${name} != ${expected})`
    : `${found} != ${expected}`;
};

const nothing = (name: string): string =>
  isSet(name) ? `arrayReduce('uniqState', emptyArrayUInt64()) AS ${name}` : `toUInt64(0) AS ${name}`;

// As the column has it: durations are counted with a sign.
const stored = (name: string): string => (isSet(name) ? name : `toUInt64(${name}) AS ${name}`);

/** The one row of an answer. */
export interface SealedFieldsRow {
  readonly rows: number;
  readonly differing: number;
  /** Project and site of each row that differs, once. */
  readonly places: ReadonlyArray<readonly [project: string, siteId: string]>;
  readonly differences: ReadonlyArray<
    readonly [
      key: readonly [project: string, siteId: string, field: string, value: string],
      found: ReadonlyArray<string>,
      expected: ReadonlyArray<string>,
      differs: ReadonlyArray<number>,
    ]
  >;
}

/** Compares the daily counts of sealed sites of a day with what the events, and the stored sessions, come to. */
export const fieldsStatement = (day: number): string => {
  const columns = ["project_id", "site_id", "field", "value"];
  const side = (names: ReadonlyArray<string>, from: string, number: number): string =>
    `SELECT ${list([
      ...columns,
      ...fieldValues.map((name) => (names.includes(name) ? stored(name) : nothing(name))),
    ])}, ${number} AS verify_side FROM ${from}`;
  const ofBuilds = `date = ${dateLiteral(day)} AND ${STORED}`;
  const each = fieldValues.flatMap((name) => [
    ...sides.map(
      (where, index) =>
        `${merge(name)}If(${name}, ${where}) AS ${index === 0 ? "verify_found" : "verify_expected"}_${name}`,
    ),
    ...(isSet(name) ? [`${merge(name)}(${name}) AS verify_both_${name}`] : []),
  ]);
  const told = (prefix: string) => list(fieldValues.map((name) => `toString(${prefix}_${name})`));
  return `
    SELECT count() AS rows, countIf(verify_differs) AS differing,
      groupUniqArrayIf((toString(project_id), toString(site_id)), verify_differs) AS places,
      groupArraySortedIf(${MOST_LISTED})((
        (toString(project_id), toString(site_id), toString(field), value),
        [${told("verify_found")}], [${told("verify_expected")}], [${list(fieldValues.map(differs))}]
      ), verify_differs) AS differences
    FROM (
      SELECT *, ${fieldValues.map(differs).join(" OR ")} AS verify_differs
      FROM (
        SELECT ${list(columns)}, ${list(each)}
        FROM (
          ${side(fieldValues, `daily_field_stats WHERE ${ofBuilds}`, 0)}
          UNION ALL
          ${side(eventCountColumns, `(${eventFieldRows(`${eventsOfDay(day)} AND ${RAW}`, true)})`, 1)}
          UNION ALL
          ${side(sessionCountColumns, `(${sessionFieldRows(ofBuilds, true)})`, 1)}
        ) GROUP BY ${list(columns)}
      )
    )`;
};
