import type { Condition } from "../filters/filter.ts";
import type { EventRow } from "./event-row.ts";
import { valueOfEvent } from "./field-value.ts";
import type { Matches } from "./selection.ts";

const numberFields = ["widget", "post", "hour_of_day", "weekday"];

const holds = ({ field, operator, values }: Condition, event: EventRow, zone: string): boolean => {
  const isNumber = numberFields.includes(field);
  const text = valueOfEvent(field, event, zone) || (isNumber ? "0" : "");
  const compared = (compare: (a: number, b: number) => boolean) =>
    /^[+-]?\d+(\.\d+)?$/.test(text) && compare(Number(text), Number(values[0]));
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
      return values.some((value) => new RegExp(value, "u").test(text));
    case "exists":
      return text !== (isNumber ? "0" : "");
    case "not_exists":
      return text === (isNumber ? "0" : "");
    case "gt":
      return compared((a, b) => a > b);
    case "gte":
      return compared((a, b) => a >= b);
    case "lt":
      return compared((a, b) => a < b);
    case "lte":
      return compared((a, b) => a <= b);
  }
};

/** Whether a filter holds for an event, for values and patterns of stories. */
export const plainMatches: Matches = (filter, event, zone) => {
  if (filter.kind === "condition") return holds(filter, event, zone);
  return filter.kind === "all"
    ? filter.filters.every((part) => plainMatches(part, event, zone))
    : filter.filters.some((part) => plainMatches(part, event, zone));
};
