import { Either } from "effect";
import { type DimensionName, dimensions, type Field } from "../catalogue/dimensions.ts";
import { id } from "../parameters/reader.ts";
import type { Operator } from "./filter.ts";
import { endsInBackslash } from "./pattern-weight.ts";
import { fault, type Parsed, shown } from "./scanner.ts";

/** Most values of one condition, as of the list parameters. */
export const MAXIMUM_VALUES = 100;
export const MAXIMUM_PATTERN_LENGTH = 500;

/** A value and where it stands. */
export interface PlacedValue {
  readonly text: string;
  readonly at: number;
}

export type ValueKind = "none" | "texts" | "parts" | "patterns" | "number";

/** What an operator takes: texts that may be empty, parts of texts that may not, regular expressions, one number. */
export const valueKinds: Readonly<Record<Operator, ValueKind>> = {
  is: "texts",
  is_not: "texts",
  contains: "parts",
  not_contains: "parts",
  starts_with: "parts",
  matches: "patterns",
  exists: "none",
  not_exists: "none",
  gt: "number",
  gte: "number",
  lt: "number",
  lte: "number",
};

export const fieldType = (field: Field): "text" | "number" =>
  field.startsWith("property:") ? "text" : dimensions[field as DimensionName].type;

const numberOperators: ReadonlyArray<Operator> = [
  "is",
  "is_not",
  "exists",
  "not_exists",
  "gt",
  "gte",
  "lt",
  "lte",
];
// Every event has a time.
const timeOperators = numberOperators.filter((operator) => valueKinds[operator] !== "none");

/** The operators that make sense with a field; undefined for all of them. */
export const operatorsOf = (field: Field): ReadonlyArray<Operator> | undefined => {
  if (field === "hour_of_day" || field === "weekday") return timeOperators;
  return fieldType(field) === "number" ? numberOperators : undefined;
};

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

const checked = (field: Field, operator: Operator, { text, at }: PlacedValue): Parsed<string> => {
  const kind = valueKinds[operator];
  if (kind === "number") {
    const number = decimal.test(text) ? Number(text) : Number.NaN;
    return Number.isFinite(number)
      ? Either.right(String(number))
      : fault(at, `${operator} takes a number, not ${shown(text)}.`);
  }
  if (fieldType(field) === "number") {
    const number = id(text);
    return number === undefined
      ? fault(at, `${field} takes whole numbers from 0 to ${Number.MAX_SAFE_INTEGER}, not ${shown(text)}.`)
      : Either.right(String(number));
  }
  if (text === "" && kind !== "texts") {
    return fault(at, `${operator} takes texts that are not empty; it would hold for every value.`);
  }
  if (kind === "patterns" && text.length > MAXIMUM_PATTERN_LENGTH) {
    return fault(at, `a regular expression has at most ${MAXIMUM_PATTERN_LENGTH} characters.`);
  }
  if (kind === "patterns" && endsInBackslash(text)) {
    return fault(at, "this regular expression ends in a backslash, which escapes nothing.");
  }
  return Either.right(text);
};

/** The values of a condition as it keeps them: numbers in their shortest form, texts as they are. */
export const conditionValues = (
  field: Field,
  operator: Operator,
  placed: ReadonlyArray<PlacedValue>,
): Parsed<ReadonlyArray<string>> => {
  const second = placed[1];
  if (valueKinds[operator] === "number" && second !== undefined) {
    return fault(second.at, `${operator} takes one number.`);
  }
  const beyond = placed[MAXIMUM_VALUES];
  if (beyond !== undefined) return fault(beyond.at, `a condition has at most ${MAXIMUM_VALUES} values.`);
  return Either.all(placed.map((value) => checked(field, operator, value)));
};
