import type { Field } from "../catalogue/dimensions.ts";

/**
 * What a condition asks of a field. With several values the positive ones ask for any of them (`is`, `contains`,
 * `starts_with`, `matches`), the negative ones for none of them (`is_not`, `not_contains`). `exists` takes no values: the
 * field is not empty (a number is not 0). `matches` is a regular expression (RE2) that is found anywhere in the value.
 * `gt`, `gte`, `lt` and `lte` take one number; a value that is no number is neither.
 */
export const operators = [
  "is",
  "is_not",
  "contains",
  "not_contains",
  "starts_with",
  "matches",
  "exists",
  "not_exists",
  "gt",
  "gte",
  "lt",
  "lte",
] as const;
export type Operator = (typeof operators)[number];

export interface Condition {
  readonly kind: "condition";
  readonly field: Field;
  readonly operator: Operator;
  readonly values: ReadonlyArray<string>;
}

/** `all`: every one has to hold (true when there are none). `any`: at least one has to. */
export interface Group {
  readonly kind: "all" | "any";
  readonly filters: ReadonlyArray<Filter>;
}

export type Filter = Condition | Group;

/** Holds for everything. */
export const everything: Filter = { kind: "all", filters: [] };

/** Both at once, without needless nesting. */
export const both = (a: Filter, b: Filter): Filter => {
  const parts = (filter: Filter) => (filter.kind === "all" ? filter.filters : [filter]);
  const filters = [...parts(a), ...parts(b)];
  const [only] = filters;
  return filters.length === 1 && only !== undefined ? only : { kind: "all", filters };
};

/** The fields that a filter looks at, each once. */
export const fieldsOf = (filter: Filter): ReadonlyArray<Field> => [
  ...new Set(filter.kind === "condition" ? [filter.field] : filter.filters.flatMap(fieldsOf)),
];
