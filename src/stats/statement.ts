import type { QueryParams } from "../store/clickhouse.ts";
import type { BotRule, Filters, Question } from "./question.ts";
import { type Dimension, dimensionTypes, events, type StatsTable } from "./tables.ts";

/** SQL made of catalogue fragments, and the values for its placeholders. */
export interface Statement {
  readonly sql: string;
  readonly params: QueryParams;
}

export interface RowsOrder {
  /** Fragments over the statement's columns, the first one weighing most. */
  readonly terms: ReadonlyArray<string>;
  readonly limit: number;
  readonly offset: number;
}

const botConditions: Readonly<Record<BotRule, ReadonlyArray<string>>> = {
  exclude: ["NOT t.is_bot"],
  include: [],
  only: ["t.is_bot"],
};

const filtered = (filters: Filters) =>
  (Object.keys(dimensionTypes) as ReadonlyArray<Dimension>).flatMap((name) => {
    const values = filters[name];
    return values === undefined ? [] : [{ name, values }];
  });

/** The rows of `table` that a question is about. */
export const whereClause = (
  {
    project,
    fromMs,
    toMs,
    eventTypes,
    filters,
    bots,
  }: Omit<Question, "groups" | "bucketStartsMs" | "metrics">,
  table: StatsTable,
): Statement => {
  const byType = table.eventTypes === "each" && eventTypes !== undefined;
  const active = filtered(filters);
  return {
    sql: [
      "t.project_id = {project:String}",
      table.inRange,
      ...(byType ? ["t.event_type IN {event_types:Array(String)}"] : []),
      ...active.map(({ name }) => `t.${name} IN {${name}:Array(${dimensionTypes[name]})}`),
      ...(table === events ? botConditions[bots] : []),
    ].join(" AND "),
    params: {
      project,
      range_from: table.timeParam(fromMs),
      range_to: table.timeParam(toMs),
      ...(byType ? { event_types: eventTypes } : {}),
      ...Object.fromEntries(active.map(({ name, values }) => [name, values])),
    },
  };
};

// `roundDown` finds a row's bucket by binary search in the sorted starts, which were computed with the zone's calendar.
const bucketColumn = (table: StatsTable): string =>
  `roundDown(${table.seconds}, {bucket_starts:Array(UInt32)}) AS bucket`;

/**
 * Groups and counts. Columns: the question's groups as `key_<dimension>`, `bucket` (its start in seconds) when it groups
 * by time, then its metrics by name. With `order` the keys settle ties, so that pages never overlap.
 */
export const selectStatement = (question: Question, table: StatsTable, order?: RowsOrder): Statement => {
  const where = whereClause(question, table);
  const keys = question.groups.map((name) => `key_${name}`);
  const byTime = question.bucketStartsMs !== undefined;
  const columns = [
    ...question.groups.map((name) => `t.${name} AS key_${name}`),
    ...(byTime ? [bucketColumn(table)] : []),
    ...question.metrics.map((metric) => `${table.metrics[metric]} AS ${metric}`),
  ];
  const grouped = [...keys, ...(byTime ? ["bucket"] : [])];
  const ordered = [...(order?.terms ?? []), ...grouped];
  return {
    sql: [
      `SELECT ${columns.join(", ")}`,
      `FROM ${table.name} AS t`,
      `WHERE ${where.sql}`,
      `GROUP BY ${grouped.join(", ")}`,
      `ORDER BY ${ordered.join(", ")}`,
      ...(order === undefined ? [] : ["LIMIT {limit:UInt32} OFFSET {offset:UInt32}"]),
    ].join("\n"),
    params: {
      ...where.params,
      ...(byTime ? { bucket_starts: question.bucketStartsMs.map((ms) => ms / 1000) } : {}),
      ...(order === undefined ? {} : { limit: order.limit, offset: order.offset }),
    },
  };
};
