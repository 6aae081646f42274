import { eventFieldColumns } from "../../../src/sealing/field-rows.ts";
import { firstEventColumns, INACTIVITY_MS, passiveEventTypes } from "../../../src/sealing/session-rows.ts";

// Views that were thought of instead of sealing days, so that what they would cost can be measured again.

interface Candidate {
  readonly table: string;
  readonly select: string;
  readonly orderBy: string;
}

const order =
  "concat(reinterpretAsString(byteSwap(toUInt64(toUnixTimestamp64Milli(occurred_at)))), event_id)";
const passive = passiveEventTypes.map((type) => `'${type}'`).join(", ");

/** What sessions can be put together from: one row per visitor, session id and half hour. */
export const sessionHalves: Candidate = {
  table: "session_halves",
  orderBy: "project_id, site_id, half_hour, visitor_id, session_id",
  select: `
    SELECT project_id, site_id, intDiv(toUnixTimestamp64Milli(occurred_at), ${INACTIVITY_MS}) AS half_hour, visitor_id, session_id,
      minSimpleState(occurred_at) AS first_at, maxSimpleState(occurred_at) AS last_at,
      sumSimpleState(toUInt64(event_type = 'page_view')) AS pageviews, sumSimpleState(toUInt64(1)) AS events,
      sumSimpleState(toUInt64(event_type NOT IN (${passive}))) AS interactions,
      argMinIfState(page_path, ${order}, event_type = 'page_view') AS entry_page,
      argMaxIfState(page_path, ${order}, event_type = 'page_view') AS exit_page,
      argMinState(tuple(${firstEventColumns.join(", ")}), ${order}) AS first_event,
      maxSimpleState(batch) AS watermark
    FROM landing WHERE NOT is_bot
    GROUP BY project_id, site_id, half_hour, visitor_id, session_id`,
};

const textOf = (column: string): string =>
  column === "mapping_id" || column === "post_id" ? `if(${column} = 0, '', toString(${column}))` : column;
const pairs = Object.entries(eventFieldColumns).map(([field, column]) => `('${field}', ${textOf(column)})`);

/** Every event as one row per field. */
export const fieldRows: Candidate = {
  table: "field_rows",
  orderBy: "project_id, field, site_id, date, value",
  select: `
    SELECT project_id, site_id, toDate(occurred_at, 'UTC') AS date, pair.1 AS field, pair.2 AS value,
      sumSimpleState(toUInt64(1)) AS events, sumSimpleState(toUInt64(event_type = 'page_view')) AS pageviews,
      uniqState(visitor_id) AS visitors, maxSimpleState(batch) AS watermark
    FROM landing ARRAY JOIN [${pairs.join(", ")}] AS pair
    WHERE NOT is_bot
    GROUP BY project_id, site_id, date, field, value`,
};

/** Statements that add the view, with the settings of the tables that views feed. */
export const createCandidate = ({ table, select, orderBy }: Candidate): ReadonlyArray<string> => [
  `CREATE TABLE ${table} ENGINE = AggregatingMergeTree ORDER BY (${orderBy})
   SETTINGS non_replicated_deduplication_window = 1000, min_bytes_for_wide_part = 268435456, fsync_after_insert = 1,
     fsync_part_directory = 1, old_parts_lifetime = 480
   EMPTY AS ${select}`,
  `CREATE MATERIALIZED VIEW landing_to_${table} TO ${table} AS ${select}`,
];
