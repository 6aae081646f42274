import { fieldColumns, HOUR, WHOLE_DAY } from "../../sealing/field-rows.ts";
import { type AskedDay, DAY_MS, HOUR_MS } from "../../sealing/sealed-days.ts";
import {
  type ColumnOf,
  eventFields,
  type Field,
  isOfSession,
  isOfSessionOnly,
  keyText,
} from "../catalogue/dimensions.ts";
import { type EventMeasure, eventMeasures, type Measure, sessionMeasures } from "../catalogue/metrics.ts";
import type { CountedQuestion, CountsSql } from "../counted-question.ts";
import { filterCondition } from "../filters/condition.ts";
import { fieldsOf } from "../filters/filter.ts";
import { botConditions } from "../statement.ts";
import { type Coverage, type Interval, inIntervals, joined, siteDaySet } from "./coverage.ts";

const ofEvents: Readonly<Record<EventMeasure, string>> = {
  events: "count()",
  pageviews: "countIf(t.event_type = 'page_view')",
  visitors: "uniqState(t.visitor_id)",
  conversions: "countIf(t.event_type IN {goal:Array(String)})",
  converters: "uniqStateIf(t.visitor_id, t.event_type IN {goal:Array(String)})",
};

const merged: Readonly<Record<EventMeasure, string>> = {
  events: "sum(c.events)",
  pageviews: "sum(c.pageviews)",
  visitors: "uniqMerge(c.visitors)",
  conversions: "sum(c.conversions)",
  converters: "uniqMerge(c.converters)",
};

const goalMeasures = ["conversions", "converters"] as const;

const countsGoal = ({ measures }: CountedQuestion): boolean =>
  goalMeasures.some((measure) => measures.includes(measure));

// The goal's events are those of some event types, whose rows count them under their own names.
const ofSealedRow: Readonly<Record<EventMeasure, string>> = {
  events: "t.events",
  pageviews: "t.pageviews",
  visitors: "t.visitors",
  conversions: "t.events",
  converters: "t.visitors",
};

/** A sealed day's rows of one field: all that a question looks at besides the site. */
type SealedField = keyof typeof fieldColumns | typeof WHOLE_DAY;

/** The one field whose daily counts can answer; undefined when only single events can. */
const sealedField = (question: CountedQuestion): SealedField | undefined => {
  const fields = new Set(fieldsOf(question.filter));
  if (question.dimension !== undefined) fields.add(question.dimension);
  if (countsGoal(question)) fields.add("event_type");
  fields.delete("site");
  if (fields.size > 1) return undefined;
  const [field] = fields;
  if (field === undefined) return WHOLE_DAY;
  return field in fieldColumns ? (field as keyof typeof fieldColumns) : undefined;
};

const sealedFields =
  (sealed: SealedField): ColumnOf =>
  (field: Field) => {
    if (field === "site") return { sql: "t.site_id", type: "text", params: {} };
    if (field !== sealed) return undefined;
    return field === "widget" || field === "post"
      ? { sql: "toUInt64OrZero(t.value)", type: "number", params: {} }
      : { sql: "t.value", type: "text", params: {} };
  };

/** The part of the answer that sealed days give, and what is left to the single events. */
interface Division {
  /** Conditions on `field`, `date` and `value`, each with the days whose events it covers. */
  readonly sealed: ReadonlyArray<{ readonly where: string; readonly days: ReadonlyArray<AskedDay> }>;
  readonly open: ReadonlyArray<Interval>;
}

const date = (ms: number): string => `'${new Date(ms).toISOString().slice(0, 10)}'`;

const hourOf = "toUInt8OrZero(t.value)";

const divide = (question: CountedQuestion, { days, open }: Coverage): Division => {
  const { fromMs, toMs } = question.range;
  const clip = (interval: Interval): Interval => ({
    fromMs: Math.max(fromMs, interval.fromMs),
    toMs: Math.min(toMs, interval.toMs),
  });
  const clipped = (day: number) => clip({ fromMs: day * DAY_MS, toMs: (day + 1) * DAY_MS });
  const field = sealedField(question);
  const starts = question.bucketStartsMs?.slice(1) ?? [];
  const isAligned = (ms: number) => ms % HOUR_MS === 0;
  const byDay = starts.every((ms) => ms % DAY_MS === 0);
  const byHour = field === WHOLE_DAY && starts.every(isAligned);
  const covered = new Set<AskedDay>();
  const sealed: Array<{ where: string; days: Array<AskedDay> }> = [];
  if (field !== undefined && byDay) {
    const whole = days.filter(
      ({ build, day }) => build !== undefined && day * DAY_MS >= fromMs && (day + 1) * DAY_MS <= toMs,
    );
    for (const day of whole) covered.add(day);
    if (whole.length > 0) sealed.push({ where: `t.field = '${field}'`, days: whole });
  }
  if (byHour) {
    const hours = days.filter((day) => {
      const part = clipped(day.day);
      return day.build !== undefined && !covered.has(day) && isAligned(part.fromMs) && isAligned(part.toMs);
    });
    for (const day of hours) covered.add(day);
    const time = `(toUnixTimestamp(toDateTime(t.date, 'UTC')) + 3600 * ${hourOf})`;
    if (hours.length > 0) {
      sealed.push({
        where: `t.field = '${HOUR}' AND ${time} >= ${Math.ceil(fromMs / 1000)} AND ${time} < ${Math.ceil(toMs / 1000)}`,
        days: hours,
      });
    }
  }
  const uncovered = days.filter((day) => !covered.has(day)).map(({ day }) => clipped(day));
  return { sealed, open: joined([...open.map(clip), ...uncovered]) };
};

/** Whether nothing before `cutoffMs` is asked of single events, neither for events nor for sessions. */
export const isSealedEnough = (question: CountedQuestion, coverage: Coverage, cutoffMs: number): boolean => {
  const sessionsAreSealed = coverage.days.every(
    ({ day, build }) => day * DAY_MS >= cutoffMs || build !== undefined,
  );
  const fields = [
    ...fieldsOf(question.filter),
    ...(question.dimension === undefined ? [] : [question.dimension]),
  ];
  const groups = fields.some(isOfSessionOnly) ? [] : eventMeasureGroups(question.measures);
  const asksSessions =
    groups.length === 0 || sessionMeasures.some((name) => question.measures.includes(name));
  return (
    sessionsAreSealed &&
    groups.every((measures) =>
      divide({ ...question, measures }, coverage).open.every(({ fromMs }) => fromMs >= cutoffMs),
    ) &&
    (!asksSessions || fields.every(isOfSession))
  );
};

/** The measures of events, those of the goal apart: sealed days keep them in other rows. */
export const eventMeasureGroups = (
  measures: ReadonlyArray<Measure>,
): ReadonlyArray<ReadonlyArray<EventMeasure>> => {
  const asked = eventMeasures.filter((measure) => measures.includes(measure));
  const isGoal = (measure: EventMeasure) => (goalMeasures as ReadonlyArray<EventMeasure>).includes(measure);
  return [asked.filter((measure) => !isGoal(measure)), asked.filter(isGoal)].filter(
    (group) => group.length > 0,
  );
};

/**
 * The counts of single events in [from, to) per value and bucket: sealed days by their daily counts where these can tell
 * what is asked, everything else by the events themselves. The measures have to be of one group.
 */
export const eventCounts = (question: CountedQuestion, coverage: Coverage): CountsSql => {
  const { project, range, filter, dimension, search, goal, bucketStartsMs } = question;
  const measures = question.measures.filter((measure): measure is EventMeasure => measure in ofEvents);
  const { sealed, open } = divide(question, coverage);
  const params: Record<string, string | number | ReadonlyArray<string | number>> = { project };
  if (countsGoal(question)) params.goal = goal;
  if (bucketStartsMs !== undefined) params.bucket_starts = bucketStartsMs.map((ms) => ms / 1000);
  const bucketOf = (seconds: string) =>
    bucketStartsMs === undefined ? "0" : `roundDown(${seconds}, {bucket_starts:Array(UInt32)})`;
  const searched = (key: string) => {
    if (search === undefined) return "";
    params.search = search;
    return ` AND position(lowerUTF8(${key}), lowerUTF8({search:String})) > 0`;
  };
  const keyOf = (columnOf: ColumnOf): string => {
    const column = dimension === undefined ? undefined : columnOf(dimension);
    if (dimension === undefined || column === undefined) return "''";
    Object.assign(params, column.params);
    return keyText(dimension, column);
  };
  const conditionOf = (columnOf: ColumnOf, prefix: string): string => {
    const condition = filterCondition(filter, columnOf, prefix);
    Object.assign(params, condition.params);
    return condition.sql;
  };

  const parts = sealed.map(({ where, days }, index) => {
    const field = sealedField(question) ?? WHOLE_DAY;
    const columnOf = sealedFields(field);
    const key = keyOf(columnOf);
    params[`builds_${index}`] = days.map(({ build }) => build ?? 0);
    const [first, last] = [Math.min(...days.map(({ day }) => day)), Math.max(...days.map(({ day }) => day))];
    const seconds = `toUnixTimestamp(toDateTime(t.date, 'UTC')) + if(t.field = '${HOUR}', 3600 * ${hourOf}, 0)`;
    return `
      SELECT ${key} AS key, ${bucketOf(seconds)} AS bucket, ${measures.map((measure) => `${ofSealedRow[measure]} AS ${measure}`).join(", ")}
      FROM daily_field_stats AS t
      WHERE t.project_id = {project:String} AND ${where}
        AND t.date >= ${date(first * DAY_MS)} AND t.date <= ${date(last * DAY_MS)}
        AND t.build IN {builds_${index}:Array(UInt64)} AND ${conditionOf(columnOf, `sealed_${index}`)}${searched(key)}${countsGoal(question) ? " AND t.value IN {goal:Array(String)}" : ""}`;
  });

  if (open.length > 0 || parts.length === 0) {
    const columnOf = eventFields(range);
    const key = keyOf(columnOf);
    // Days of other sites may be sealed in these intervals.
    const others = sealed
      .flatMap(({ days }) => days)
      .filter(({ day }) => open.some((i) => i.fromMs < (day + 1) * DAY_MS && i.toMs > day * DAY_MS));
    let notSealed = "";
    if (others.length > 0) {
      const set = siteDaySet(others, "sealed");
      Object.assign(params, set.params);
      notSealed = ` AND (toString(t.site_id), toUInt16(toDate(t.occurred_at))) NOT IN ${set.sql}`;
    }
    parts.push(`
      SELECT ${key} AS key, ${bucketOf("toUnixTimestamp(t.occurred_at)")} AS bucket,
        ${measures.map((measure) => `${ofEvents[measure]} AS ${measure}`).join(", ")}
      FROM events AS t
      WHERE t.project_id = {project:String} AND ${inIntervals(open)}${notSealed}
        AND ${[...botConditions[question.bots], conditionOf(columnOf, "filter")].join(" AND ")}${searched(key)}
      GROUP BY key, bucket`);
  }
  return {
    sql: `
      SELECT c.key AS key, c.bucket AS bucket, ${measures.map((measure) => `${merged[measure]} AS ${measure}`).join(", ")}
      FROM (${parts.join(" UNION ALL ")}) AS c GROUP BY key, bucket`,
    params,
  };
};
