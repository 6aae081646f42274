import { Effect } from "effect";
import { sessionFieldColumns, WHOLE_DAY } from "../../sealing/field-rows.ts";
import type { SessionColumn } from "../../sealing/session-rows.ts";
import type { ClickHouse } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import {
  type ColumnOf,
  eventFields,
  type Field,
  isOfSession,
  isOfSessionOnly,
  keyText,
  sessionColumnOf,
  sessionFields,
} from "../catalogue/dimensions.ts";
import type { Measure } from "../catalogue/metrics.ts";
import type { CountedQuestion, CountsSql } from "../counted-question.ts";
import { filterCondition } from "../filters/condition.ts";
import { type Filter, fieldsOf } from "../filters/filter.ts";
import { personOf } from "../people.ts";
import { botConditions } from "../statement.ts";
import { type Coverage, inIntervals } from "./coverage.ts";
import { type SealedField, sealedCounts, sealedRows, searchCondition } from "./sealed-counts.ts";
import { sessionFilter } from "./session-filter.ts";
import { sessionSource } from "./session-source.ts";

const within = "moment -> moment >= s.started_at AND moment <= s.ended_at";

interface SessionMeasure {
  readonly sql: string;
  readonly columns: ReadonlyArray<SessionColumn>;
}

type WhoMeasure = "visitors" | "converters";
const isWho = (measure: Measure): measure is WhoMeasure => measure === "visitors" || measure === "converters";

const ofSessions: Readonly<Record<Exclude<Measure, WhoMeasure>, SessionMeasure>> = {
  sessions: { sql: "count()", columns: [] },
  bounces: {
    sql: "countIf(s.pageviews = 1 AND s.interactions = 0)",
    columns: ["pageviews", "interactions"],
  },
  duration_ms: {
    sql: "sum(toUInt64(toUnixTimestamp64Milli(s.ended_at) - toUnixTimestamp64Milli(s.started_at)))",
    columns: [],
  },
  session_pageviews: { sql: "sum(s.pageviews)", columns: ["pageviews"] },
  events: { sql: "sum(s.events)", columns: ["events"] },
  pageviews: { sql: "sum(s.pageviews)", columns: ["pageviews"] },
  conversions: { sql: `sum(arrayCount(${within}, s.goal_times))`, columns: [] },
};

/** Those that tell who it was, by a column that says so. */
const whoOfSessions = (person: string, uniq: "uniq" | "uniqState"): Readonly<Record<WhoMeasure, string>> => ({
  visitors: `${uniq}(${person})`,
  converters: `uniqIf(${person}, arrayExists(${within}, s.goal_times))`,
});

const columnOfField = (field: Field): ReadonlyArray<SessionColumn> => {
  const column = sessionColumnOf(field);
  return column === undefined || column === "site_id" ? [] : [column];
};

/** What the measures are in a sealed day's rows; what is not there takes the sessions themselves. */
const ofSealedRow: Readonly<Partial<Record<Measure, string>>> = {
  sessions: "t.sessions",
  bounces: "t.bounces",
  duration_ms: "t.duration_ms",
  session_pageviews: "t.session_pageviews",
  events: "t.session_events",
  pageviews: "t.session_pageviews",
  visitors: "t.session_visitors",
};

/** The one field whose daily counts of sessions can answer; undefined when only the sessions themselves can. */
const sealedField = (
  { filter, dimension, people }: CountedQuestion,
  measures: ReadonlyArray<Measure>,
): SealedField | undefined => {
  if (people === "linked" && measures.includes("visitors")) return undefined;
  if (measures.some((measure) => ofSealedRow[measure] === undefined)) return undefined;
  const fields = new Set(fieldsOf(filter));
  if (dimension !== undefined) fields.add(dimension);
  fields.delete("site");
  if (fields.size > 1) return undefined;
  const [field] = fields;
  if (field === undefined) return WHOLE_DAY;
  return field in sessionFieldColumns ? (field as keyof typeof sessionFieldColumns) : undefined;
};

const KEY = ["site_id", "visitor_id", "session_id"];

const bucketParams = ({ bucketStartsMs }: CountedQuestion): CountsSql["params"] =>
  bucketStartsMs === undefined ? {} : { bucket_starts: bucketStartsMs.map((ms) => ms / 1000) };

/**
 * The counts of sessions that begin in [from, to) per value and bucket: sealed days by their daily counts where these can
 * tell what is asked, everything else by the sessions.
 */
export const sessionCounts = (
  question: CountedQuestion,
  coverage: Coverage,
  measures: ReadonlyArray<Measure>,
): Effect.Effect<CountsSql, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const field = sealedField(question, measures);
    if (field === undefined) return yield* countsOfSessions(question, coverage, measures);
    const sealed = sealedCounts(question, field, coverage);
    const days = coverage.days.filter((day) => !sealed.covered.has(day));
    const rows = sealedRows(
      question,
      field,
      sealed,
      measures.map((measure) => [measure, ofSealedRow[measure] ?? ""]),
      "session_days",
    );
    const merged = (measure: Measure) =>
      measure === "visitors" ? "uniqMerge(c.visitors)" : `sum(c.${measure})`;
    const rest =
      days.length === 0 && coverage.open.length === 0 && rows.length > 0
        ? []
        : [yield* countsOfSessions(question, { ...coverage, days }, measures, "uniqState")];
    const parts = [...rows, ...rest];
    return {
      sql: `
        SELECT c.key AS key, c.bucket AS bucket, ${measures.map((measure) => `${merged(measure)} AS ${measure}`).join(", ")}
        FROM (${parts.map(({ sql }) => sql).join(" UNION ALL ")}) AS c GROUP BY key, bucket`,
      params: Object.assign(
        { project: question.project },
        bucketParams(question),
        ...parts.map(({ params }) => params),
      ) as CountsSql["params"],
    };
  });

/**
 * The counts of the sessions themselves. A value that only single events have counts the
 * sessions with an event of it in the range that the filter selects.
 */
const countsOfSessions = (
  question: CountedQuestion,
  coverage: Coverage,
  measures: ReadonlyArray<Measure>,
  uniq: "uniq" | "uniqState" = "uniq",
): Effect.Effect<CountsSql, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const { range, filter, dimension, search, goal, bots, bucketStartsMs } = question;
    const source = yield* sessionSource(question, coverage);
    const columnOf = sessionFields(range);
    const chosen = sessionFilter(filter, columnOf);
    const params: Record<string, string | number | ReadonlyArray<string | number>> = {
      ...source.params,
      ...(chosen.params as CountsSql["params"]),
    };
    Object.assign(params, bucketParams(question));

    const timesOf = (part: Filter, name: string, untilMs: number): string => {
      const condition = filterCondition(part, eventFields(range), name);
      Object.assign(params, condition.params);
      return `
        SELECT ${KEY.join(", ")}, groupArray(t.occurred_at) AS times FROM events AS t
        WHERE t.project_id = {project:String} AND ${inIntervals([{ fromMs: range.fromMs, toMs: untilMs }])}
          AND ${[...botConditions[bots], condition.sql].join(" AND ")}
        GROUP BY ${KEY.join(", ")}`;
    };
    const joins = chosen.eventParts.map((part, index) => ({
      name: `part_${index}`,
      column: `arrayExists(${within}, part_${index}.times) AS had_${index}`,
      times: timesOf(part, `event_part_${index}`, range.toMs),
    }));
    if (measures.includes("conversions") || measures.includes("converters")) {
      const isGoal: Filter = { kind: "condition", field: "event_type", operator: "is", values: goal };
      // Of whole sessions, so also what of them lies behind the range.
      const untilMs = Math.max(range.toMs, (coverage.lastDay + 2) * 86_400_000);
      joins.push({
        name: "goal",
        column: "goal.times AS goal_times",
        times: timesOf(isGoal, "goal_part", untilMs),
      });
    }

    const fields = [...fieldsOf(filter), ...(dimension === undefined ? [] : [dimension])];
    const columns = [
      ...new Set([
        ...fields.flatMap(columnOfField),
        ...measures.flatMap((measure) => (isWho(measure) ? [] : ofSessions[measure].columns)),
      ]),
    ];
    const selected = `
      SELECT s.* ${joins.map(({ column }) => `, ${column}`).join("")}
      FROM (${source.select(columns)}) AS s
      ${joins
        .map(
          ({ name, times }) =>
            `LEFT JOIN (${times}) AS ${name} ON ${KEY.map((key) => `s.${key} = ${name}.${key}`).join(" AND ")}`,
        )
        .join("\n")}
      WHERE ${chosen.condition}`;

    const bucket =
      bucketStartsMs === undefined
        ? "0"
        : "roundDown(toUnixTimestamp(s.started_at), {bucket_starts:Array(UInt32)})";
    const person = personOf(measures.some(isWho) ? question.people : "visitors", "s");
    const who = whoOfSessions(person.column, uniq);
    const counted = measures
      .map((measure) => `${isWho(measure) ? who[measure] : ofSessions[measure].sql} AS ${measure}`)
      .join(", ");
    const searched = (key: string): string => {
      const condition = searchCondition(key, search);
      Object.assign(params, condition.params);
      return condition.sql;
    };
    const keyOf = (own: ColumnOf): string => {
      const column = dimension === undefined ? undefined : own(dimension);
      if (dimension === undefined || column === undefined) return "''";
      Object.assign(params, column.params);
      return keyText(dimension, column);
    };

    if (dimension === undefined || isOfSession(dimension)) {
      const key = keyOf(columnOf);
      return {
        sql: `
          SELECT ${key} AS key, ${bucket} AS bucket, ${counted}
          FROM (${selected}) AS s ${person.join} WHERE ${searched(key)} GROUP BY key, bucket`,
        params,
      };
    }

    const ofEvent = eventFields(range);
    const key = keyOf(ofEvent);
    // The session has been chosen; of its events those count that the filter selects too.
    const mixed: ColumnOf = (field) => (isOfSessionOnly(field) ? columnOf(field) : ofEvent(field));
    const condition = filterCondition(filter, mixed, "of_event");
    Object.assign(params, condition.params);
    const used = [...columns, ...(measures.some((m) => m.startsWith("conver")) ? ["goal_times"] : [])];
    return {
      sql: `
        SELECT s.key AS key, ${bucket} AS bucket, ${counted}
        FROM (
          SELECT ${key} AS key, s.site_id AS site_id, s.visitor_id AS visitor_id, s.session_id AS session_id,
            s.started_at AS started_at, s.ended_at AS ended_at
            ${used.map((column) => `, any(s.${column}) AS ${column}`).join("")}
          FROM events AS t
          INNER JOIN (${selected}) AS s
            ON ${KEY.map((name) => `t.${name} = s.${name}`).join(" AND ")}
          WHERE t.project_id = {project:String} AND ${inIntervals([range])}
            AND t.occurred_at >= s.started_at AND t.occurred_at <= s.ended_at
            AND ${[...botConditions[bots], condition.sql, searched(key)].join(" AND ")}
          GROUP BY key, site_id, visitor_id, session_id, started_at, ended_at
        ) AS s ${person.join} GROUP BY key, bucket`,
      params,
    };
  });
