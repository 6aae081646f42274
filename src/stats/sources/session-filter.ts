import type { QueryParams } from "../../store/clickhouse.ts";
import { type ColumnOf, isOfSession } from "../catalogue/dimensions.ts";
import { filterCondition } from "../filters/condition.ts";
import { type Filter, fieldsOf } from "../filters/filter.ts";

/** A filter as it is asked of sessions. */
export interface SessionFilter {
  /** Over the session `s` and the columns `had_0`, `had_1` …, whether it has an event for which that part holds. */
  readonly condition: string;
  /** The parts that ask single events, in the order of those columns. */
  readonly eventParts: ReadonlyArray<Filter>;
  readonly params: QueryParams;
}

const asksEventsOnly = (filter: Filter): boolean => {
  const fields = fieldsOf(filter);
  return fields.length > 0 && fields.every((field) => !isOfSession(field));
};

/** The same filter without groups within groups of their kind, and without groups of one. */
const flattened = (filter: Filter): Filter => {
  if (filter.kind === "condition") return filter;
  const filters = filter.filters
    .map(flattened)
    .flatMap((part) => (part.kind === filter.kind ? part.filters : [part]));
  const [only] = filters;
  return filters.length === 1 && only !== undefined ? only : { kind: filter.kind, filters };
};

/**
 * Splits a filter into what a session answers by its own columns, and the largest parts that only its events can answer.
 * Parts beside each other in an `all` or an `any` are one part, so that they are asked of the same event.
 */
export const sessionFilter = (filter: Filter, columnOf: ColumnOf): SessionFilter => {
  const eventParts: Array<Filter> = [];
  let params: QueryParams = {};
  const had = (part: Filter): string => {
    eventParts.push(part);
    return `had_${eventParts.length - 1}`;
  };
  let conditions = 0;
  const conditionOf = (part: Filter): string => {
    if (asksEventsOnly(part)) return had(part);
    if (part.kind === "condition" || part.filters.length === 0) {
      const condition = filterCondition(part, columnOf, `session_${conditions++}`);
      params = { ...params, ...condition.params };
      return condition.sql;
    }
    const ofEvents = part.filters.filter(asksEventsOnly);
    const rest = part.filters.filter((inner) => !asksEventsOnly(inner)).map(conditionOf);
    const [only] = ofEvents;
    const asked =
      only === undefined ? [] : [had(ofEvents.length === 1 ? only : { kind: part.kind, filters: ofEvents })];
    return `(${[...asked, ...rest].map((sql) => `(${sql})`).join(part.kind === "all" ? " AND " : " OR ")})`;
  };
  const condition = conditionOf(flattened(filter));
  return { condition, eventParts, params };
};
