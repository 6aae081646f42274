import { INACTIVITY_MS } from "../../sealing/session-rows.ts";
import { type ColumnOf, eventFields, keyText } from "../catalogue/dimensions.ts";
import { filterCondition } from "../filters/condition.ts";
import { everything } from "../filters/filter.ts";
import { personOf } from "../people.ts";
import { type Statement, whereClause } from "../statement.ts";
import { events } from "../tables.ts";
import { type FunnelQuery, stepBounds } from "./funnel.ts";

/**
 * Events as one number each, so that numbers are all there is to gather and sort: milliseconds since the start of the
 * range, above one bit per step that the event fits (bit 0 is step 1).
 */
const MARK_BITS = stepBounds.maximum + 1;
/** The bit of an event that the funnel's filter lets through, whether it fits a step or not. */
const CHOSEN = 2 ** stepBounds.maximum;
const ALL_MARKS = CHOSEN - 1;

export const timeOf = (entry: string): string => `bitShiftRight(${entry}, ${MARK_BITS})`;
export const marksOf = (entry: string): string => `bitAnd(${entry}, ${ALL_MARKS})`;
export const markOf = (step: number): number => 2 ** (step - 1);

/** Later than anything that happens. */
export const FAR = 2 ** 52;

/** Whether an event may fit several steps, or one step be fitted by events of several. */
export const mayOverlap = ({ steps }: Pick<FunnelQuery, "steps">): boolean =>
  new Set(steps.map(({ eventType }) => eventType)).size < steps.length;

const stepMarks = ({ steps }: FunnelQuery, fields: ColumnOf): Statement => {
  const parts = steps.map(({ eventType, filter }, index) => {
    const condition = filterCondition(filter, fields, `step_${index + 1}_filter`);
    return {
      sql: `(t.event_type = {step_${index + 1}:String} AND ${condition.sql}) * ${markOf(index + 1)}`,
      params: { ...condition.params, [`step_${index + 1}`]: eventType },
    };
  });
  return {
    sql: parts.map(({ sql }) => sql).join(" + "),
    params: Object.assign({}, ...parts.map(({ params }) => params)) as Statement["params"],
  };
};

const isOpen = ({ filter }: { readonly filter: FunnelQuery["filter"] }): boolean =>
  filter.kind === "all" && filter.filters.length === 0;

/** One row per event: `at`, `marks`, with a dimension `value`, and whose it is. */
const eventRows = (query: FunnelQuery): Statement => {
  const { steps, by, order, range, dimension } = query;
  const fields = eventFields(range);
  const marks = stepMarks(query, fields);
  const filter = filterCondition(query.filter, fields);
  // Sessions are cut by all events, and in strict order all events can come between two steps.
  const onlySteps = by === "visitor" && order !== "strict";
  const eventTypes = onlySteps ? [...new Set(steps.map(({ eventType }) => eventType))] : undefined;
  const where = whereClause({ ...query, ...range, filter: everything, eventTypes }, events);
  const value = dimension === undefined ? undefined : fields(dimension);
  if (dimension !== undefined && value === undefined) throw new Error(`Events have no ${dimension}.`);
  const person = personOf(by === "visitor" ? query.people : "visitors", "t");
  const chosen = `(${marks.sql} + ${CHOSEN})`;
  return {
    sql: [
      `SELECT ${person.column} AS visitor`,
      ...(by === "session" ? ["t.site_id AS site, t.session_id AS client_session"] : []),
      "toUInt64(toUnixTimestamp64Milli(t.occurred_at) - {origin:Int64}) AS at",
      `${by === "session" && !isOpen(query) ? `if(${filter.sql}, ${chosen}, 0)` : chosen} AS marks`,
      ...(dimension === undefined || value === undefined ? [] : [`${keyText(dimension, value)} AS value`]),
    ]
      .join(", ")
      .concat(
        ` FROM events AS t ${person.join} WHERE ${where.sql}`,
        by === "visitor" ? ` AND ${filter.sql}` : "",
        onlySteps && !steps.every(isOpen) ? ` AND marks != ${CHOSEN}` : "",
      ),
    params: { ...where.params, ...marks.params, ...filter.params, ...value?.params, origin: range.fromMs },
  };
};

// With values also the times and values of what fits step 1, in this order.
const grouped = (rows: string, keys: string, withValues: boolean): string => `
  SELECT arraySort(groupArray(bitShiftLeft(at, ${MARK_BITS}) + marks)) AS entries
    ${withValues ? ", arraySort(arrayZip(groupArrayIf(at, bitTest(marks, 0)), groupArrayIf(value, bitTest(marks, 0)))) AS starts" : ""}
  FROM (${rows}) GROUP BY ${keys} HAVING max(bitTest(marks, 0))`;

// What fits step 1 is cut as the events are: each has the number of its session, and sessions without one are left out.
const sessionsOf = (rows: string, withValues: boolean, keepsAll: boolean): string => {
  const gaps = `
    SELECT *, arrayMap(gap -> gap >= ${INACTIVITY_MS}, arrayDifference(arrayMap(x -> ${timeOf("x")}, entries))) AS cuts
    FROM (${grouped(rows, "site, visitor, client_session", withValues)})`;
  const starts =
    "arraySplit((start, step) -> step != 0, starts, arrayDifference(arrayFilter((number, x) -> bitTest(x, 0), arrayCumSum(cuts), entries)))";
  const cut = `
    SELECT arrayFilter(part -> arrayExists(x -> bitTest(x, 0), part), arraySplit((x, cut) -> cut, entries, cuts)) AS parts
      ${withValues ? `, ${starts} AS parts_starts` : ""}
    FROM (${gaps})`;
  return `
    SELECT arrayFilter(x -> bitAnd(x, ${keepsAll ? CHOSEN : ALL_MARKS}) != 0, part) AS entries
      ${withValues ? ", part_starts AS starts" : ""}
    FROM (${cut}) ARRAY JOIN parts AS part ${withValues ? ", parts_starts AS part_starts" : ""}`;
};

/**
 * A row per subject with an event that fits step 1. `entries`: its events in order of time, those that fit a step, in
 * strict order all. With a dimension also `starts`: (time, value) of what fits step 1, in this order.
 */
export const subjectEntries = (query: FunnelQuery): Statement => {
  const { sql, params } = eventRows(query);
  const withValues = query.dimension !== undefined;
  return {
    sql:
      query.by === "visitor"
        ? grouped(sql, "visitor", withValues)
        : sessionsOf(sql, withValues, query.order === "strict"),
    params,
  };
};
