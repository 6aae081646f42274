import { eventFieldColumns, WHOLE_DAY } from "../../sealing/field-rows.ts";
import { DAY_MS } from "../../sealing/sealed-days.ts";
import { eventFields, keyText } from "../catalogue/dimensions.ts";
import { type EventMeasure, eventMeasures } from "../catalogue/metrics.ts";
import type { CountedQuestion, CountsSql } from "../counted-question.ts";
import { filterCondition } from "../filters/condition.ts";
import { fieldsOf } from "../filters/filter.ts";
import { personOf } from "../people.ts";
import { botConditions } from "../statement.ts";
import {
  type Coverage,
  clipped,
  type Interval,
  inIntervals,
  joined,
  siteDaySet,
  withoutSeals,
} from "./coverage.ts";
import {
  nothingSealed,
  type SealedCounts,
  type SealedField,
  sealedCounts,
  sealedRows,
  searchCondition,
} from "./sealed-counts.ts";

const ofEvents = (person: string): Readonly<Record<EventMeasure, string>> => ({
  events: "count()",
  pageviews: "countIf(t.event_type = 'page_view')",
  visitors: `uniqState(${person})`,
  conversions: "countIf(t.event_type IN {goal:Array(String)})",
  converters: `uniqStateIf(${person}, t.event_type IN {goal:Array(String)})`,
});

const merged: Readonly<Record<EventMeasure, string>> = {
  events: "sum(c.events)",
  pageviews: "sum(c.pageviews)",
  visitors: "uniqMerge(c.visitors)",
  conversions: "sum(c.conversions)",
  converters: "uniqMerge(c.converters)",
};

// The goal's events are those of some event types, whose rows count them under their own names.
const ofSealedRow: Readonly<Record<EventMeasure, string>> = {
  events: "t.events",
  pageviews: "t.pageviews",
  visitors: "t.visitors",
  conversions: "t.events",
  converters: "t.visitors",
};

const goalMeasures: ReadonlyArray<EventMeasure> = ["conversions", "converters"];

const countsGoal = ({ measures }: CountedQuestion): boolean =>
  goalMeasures.some((measure) => measures.includes(measure));

/** The one field whose daily counts can answer; undefined when only single events can. */
const sealedField = (question: CountedQuestion): SealedField | undefined => {
  const fields = new Set(fieldsOf(question.filter));
  if (question.dimension !== undefined) fields.add(question.dimension);
  if (countsGoal(question)) fields.add("event_type");
  fields.delete("site");
  if (fields.size > 1) return undefined;
  const [field] = fields;
  if (field === undefined) return WHOLE_DAY;
  return field in eventFieldColumns ? (field as keyof typeof eventFieldColumns) : undefined;
};

/** Where the counts of a question's events come from: sealed days, and the events of what is left of the range. */
interface Division {
  readonly field: SealedField;
  readonly sealed: SealedCounts;
  readonly open: ReadonlyArray<Interval>;
}

const divide = (question: CountedQuestion, coverage: Coverage): Division => {
  const field = sealedField(question);
  const sealed = field === undefined ? nothingSealed : sealedCounts(question, field, coverage);
  const { range } = question;
  const clip = ({ fromMs, toMs }: Interval): Interval => ({
    fromMs: Math.max(range.fromMs, fromMs),
    toMs: Math.min(range.toMs, toMs),
  });
  const uncovered = coverage.days.filter((day) => !sealed.covered.has(day));
  return {
    field: field ?? WHOLE_DAY,
    sealed,
    open: joined([...coverage.open.map(clip), ...uncovered.map(({ day }) => clipped(range, day))]),
  };
};

/** The first instant of which single events are counted; Infinity when none are. */
export const firstEventAsked = (question: CountedQuestion, coverage: Coverage): number =>
  Math.min(...divide(question, coverage).open.map(({ fromMs }) => fromMs), Number.POSITIVE_INFINITY);

/** Who did something, which sealed days know by visitors, not by people. */
const whoMeasures: ReadonlyArray<EventMeasure> = ["visitors", "converters"];

/** Measures of events that are counted by one statement, and what of the days it may be answered from. */
export interface EventGroup {
  readonly measures: ReadonlyArray<EventMeasure>;
  readonly coverage: Coverage;
}

/**
 * The measures of events: those of the goal apart, because sealed days keep them in other rows, and people apart, who are
 * counted from the events. All of them together where no day is sealed.
 */
export const eventGroups = (
  { measures, people }: CountedQuestion,
  coverage: Coverage,
): ReadonlyArray<EventGroup> => {
  const asked = eventMeasures.filter((measure) => measures.includes(measure));
  const isSealed = coverage.days.some(({ build }) => build !== undefined);
  const isWho = (measure: EventMeasure) => isSealed && people === "linked" && whoMeasures.includes(measure);
  const isGoal = (measure: EventMeasure) => isSealed && !isWho(measure) && goalMeasures.includes(measure);
  return [
    { measures: asked.filter((measure) => !isWho(measure) && !isGoal(measure)), coverage },
    { measures: asked.filter(isGoal), coverage },
    { measures: asked.filter(isWho), coverage: withoutSeals(coverage) },
  ].filter((group) => group.measures.length > 0);
};

/**
 * The counts of single events in [from, to) per value and bucket: sealed days by their daily counts where these can tell
 * what is asked, everything else by the events themselves. The measures have to be of one group.
 */
export const eventCounts = (question: CountedQuestion, coverage: Coverage): CountsSql => {
  const { project, range, filter, dimension, search, goal, bucketStartsMs, bots, people } = question;
  const measures = eventMeasures.filter((measure) => question.measures.includes(measure));
  const { field, sealed, open } = divide(question, coverage);
  const parts = [
    ...sealedRows(
      question,
      field,
      sealed,
      measures.map((measure) => [measure, ofSealedRow[measure]]),
      "event_days",
      countsGoal(question) ? "t.value IN {goal:Array(String)}" : "1",
    ),
  ];
  if (open.length > 0 || parts.length === 0) {
    const person = personOf(
      measures.some((measure) => whoMeasures.includes(measure)) ? people : "visitors",
      "t",
    );
    const counted = ofEvents(person.column);
    const columnOf = eventFields(range);
    const column = dimension === undefined ? undefined : columnOf(dimension);
    const key = dimension === undefined || column === undefined ? "''" : keyText(dimension, column);
    const condition = filterCondition(filter, columnOf, "event");
    const searched = searchCondition(key, search);
    // Days of other sites may be sealed in these intervals.
    const others = [...sealed.covered].filter(({ day }) =>
      open.some((interval) => interval.fromMs < (day + 1) * DAY_MS && interval.toMs > day * DAY_MS),
    );
    const set = siteDaySet(others, "covered");
    const bucket =
      bucketStartsMs === undefined
        ? "0"
        : "roundDown(toUnixTimestamp(t.occurred_at), {bucket_starts:Array(UInt32)})";
    parts.push({
      sql: `
        SELECT ${key} AS key, ${bucket} AS bucket, ${measures.map((measure) => `${counted[measure]} AS ${measure}`).join(", ")}
        FROM events AS t ${person.join}
        WHERE t.project_id = {project:String} AND ${inIntervals(open)}
          ${others.length === 0 ? "" : `AND (toString(t.site_id), toUInt16(toDate(t.occurred_at))) NOT IN ${set.sql}`}
          AND ${[...botConditions[bots], condition.sql, searched.sql].join(" AND ")}
        GROUP BY key, bucket`,
      params: {
        ...(column?.params as CountsSql["params"]),
        ...(condition.params as CountsSql["params"]),
        ...searched.params,
        ...(others.length === 0 ? {} : set.params),
      },
    });
  }
  return {
    sql: `
      SELECT c.key AS key, c.bucket AS bucket, ${measures.map((measure) => `${merged[measure]} AS ${measure}`).join(", ")}
      FROM (${parts.map(({ sql }) => sql).join(" UNION ALL ")}) AS c GROUP BY key, bucket`,
    params: Object.assign(
      { project },
      countsGoal(question) ? { goal } : {},
      bucketStartsMs === undefined ? {} : { bucket_starts: bucketStartsMs.map((ms) => ms / 1000) },
      ...parts.map(({ params }) => params),
    ) as CountsSql["params"],
  };
};
