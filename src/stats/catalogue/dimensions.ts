import type { SessionColumn } from "../../sealing/session-rows.ts";
import type { QueryParams } from "../../store/clickhouse.ts";
import type { TimeRange } from "../calendar/buckets.ts";
import { offsetPeriods } from "../calendar/zone.ts";

/** A column of `sessions` that is a field. */
export type SessionFieldColumn = "site_id" | Exclude<SessionColumn, "pageviews" | "events" | "interactions">;

interface Definition {
  readonly description: string;
  /** Numbers are compared as numbers; everything is written as text in answers. */
  readonly type: "text" | "number";
  /** The column of `events`; undefined for what only a whole session has. */
  readonly event?: string;
  /** The column of `sessions`: the value of its first event. Undefined for what only single events have. */
  readonly session?: SessionFieldColumn;
}

const both = (column: SessionFieldColumn, description: string): Definition => ({
  description,
  type: "text",
  event: column,
  session: column,
});

const ofEvent = (column: string, type: Definition["type"], description: string): Definition => ({
  description,
  type,
  event: column,
});

/** What events and sessions can be filtered and broken down by, in the field's words. An empty text means "none". */
export const dimensions = {
  page: ofEvent("page_path", "text", "Path of the page."),
  entry_page: { type: "text", session: "entry_page", description: "First page viewed in the session." },
  exit_page: { type: "text", session: "exit_page", description: "Last page viewed in the session." },
  title: ofEvent("page_title", "text", "Title of the page."),
  referrer: both("referrer_domain", "Domain of the page that led here."),
  channel: both("channel", "Kind of way that led here, such as Organic Search."),
  utm_source: both("utm_source", "Campaign parameter utm_source."),
  utm_medium: both("utm_medium", "Campaign parameter utm_medium."),
  utm_campaign: both("utm_campaign", "Campaign parameter utm_campaign."),
  utm_term: both("utm_term", "Campaign parameter utm_term."),
  utm_content: both("utm_content", "Campaign parameter utm_content."),
  country: both("country", "Country, ISO 3166-1 alpha-2."),
  region: both("region", "Region of the country, ISO 3166-2."),
  device: both("device_type", "Kind of device, such as mobile."),
  browser: both("browser", "Browser."),
  browser_version: both("browser_version", "Version of the browser."),
  os: both("os", "Operating system."),
  language: both("language", "Language of the browser."),
  screen: both("screen", "Size of the screen."),
  source: both("source", "Kind of sender, such as wordpress."),
  site: both("site_id", "Domain of the site."),
  event_type: ofEvent("event_type", "text", "Type of the event."),
  widget: ofEvent("mapping_id", "number", "Mapping of the widget."),
  post: ofEvent("post_id", "number", "Post."),
  device_slug: ofEvent("device_slug", "text", "Device that a widget shows."),
  hour_of_day: { type: "number", description: "Hour of the day in `timezone`, 0 to 23." },
  weekday: { type: "number", description: "Day of the week in `timezone`, 1 (Monday) to 7." },
} as const satisfies Readonly<Record<string, Definition>>;

export type DimensionName = keyof typeof dimensions;
export const dimensionNames = Object.keys(dimensions) as ReadonlyArray<DimensionName>;

/** A dimension, or a property of events by its name. */
export type Field = DimensionName | `property:${string}`;

/** A field's value in SQL. */
export interface ColumnFragment {
  readonly sql: string;
  readonly type: "text" | "number";
  readonly params: QueryParams;
}

/** Where a table has a field; undefined for one that it does not have. */
export type ColumnOf = (field: Field) => ColumnFragment | undefined;

// The zone's calendar is the one that buckets are computed with, so that an hour of a bucket is an hour of the day too.
const localSeconds = (time: string, { fromMs, toMs, zone }: TimeRange): string => {
  const seconds = `toInt64(toUnixTimestamp(${time}))`;
  const periods = offsetPeriods(fromMs, toMs, zone);
  const offset = (ms: number) => String(Math.trunc(ms / 1000));
  const last = periods.at(-1);
  const cases = periods.slice(0, -1).map((p) => `${seconds} < ${p.endMs / 1000}, ${offset(p.offsetMs)}`);
  return `(${seconds} + ${cases.length === 0 ? offset(last?.offsetMs ?? 0) : `multiIf(${cases.join(", ")}, ${offset(last?.offsetMs ?? 0)})`})`;
};

const computed = (name: DimensionName, time: string, range: TimeRange): ColumnFragment | undefined => {
  if (name !== "hour_of_day" && name !== "weekday") return undefined;
  const local = localSeconds(time, range);
  // Day 0 of 1970 was a Thursday.
  const sql =
    name === "hour_of_day" ? `intDiv(${local} % 86400, 3600)` : `(intDiv(${local}, 86400) + 3) % 7 + 1`;
  return { sql, type: "number", params: {} };
};

// Named by its key, so that fragments of one statement never give a name two values, wherever they were made.
const propertyColumn = (key: string): ColumnFragment => {
  const param = `property_${Bun.hash(key).toString(36)}`;
  // Of what lies at the top only: a text as it is, anything else as its JSON; empty where the event has no such property,
  // or null.
  return {
    sql: `JSONExtractString(t.properties, {${param}:String})`,
    type: "text",
    params: { [param]: key },
  };
};

/** Fields of single events, whose table the statement calls `t`. */
export const eventFields =
  (range: TimeRange): ColumnOf =>
  (field) => {
    if (field.startsWith("property:")) return propertyColumn(field.slice("property:".length));
    const name = field as DimensionName;
    const definition: Definition = dimensions[name];
    if (definition.event === undefined) return computed(name, "t.occurred_at", range);
    return { sql: `t.${definition.event}`, type: definition.type, params: {} };
  };

/** Fields of whole sessions, whose table the statement calls `s`. The time of a session is that of its first event. */
export const sessionFields =
  (range: TimeRange): ColumnOf =>
  (field) => {
    if (field.startsWith("property:")) return undefined;
    const name = field as DimensionName;
    const definition: Definition = dimensions[name];
    if (definition.session === undefined) return computed(name, "s.started_at", range);
    return { sql: `s.${definition.session}`, type: definition.type, params: {} };
  };

/** A field's value as answers write it: text, and empty for "none". */
export const keyText = (field: Field, { sql, type }: ColumnFragment): string => {
  if (type === "text") return `toString(${sql})`;
  // Hour 0 is an hour; widget 0 is none.
  return field === "hour_of_day" || field === "weekday"
    ? `toString(${sql})`
    : `if(${sql} = 0, '', toString(${sql}))`;
};

/** Whether sessions have the field themselves; hours and weekdays are theirs as well as of single events. */
export const isOfSession = (field: Field): boolean => {
  if (field.startsWith("property:")) return false;
  const definition: Definition = dimensions[field as DimensionName];
  return definition.session !== undefined || definition.event === undefined;
};

/** The column of `sessions` that has the field. */
export const sessionColumnOf = (field: Field): SessionFieldColumn | undefined => {
  if (field.startsWith("property:")) return undefined;
  const definition: Definition = dimensions[field as DimensionName];
  return definition.session;
};

/** Whether only whole sessions have the field. */
export const isOfSessionOnly = (field: Field): boolean => field === "entry_page" || field === "exit_page";
