import {
  type eventFieldColumns,
  HOUR,
  type sessionFieldColumns,
  WHOLE_DAY,
} from "../../sealing/field-rows.ts";
import { type AskedDay, DAY_MS, HOUR_MS } from "../../sealing/sealed-days.ts";
import { dateText } from "../../store/time-text.ts";
import { type ColumnOf, type Field, keyText } from "../catalogue/dimensions.ts";
import type { CountedQuestion, CountsSql } from "../counted-question.ts";
import { filterCondition } from "../filters/condition.ts";
import { type Coverage, clipped } from "./coverage.ts";

/** Whose rows of `daily_field_stats` are asked: those of one field, or of the whole day. */
export type SealedField =
  | keyof typeof eventFieldColumns
  | keyof typeof sessionFieldColumns
  | typeof WHOLE_DAY;

interface SealedPart {
  /** Which rows of these days. */
  readonly where: string;
  readonly days: ReadonlyArray<AskedDay>;
}

/** The days of a question that `daily_field_stats` answers, each by one of the parts. */
export interface SealedCounts {
  readonly parts: ReadonlyArray<SealedPart>;
  readonly covered: ReadonlySet<AskedDay>;
}

export const nothingSealed: SealedCounts = { parts: [], covered: new Set() };

const HOUR_OF_ROW = "toUInt8OrZero(t.value)";

/**
 * The days that can be answered by daily counts of a field: sealed ones that lie in the range as a whole, when no bucket
 * begins within a day; and, where no field is asked for, any sealed ones by their hours, when everything begins at whole
 * hours in UTC.
 */
export const sealedCounts = (
  { range, bucketStartsMs }: CountedQuestion,
  field: SealedField,
  { days }: Coverage,
): SealedCounts => {
  const { fromMs, toMs } = range;
  const starts = bucketStartsMs?.slice(1) ?? [];
  const isWholeHour = (ms: number) => ms % HOUR_MS === 0;
  const covered = new Set<AskedDay>();
  const parts: Array<SealedPart> = [];
  if (starts.every((ms) => ms % DAY_MS === 0)) {
    const whole = days.filter(
      ({ build, day }) => build !== undefined && day * DAY_MS >= fromMs && (day + 1) * DAY_MS <= toMs,
    );
    for (const day of whole) covered.add(day);
    if (whole.length > 0) parts.push({ where: `t.field = '${field}'`, days: whole });
  }
  if (field === WHOLE_DAY && starts.every(isWholeHour)) {
    const byHour = days.filter((day) => {
      const part = clipped(range, day.day);
      return (
        day.build !== undefined && !covered.has(day) && isWholeHour(part.fromMs) && isWholeHour(part.toMs)
      );
    });
    for (const day of byHour) covered.add(day);
    const time = `(toUnixTimestamp(toDateTime(t.date, 'UTC')) + 3600 * ${HOUR_OF_ROW})`;
    if (byHour.length > 0) {
      parts.push({
        where: `t.field = '${HOUR}' AND ${time} >= ${Math.ceil(fromMs / 1000)} AND ${time} < ${Math.ceil(toMs / 1000)}`,
        days: byHour,
      });
    }
  }
  return { parts, covered };
};

const fieldsOfRow =
  (sealed: SealedField): ColumnOf =>
  (field: Field) => {
    if (field === "site") return { sql: "t.site_id", type: "text", params: {} };
    if (field !== sealed) return undefined;
    return field === "widget" || field === "post"
      ? { sql: "toUInt64OrZero(t.value)", type: "number", params: {} }
      : { sql: "t.value", type: "text", params: {} };
  };

/** The condition on a value that `search` makes, with its parameter. */
export const searchCondition = (key: string, search: string | undefined) =>
  search === undefined
    ? { sql: "1", params: {} }
    : { sql: `position(lowerUTF8(${key}), lowerUTF8({search:String})) > 0`, params: { search } };

/**
 * A SELECT of `key`, `bucket` and the columns of `measures` (SQL by name) for each part, not grouped. Parameters begin
 * with `prefix`; `also` is one more condition.
 */
export const sealedRows = (
  { filter, dimension, search, bucketStartsMs }: CountedQuestion,
  field: SealedField,
  { parts }: SealedCounts,
  measures: ReadonlyArray<readonly [name: string, sql: string]>,
  prefix: string,
  also = "1",
): ReadonlyArray<CountsSql> =>
  parts.map(({ where, days }, index) => {
    const columnOf = fieldsOfRow(field);
    const column = dimension === undefined ? undefined : columnOf(dimension);
    const key = dimension === undefined || column === undefined ? "''" : keyText(dimension, column);
    const condition = filterCondition(filter, columnOf, `${prefix}_${index}`);
    const searched = searchCondition(key, search);
    const builds = `${prefix}_builds_${index}`;
    const numbers = days.map(({ day }) => day);
    const seconds = `toUnixTimestamp(toDateTime(t.date, 'UTC')) + if(t.field = '${HOUR}', 3600 * ${HOUR_OF_ROW}, 0)`;
    const bucket =
      bucketStartsMs === undefined ? "0" : `roundDown(${seconds}, {bucket_starts:Array(UInt32)})`;
    return {
      sql: `
        SELECT ${key} AS key, ${bucket} AS bucket, ${measures.map(([name, sql]) => `${sql} AS ${name}`).join(", ")}
        FROM daily_field_stats AS t
        WHERE t.project_id = {project:String} AND ${where}
          AND t.date >= '${dateText(Math.min(...numbers))}' AND t.date <= '${dateText(Math.max(...numbers))}'
          AND t.build IN {${builds}:Array(UInt64)} AND ${[condition.sql, searched.sql, also].join(" AND ")}`,
      params: {
        ...(condition.params as CountsSql["params"]),
        ...searched.params,
        [builds]: days.map(({ build }) => build ?? 0),
      },
    };
  });
