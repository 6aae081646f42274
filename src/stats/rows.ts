import { Effect } from "effect";
import { type Answer, type AnswerOptions, answer } from "./answer.ts";
import { type Bucket, bucketsOf } from "./calendar/buckets.ts";
import type { RowsQuery, RowsShape, SortKey } from "./parameters/query.ts";
import type { Question } from "./question.ts";
import type { RowsOrder } from "./statement.ts";
import { type Dimension, widgetEventTypes } from "./tables.ts";

/** What rows can be grouped by besides their keys: a dimension, or the day in the asked zone. */
export type RowGroup = Dimension | "date";

/** A row as ClickHouse answers it: `key_<dimension>` besides. */
export interface CountedRow {
  readonly [key: `key_${string}`]: string | number;
  readonly bucket?: number;
  readonly impressions: number;
  readonly clicks: number;
  readonly visitors: number;
}

export interface WidgetRowsShape extends RowsShape<RowGroup> {
  readonly keys: ReadonlyArray<Dimension>;
  /** A measure's fragment over the columns of {@link CountedRow}. */
  readonly orderOf: Readonly<Record<string, string>>;
}

// Far above what 20 years of days come to; it bounds nothing that can be asked for.
const MAXIMUM_DAYS = 10_000;

/** The question, its order and the days that `group_by=date` tells apart. */
export const rowsQuestion = (query: RowsQuery<RowGroup>, shape: WidgetRowsShape) => {
  const days: ReadonlyArray<Bucket> = query.groupBy.includes("date")
    ? (bucketsOf(query.range, "day", MAXIMUM_DAYS) ?? [])
    : [];
  const question: Question = {
    project: query.project,
    fromMs: query.range.fromMs,
    toMs: query.range.toMs,
    zone: query.range.zone,
    eventTypes: widgetEventTypes,
    filter: query.filter,
    bots: query.bots,
    groups: [...shape.keys, ...query.groupBy.filter((group) => group !== "date")],
    bucketStartsMs: query.groupBy.includes("date") ? days.map(({ startMs }) => startMs) : undefined,
    metrics: ["impressions", "clicks", "visitors"],
  };
  const term = ({ column, descending }: SortKey): string => {
    const fragment = column === "date" ? "bucket" : (shape.orderOf[column] ?? `key_${column}`);
    return descending ? `${fragment} DESC` : fragment;
  };
  const order: RowsOrder = {
    terms: query.sort.map(term),
    byVisitors: query.sort.some(({ column }) => shape.orderOf[column] === "visitors"),
    limit: query.limit,
    offset: query.offset,
  };
  return { question, order, days };
};

/** Counts of widget events per key, each row written by `toRow` and followed by the columns of `group_by`. */
export const countedRows = <Row extends object>(
  query: RowsQuery<RowGroup>,
  shape: WidgetRowsShape,
  toRow: (row: CountedRow) => Row,
  options?: AnswerOptions,
): Answer<Row & Readonly<Partial<Record<RowGroup, string | number>>>> =>
  Effect.gen(function* () {
    // A day that its zone skipped.
    if (query.range.fromMs >= query.range.toMs) return [];
    const { question, order, days } = rowsQuestion(query, shape);
    const labels = new Map(days.map(({ startMs, label }) => [startMs / 1000, label]));
    const rows = yield* answer<CountedRow>(question, query.range, order, options);
    return rows.map((row) => ({
      ...toRow(row),
      ...Object.fromEntries(
        query.groupBy.map((group) => [
          group,
          group === "date" ? labels.get(row.bucket ?? Number.NaN) : row[`key_${group}`],
        ]),
      ),
    }));
  });
