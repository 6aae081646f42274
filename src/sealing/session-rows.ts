import { eventOrder } from "../store/event-order.ts";

/** A session ends where nothing happens for so long. */
export const INACTIVITY_MS = 30 * 60_000;

/** Events of these types are seen, not done: they keep a page view a bounce. */
export const passiveEventTypes = ["page_view", "device_page_view", "widget_impression", "identify"] as const;

/** Columns of a session that it has from its first event. */
export const firstEventColumns = [
  "source",
  "referrer_domain",
  "channel",
  "utm_source",
  "utm_medium",
  "utm_campaign",
  "utm_term",
  "utm_content",
  "country",
  "region",
  "device_type",
  "browser",
  "browser_version",
  "os",
  "language",
  "screen",
] as const;

/** Columns that are counted over a session's events. */
export const countedColumns = ["pageviews", "events", "interactions"] as const;

/** Columns that are the page of a session's first or last page view. */
export const pageColumns = ["entry_page", "exit_page"] as const;

/** What can be asked of a session besides `project_id`, `site_id`, `visitor_id`, `session_id`, `started_at` and `ended_at`. */
export type SessionColumn =
  | (typeof firstEventColumns)[number]
  | (typeof countedColumns)[number]
  | (typeof pageColumns)[number];

const passive = passiveEventTypes.map((type) => `'${type}'`).join(", ");

const ofHalfHour: Readonly<Record<Exclude<SessionColumn, (typeof firstEventColumns)[number]>, string>> = {
  pageviews: "countIf(t.event_type = 'page_view')",
  events: "count()",
  interactions: `countIf(t.event_type NOT IN (${passive}))`,
  entry_page: `argMinIf(t.page_path, ${eventOrder}, t.event_type = 'page_view')`,
  exit_page: `argMaxIf(t.page_path, ${eventOrder}, t.event_type = 'page_view')`,
};

const ofSession: typeof ofHalfHour = {
  pageviews: "sum(h.pageviews)",
  events: "sum(h.events)",
  interactions: "sum(h.interactions)",
  entry_page: "argMinIf(h.entry_page, h.half_hour, h.pageviews > 0)",
  exit_page: "argMaxIf(h.exit_page, h.half_hour, h.pageviews > 0)",
};

const KEY = "project_id, site_id, visitor_id, session_id";

/**
 * A SELECT of the sessions that the events `t` of `where` make, with the asked columns. A session is the events of one
 * visitor on one site under one session id, without a gap of 30 minutes; its events are in order of time and, within a
 * millisecond, of their ids.
 *
 * Events of one half hour on the clock always belong together, so they are counted as one first, and only neighbouring
 * half hours are compared. `where` has to give half hours as a whole, or the first and last session of a visitor may be
 * cut. `having` chooses among the sessions.
 */
export const sessionsOf = (where: string, columns: ReadonlyArray<SessionColumn>, having: string): string => {
  const isFirst = (column: SessionColumn): column is (typeof firstEventColumns)[number] =>
    (firstEventColumns as ReadonlyArray<string>).includes(column);
  const first = columns.filter(isFirst);
  const counted = columns.filter((column) => !isFirst(column)) as ReadonlyArray<keyof typeof ofSession>;
  // Which page came first takes knowing where there was one.
  const inHalfHour = new Set(counted);
  if (counted.includes("entry_page") || counted.includes("exit_page")) inHalfHour.add("pageviews");
  const halfHours = `
    SELECT ${KEY}, intDiv(toUnixTimestamp64Milli(t.occurred_at), ${INACTIVITY_MS}) AS half_hour,
      min(t.occurred_at) AS first_at, max(t.occurred_at) AS last_at
      ${[...inHalfHour].map((column) => `, ${ofHalfHour[column]} AS ${column}`).join("")}
      ${first.length === 0 ? "" : `, argMin(tuple(${first.map((column) => `t.${column}`).join(", ")}), ${eventOrder}) AS first_event`}
    FROM events AS t WHERE ${where}
    GROUP BY ${KEY}, half_hour`;
  const neighbours = `
    SELECT *, lagInFrame(toNullable(last_at)) OVER (
      PARTITION BY ${KEY} ORDER BY half_hour ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) AS previous_at
    FROM (${halfHours})`;
  const numbered = `
    SELECT *, sum(ifNull(toUnixTimestamp64Milli(first_at) - toUnixTimestamp64Milli(previous_at) >= ${INACTIVITY_MS}, 1)) OVER (
      PARTITION BY ${KEY} ORDER BY half_hour ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS session_number
    FROM (${neighbours})`;
  const names = first
    .map((column, index) => `, tupleElement(first_event, ${index + 1}) AS ${column}`)
    .join("");
  return `
    SELECT ${KEY}, started_at, ended_at ${counted.map((column) => `, ${column}`).join("")} ${names}
    FROM (
      SELECT ${KEY}, min(h.first_at) AS started_at, max(h.last_at) AS ended_at
        ${counted.map((column) => `, ${ofSession[column]} AS ${column}`).join("")}
        ${first.length === 0 ? "" : ", argMin(h.first_event, h.half_hour) AS first_event"}
      FROM (${numbered}) AS h
      GROUP BY ${KEY}, session_number
      HAVING ${having}
    )`;
};
