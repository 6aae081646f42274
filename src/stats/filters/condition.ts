import type { QueryParams } from "../../store/clickhouse.ts";
import type { ColumnFragment, ColumnOf } from "../catalogue/dimensions.ts";
import type { Condition, Filter } from "./filter.ts";

/** A condition in SQL with bound parameters. */
export interface ConditionSql {
  readonly sql: string;
  readonly params: QueryParams;
}

/** One condition for every value, any of which has to hold. Parameters are `name_0`, `name_1` and so on. */
const anyValue = (
  values: ReadonlyArray<string>,
  name: string,
  sqlOf: (value: string) => string,
): ConditionSql => ({
  sql:
    values.length === 0
      ? "0"
      : `(${values.map((_, index) => sqlOf(`{${name}_${index}:String}`)).join(" OR ")})`,
  params: Object.fromEntries(values.map((value, index) => [`${name}_${index}`, value])),
});

const comparisons = { gt: ">", gte: ">=", lt: "<", lte: "<=" } as const;

const operatorSql = ({ operator, values }: Condition, column: ColumnFragment, name: string): ConditionSql => {
  const { sql, type } = column;
  const list = { [name]: type === "number" ? values.map(Number) : values };
  const isOneOf = `${sql} IN {${name}:Array(${type === "number" ? "UInt64" : "String"})}`;
  switch (operator) {
    case "is":
      return { sql: isOneOf, params: list };
    case "is_not":
      return { sql: `NOT (${isOneOf})`, params: list };
    case "contains":
      return { sql: `multiSearchAny(${sql}, {${name}:Array(String)})`, params: list };
    case "not_contains":
      return { sql: `NOT multiSearchAny(${sql}, {${name}:Array(String)})`, params: list };
    case "starts_with":
      // An arrayExists would copy the column once for every value, and not find its rows by the primary key.
      return anyValue(values, name, (value) => `startsWith(${sql}, ${value})`);
    case "matches":
      // The second one is computed while the statement is analysed: a pattern that RE2 refuses fails also where there are
      // no rows.
      return anyValue(values, name, (value) => `(match(${sql}, ${value}) AND match('', ${value}) IN (0, 1))`);
    case "exists":
      return { sql: `${sql} != ${type === "number" ? "0" : "''"}`, params: {} };
    case "not_exists":
      return { sql: `${sql} = ${type === "number" ? "0" : "''"}`, params: {} };
    case "gt":
    case "gte":
    case "lt":
    case "lte": {
      const compared = (number: string) => `${number} ${comparisons[operator]} {${name}:Float64}`;
      const params = { [name]: Number(values[0]) };
      if (type === "number") return { sql: compared(sql), params };
      // The engine reads inf, nan and 1e400 as numbers too.
      const number = `toFloat64OrNull(toString(${sql}))`;
      return { sql: `ifNull(isFinite(${number}) AND ${compared(number)}, 0)`, params };
    }
  }
};

/**
 * The filter as a condition in SQL, with bound parameters whose names begin with `prefix`. Throws for a field that
 * `columnOf` does not have: who calls has looked at `fieldsOf` before.
 */
export const filterCondition = (filter: Filter, columnOf: ColumnOf, prefix = "filter"): ConditionSql => {
  if (filter.kind === "condition") {
    const column = columnOf(filter.field);
    if (column === undefined) throw new Error(`This table has no ${filter.field}.`);
    const { sql, params } = operatorSql(filter, column, prefix);
    return { sql, params: { ...column.params, ...params } };
  }
  const parts = filter.filters.map((part, index) => filterCondition(part, columnOf, `${prefix}_${index}`));
  const params = Object.assign({}, ...parts.map((part) => part.params)) as QueryParams;
  // An empty `all` holds for everything, an empty `any` for nothing.
  if (parts.length === 0) return { sql: filter.kind === "all" ? "1" : "0", params };
  const joined = parts.map(({ sql }) => `(${sql})`).join(filter.kind === "all" ? " AND " : " OR ");
  return { sql: parts.length === 1 ? joined : `(${joined})`, params };
};
