import type { Effect } from "effect";
import { InvalidParameter } from "../domain/errors.ts";
import type { Retention } from "../retention/retention.ts";
import { eventFields } from "../stats/catalogue/dimensions.ts";
import { fieldsOf } from "../stats/filters/filter.ts";
import type { StatsQuery } from "../stats/parameters/query.ts";
import { type Scope, type Statement, whereClause } from "../stats/statement.ts";
import { requireRawEvents } from "../stats/table-decider.ts";
import { events } from "../stats/tables.ts";
import type { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";

const scopeOf = (query: StatsQuery): Scope => ({
  project: query.project,
  fromMs: query.range.fromMs,
  toMs: query.range.toMs,
  zone: query.range.zone,
  eventTypes: undefined,
  filter: query.filter,
  bots: query.bots,
});

/** The events that a question asks for and that happened from `fromMs` up to `toMs` (exclusive). */
export const eventsBetween = (query: StatsQuery, fromMs: number, toMs: number): Statement =>
  whereClause({ ...scopeOf(query), fromMs, toMs }, events);

/**
 * Fails where a question cannot be answered with single events: a condition asks for something that only whole sessions
 * have, or some of the events are gone.
 */
export const requireSingleEvents = (
  query: StatsQuery,
): Effect.Effect<void, InvalidParameter | ClickHouseError, ClickHouse | Retention> => {
  const columnOf = eventFields(query.range);
  const foreign = fieldsOf(query.filter).find((field) => columnOf(field) === undefined);
  return foreign === undefined
    ? requireRawEvents(scopeOf(query), query.range)
    : new InvalidParameter({
        parameter: "filter",
        message: `has ${foreign}, which whole sessions have and single events do not.`,
      });
};
