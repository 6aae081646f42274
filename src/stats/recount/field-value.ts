import type { Field } from "../catalogue/dimensions.ts";
import { hourOfDay, weekday } from "./civil-time.ts";
import type { EventRow } from "./event-row.ts";
import type { Session } from "./sessions.ts";

const columns: Readonly<Record<string, keyof EventRow>> = {
  page: "page_path",
  title: "page_title",
  referrer: "referrer_domain",
  channel: "channel",
  utm_source: "utm_source",
  utm_medium: "utm_medium",
  utm_campaign: "utm_campaign",
  utm_term: "utm_term",
  utm_content: "utm_content",
  country: "country",
  region: "region",
  device: "device_type",
  browser: "browser",
  browser_version: "browser_version",
  os: "os",
  language: "language",
  screen: "screen",
  source: "source",
  site: "site_id",
  event_type: "event_type",
  widget: "mapping_id",
  post: "post_id",
  device_slug: "device_slug",
};

const ofEventsOnly = ["page", "title", "event_type", "widget", "post", "device_slug"];

/** Whether single events have the field, and sessions do not. */
export const isOfEventsOnly = (field: Field): boolean =>
  field.startsWith("property:") || ofEventsOnly.includes(field);

/** Whether sessions have the field, and single events do not. */
export const isOfSessionsOnly = (field: Field): boolean => field === "entry_page" || field === "exit_page";

// ClickHouse escapes a little more than JavaScript, with capital digits.
const jsonText = (value: unknown): string =>
  JSON.stringify(value).replaceAll(/\\u[0-9a-f]{4}|\\.|[\u2028\u2029]/g, (part) => {
    if (part.startsWith("\\u")) return `\\u${part.slice(2).toUpperCase()}`;
    return part.startsWith("\\") ? part : `\\u${part.charCodeAt(0).toString(16)}`;
  });

const propertyText = (properties: string, name: string): string => {
  if (properties === "") return "";
  const value = new Map<string, unknown>(Object.entries(JSON.parse(properties))).get(name);
  if (typeof value === "string") return value;
  return value === undefined || value === null ? "" : jsonText(value);
};

/** The value of an event as rows show it: numbers as text, no widget and no post as empty. */
export const valueOfEvent = (field: Field, event: EventRow, zone: string): string => {
  if (field.startsWith("property:")) return propertyText(event.properties, field.slice("property:".length));
  if (field === "hour_of_day") return String(hourOfDay(event.occurredAtMs, zone));
  if (field === "weekday") return String(weekday(event.occurredAtMs, zone));
  const column = columns[field];
  if (column === undefined) throw new Error(`Events have no ${field}.`);
  const value = event[column];
  return value === 0 ? "" : String(value);
};

/** The session's own value; throws for what only single events have. */
export const valueOfSession = (field: Field, session: Session, zone: string): string => {
  if (field === "entry_page") return session.entryPage;
  if (field === "exit_page") return session.exitPage;
  if (isOfEventsOnly(field)) throw new Error(`Sessions have no ${field}.`);
  return valueOfEvent(field, session.first, zone);
};
