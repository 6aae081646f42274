import { INACTIVITY_MS } from "../../sealing/session-rows.ts";
import { eventOrder, eventTimeBytes } from "../../store/event-order.ts";
import { eventFields } from "../catalogue/dimensions.ts";
import { type Filter, fieldsOf } from "../filters/filter.ts";
import { type Statement, whereClause } from "../statement.ts";
import { events } from "../tables.ts";
import type { PathsQuery } from "./parameters.ts";
import { sessionMarks } from "./session-marks.ts";

/** How much of a session is looked at that goes on behind the range. */
export const LOOKAHEAD_MS = 86_400_000;

/** The value of an event in a path. Paths are made of its hashes, which are never 0. */
const values = {
  page: { column: "t.page_path", has: "t.event_type = 'page_view'" },
  event: { column: "t.event_type", has: "1" },
} as const;

// Hashes of the parts of a session's key and of values: with a million of each, two that are taken for one are about as
// likely as being struck by lightning today.
const KEY = "cityHash64(t.site_id, t.visitor_id, t.session_id)";

/** All events of one session have the same site, so what asks for nothing else can choose among events. */
const split = (filter: Filter): { readonly ofSite: Filter; readonly rest: Filter } => {
  const parts = filter.kind === "all" ? filter.filters : [filter];
  const asksSite = (part: Filter) => fieldsOf(part).every((field) => field === "site");
  return {
    ofSite: { kind: "all", filters: parts.filter(asksSite) },
    rest: { kind: "all", filters: parts.filter((part) => !asksSite(part)) },
  };
};

export interface SessionPaths {
  /** One row per path: `path`, the hash of the chosen value and of what follows it, or goes before it, in this order. */
  readonly paths: Statement;
  /** Every value that a path may have: `hash` and `name`. */
  readonly names: string;
}

/**
 * The paths of the sessions that begin in the range, that the filter selects and that have the chosen value. Sessions are
 * cut by all events, also those that have no part in paths.
 *
 * Only visitors with the chosen value are put together. Of each event 8 bytes for its time, 8 for its value and, where it
 * may matter, its id are kept, which is what the memory goes into: about 130 MB for a million events.
 */
export const sessionPaths = (query: PathsQuery): SessionPaths => {
  const { range, by, steps, direction } = query;
  const fields = eventFields(range);
  const { ofSite, rest } = split(query.filter);
  const read = whereClause(
    {
      ...query,
      filter: ofSite,
      fromMs: range.fromMs - INACTIVITY_MS,
      toMs: range.toMs + LOOKAHEAD_MS,
      zone: range.zone,
      eventTypes: undefined,
    },
    events,
  );
  const within =
    "t.occurred_at >= {begin:DateTime64(3, 'UTC')} AND t.occurred_at < {end:DateTime64(3, 'UTC')}";
  const marks = sessionMarks(rest, fields, within);
  const { column, has } = values[by];
  const hash = `cityHash64(${column})`;
  const chosen = "{chosen:String}";
  const keys = `SELECT ${KEY} FROM events AS t WHERE ${read.sql} AND ${has} AND ${column} = ${chosen}`;
  const visits = `
    SELECT groupArray(toUnixTimestamp64Milli(t.occurred_at)) AS times, groupArray(if(${has}, ${hash}, 0)) AS hashes,
      groupArray(${by === "event" || marks.needsOrder ? eventOrder : `if(${has}, ${eventOrder}, toString(${eventTimeBytes}))`}) AS places
      ${marks.ofEvent === undefined ? "" : `, groupArray(${marks.ofEvent}) AS marks`}
    FROM events AS t WHERE ${read.sql} AND ${KEY} IN (${keys})
    GROUP BY ${KEY}`;
  const ordered = `
    SELECT arraySort((event, place) -> place, arrayZip(times, hashes${marks.ofEvent === undefined ? "" : ", marks"}), places) AS events,
      arrayPushFront(arrayPopBack(events), events[1]) AS before
    FROM (${visits})`;
  const sessions = `
    SELECT arrayJoin(arraySplit((event, last) -> event.1 - last.1 >= ${INACTIVITY_MS}, events, before)) AS session
    FROM (${ordered})`;
  const chosenSessions = `
    SELECT arrayCompact(arrayFilter(hash -> hash != 0, session.2)) AS line, indexOf(line, cityHash64(${chosen})) AS place
      ${marks.ofEvent === undefined ? "" : ", session.3 AS marks"}
    FROM (${sessions})
    WHERE session[1].1 >= {begin_ms:Int64} AND session[1].1 < {end_ms:Int64} AND place > 0 AND (${marks.condition})`;
  const path =
    direction === "start"
      ? `arraySlice(line, place, ${steps + 1})`
      : `arrayReverse(arraySlice(line, greatest(toInt64(place) - ${steps}, 1), least(place, ${steps + 1})))`;
  return {
    paths: {
      sql: `SELECT ${path} AS path FROM (${chosenSessions})`,
      params: {
        ...read.params,
        ...marks.params,
        chosen: query.chosen,
        begin: events.timeParam(range.fromMs),
        end: events.timeParam(range.toMs),
        begin_ms: range.fromMs,
        end_ms: range.toMs,
      },
    },
    names: `SELECT ${hash} AS hash, toString(any(${column})) AS name FROM events AS t WHERE ${read.sql} AND ${has} GROUP BY hash`,
  };
};
