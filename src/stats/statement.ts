import type { QueryParams } from "../store/clickhouse.ts";
import { eventFields } from "./catalogue/dimensions.ts";
import { filterCondition } from "./filters/condition.ts";
import { personOf } from "./people.ts";
import type { BotRule, Question } from "./question.ts";
import { events, type Metric, type StatsTable } from "./tables.ts";

/** SQL made of catalogue fragments, and the values for its placeholders. */
export interface Statement {
  readonly sql: string;
  readonly params: QueryParams;
}

export interface RowsOrder {
  /** Fragments over the statement's columns, the first one weighing most. */
  readonly terms: ReadonlyArray<string>;
  /** A term is of the visitors, which are far slower to count than all else. */
  readonly byVisitors: boolean;
  readonly limit: number;
  readonly offset: number;
}

export const botConditions: Readonly<Record<BotRule, ReadonlyArray<string>>> = {
  exclude: ["NOT t.is_bot"],
  include: [],
  only: ["t.is_bot"],
};

/** What limits the rows that a question is about. */
export type Scope = Pick<Question, "project" | "fromMs" | "toMs" | "eventTypes" | "filter" | "bots" | "zone">;

/** The rows of `table` that a question is about. Throws where the filter has a field that the table does not. */
export const whereClause = (scope: Scope, table: StatsTable): Statement => {
  const { project, fromMs, toMs, eventTypes, bots } = scope;
  const byType = table.eventTypes === "each" && eventTypes !== undefined;
  const filter = filterCondition(scope.filter, eventFields({ fromMs, toMs, zone: scope.zone }));
  return {
    sql: [
      "t.project_id = {project:String}",
      table.inRange,
      ...(byType ? ["t.event_type IN {event_types:Array(String)}"] : []),
      filter.sql,
      ...(table === events ? botConditions[bots] : []),
    ].join(" AND "),
    params: {
      project,
      range_from: table.timeParam(fromMs),
      range_to: table.timeParam(toMs),
      ...(byType ? { event_types: eventTypes } : {}),
      ...filter.params,
    },
  };
};

// `roundDown` finds a row's bucket by binary search in the sorted starts, which were computed with the zone's calendar.
const bucketColumn = (table: StatsTable): string =>
  `roundDown(${table.seconds}, {bucket_starts:Array(UInt32)}) AS bucket`;

/**
 * The rows of a page where they can be told without their visitors, so that those, which take far longer than all else,
 * are counted for them alone. It takes half the time of counting them for every row.
 */
const pageCondition = (question: Question, table: StatsTable, order: RowsOrder): string | undefined => {
  const { groups, metrics, bucketStartsMs } = question;
  if (table === events || order.byVisitors || bucketStartsMs !== undefined || !metrics.includes("visitors"))
    return undefined;
  const others = metrics.filter((metric) => metric !== "visitors");
  return `(${groups.map((name) => `t.${name}`).join(", ")}) IN (
    SELECT ${groups.map((name) => `key_${name}`).join(", ")}
    FROM (${selectStatement({ ...question, metrics: others }, table, order).sql})
  )`;
};

/**
 * Groups and counts. Columns: the question's groups as `key_<dimension>`, `bucket` (its start in seconds) when it groups
 * by time, then its metrics by name. With `order` the keys settle ties, so that pages never overlap.
 */
export const selectStatement = (question: Question, table: StatsTable, order?: RowsOrder): Statement => {
  const where = whereClause(question, table);
  const person = personOf(question.people, "t");
  const countOf = (metric: Metric): string =>
    metric === "visitors" && table === events ? `uniq(${person.column})` : (table.metrics[metric] ?? "");
  const keys = question.groups.map((name) => `key_${name}`);
  const byTime = question.bucketStartsMs !== undefined;
  const columns = [
    ...question.groups.map((name) => `t.${name} AS key_${name}`),
    ...(byTime ? [bucketColumn(table)] : []),
    ...question.metrics.map((metric) => `${countOf(metric)} AS ${metric}`),
  ];
  const grouped = [...keys, ...(byTime ? ["bucket"] : [])];
  const ordered = [...(order?.terms ?? []), ...grouped];
  const page = order === undefined ? undefined : pageCondition(question, table, order);
  const isCut = order !== undefined && page === undefined;
  return {
    sql: [
      `SELECT ${columns.join(", ")}`,
      `FROM ${table.name} AS t ${person.join}`,
      `WHERE ${where.sql} ${page === undefined ? "" : `AND ${page}`}`,
      `GROUP BY ${grouped.join(", ")}`,
      `ORDER BY ${ordered.join(", ")}`,
      ...(isCut ? ["LIMIT {limit:UInt32} OFFSET {offset:UInt32}"] : []),
    ].join("\n"),
    params: {
      ...where.params,
      ...(byTime ? { bucket_starts: question.bucketStartsMs.map((ms) => ms / 1000) } : {}),
      ...(order === undefined ? {} : { limit: order.limit, offset: order.offset }),
    },
  };
};
