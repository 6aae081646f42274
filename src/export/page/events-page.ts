import { Clock, Effect } from "effect";
import type { InvalidParameter } from "../../domain/errors.ts";
import type { Retention } from "../../retention/retention.ts";
import { ClickHouse, defaultBudget } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { jsonLine } from "../event-columns.ts";
import { compareKey, type EventKey, NEWEST_FIRST } from "../event-order.ts";
import { eventsBetween, requireSingleEvents } from "../single-events.ts";
import { encodeCursor } from "./cursor.ts";
import type { EventsQuery } from "./query.ts";

export interface EventsPage {
  /** JSON objects. */
  readonly events: ReadonlyArray<string>;
  /** The cursor of the next page; null after the last one. */
  readonly next: string | null;
}

interface Row {
  readonly line: string;
  readonly at_ms: number;
  readonly id: string;
  readonly batch_number: number;
}

const HOUR_MS = 3_600_000;

/** Each window into the past is so many times as long as the one before. */
const GROWTH = 4;

const keyOf = (row: Row): EventKey => ({ atMs: row.at_ms, id: row.id, batch: row.batch_number });

const newestBetween = (query: EventsQuery, fromMs: number, toMs: number, count: number) => {
  const where = eventsBetween(query, fromMs, toMs);
  const rest = query.after === undefined ? undefined : compareKey("<", query.after, "after");
  return {
    sql: `SELECT ${jsonLine} AS line, toUnixTimestamp64Milli(t.occurred_at) AS at_ms, t.event_id AS id, t.batch AS batch_number
FROM events AS t
WHERE ${where.sql}${rest === undefined ? "" : ` AND ${rest.sql}`}
ORDER BY ${NEWEST_FIRST}
LIMIT {row_limit:UInt32}`,
    params: { ...where.params, ...rest?.params, row_limit: count },
  };
};

/**
 * The newest events of the question after its cursor, at most `limit`. Going on with `next` until it is null gives every
 * event that was there at the first page exactly once, however many come in meanwhile.
 *
 * Looks at windows of time from the newest on, each longer than the one before, until there are enough events: the newest
 * of a busy project lie in its last hour. All windows together have the time of one query.
 */
export const eventsPage = (
  query: EventsQuery,
): Effect.Effect<EventsPage, InvalidParameter | ClickHouseError, ClickHouse | Retention> =>
  Effect.gen(function* () {
    yield* requireSingleEvents(query);
    const clickhouse = yield* ClickHouse;
    const { fromMs } = query.range;
    const deadlineMs = (yield* Clock.currentTimeMillis) + defaultBudget.maxSeconds * 1000;
    // One more than asked for tells whether there is a next page.
    const wanted = query.limit + 1;
    const rows: Array<Row> = [];
    let untilMs = query.after === undefined ? query.range.toMs : query.after.atMs + 1;
    for (let spanMs = HOUR_MS; rows.length < wanted && untilMs > fromMs; spanMs *= GROWTH) {
      const sinceMs = Math.max(fromMs, untilMs - spanMs);
      const { sql, params } = newestBetween(query, sinceMs, untilMs, wanted - rows.length);
      const leftMs = deadlineMs - (yield* Clock.currentTimeMillis);
      rows.push(
        ...(yield* clickhouse.query<Row>(sql, params, {
          ...defaultBudget,
          maxSeconds: Math.max(1, Math.ceil(leftMs / 1000)),
        })),
      );
      untilMs = sinceMs;
    }
    const page = rows.slice(0, query.limit);
    const last = page.at(-1);
    const { question, range } = query;
    return {
      events: page.map(({ line }) => line),
      next:
        rows.length < wanted || last === undefined
          ? null
          : encodeCursor({ question, fromMs: range.fromMs, toMs: range.toMs, last: keyOf(last) }),
    };
  });
