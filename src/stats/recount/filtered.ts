import type { Condition } from "../filters/filter.ts";
import type { EventRow } from "./event-row.ts";
import { valueOfEvent } from "./field-value.ts";
import type { Matches } from "./selection.ts";

const numberFields = ["widget", "post", "hour_of_day", "weekday"];

/** The number that a text is in decimal notation; NaN for any other text, and for one beyond the doubles. */
const decimal = (text: string): number => {
  if (!/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(text)) return Number.NaN;
  const number = Number(text);
  return Number.isFinite(number) ? number : Number.NaN;
};

// As far as RE2 and JavaScript mean the same by a pattern; a dot is any character, also the end of a line.
const isFoundIn = (pattern: string, text: string): boolean =>
  pattern.startsWith("(?i)")
    ? new RegExp(pattern.slice(4), "isu").test(text)
    : new RegExp(pattern, "su").test(text);

const holds = ({ field, operator, values }: Condition, event: EventRow, zone: string): boolean => {
  const none = numberFields.includes(field) ? "0" : "";
  const text = valueOfEvent(field, event, zone) || none;
  const asked = Number(values[0]);
  switch (operator) {
    case "is":
      return values.includes(text);
    case "is_not":
      return !values.includes(text);
    case "contains":
      return values.some((value) => text.includes(value));
    case "not_contains":
      return !values.some((value) => text.includes(value));
    case "starts_with":
      return values.some((value) => text.startsWith(value));
    case "matches":
      return values.some((value) => isFoundIn(value, text));
    case "exists":
      return text !== none;
    case "not_exists":
      return text === none;
    case "gt":
      return decimal(text) > asked;
    case "gte":
      return decimal(text) >= asked;
    case "lt":
      return decimal(text) < asked;
    case "lte":
      return decimal(text) <= asked;
  }
};

/**
 * Whether a filter holds for an event, found without SQL. Values of number fields are written as `parseFilter` writes
 * them. Throws for a field that single events do not have. Patterns are JavaScript's, so that only those judge rightly
 * that mean the same in RE2.
 */
export const matchesFilter: Matches = (filter, event, zone) => {
  if (filter.kind === "condition") return holds(filter, event, zone);
  return filter.kind === "all"
    ? filter.filters.every((part) => matchesFilter(part, event, zone))
    : filter.filters.some((part) => matchesFilter(part, event, zone));
};
