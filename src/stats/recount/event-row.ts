import type { StoredEvent } from "./recount.ts";

/** An event with every column of `events` that a question can be about. The project is the one that is asked about. */
export interface EventRow extends StoredEvent {
  readonly event_id: string;
  /** The client's own; 0 is none. */
  readonly session_id: number;
  readonly user_id: string;
  readonly page_path: string;
  readonly page_title: string;
  readonly referrer_domain: string;
  readonly channel: string;
  readonly utm_source: string;
  readonly utm_medium: string;
  readonly utm_campaign: string;
  readonly utm_term: string;
  readonly utm_content: string;
  readonly country: string;
  readonly region: string;
  readonly device_type: string;
  readonly browser: string;
  readonly browser_version: string;
  readonly os: string;
  readonly language: string;
  readonly screen: string;
  /** The sender's JSON text. */
  readonly properties: string;
  /** Who counts once: the visitor, unless it is known to belong to somebody. No column. */
  readonly person?: string;
}

/** A page view of visitor 1 on one site, about which nothing else is known. */
export const blankEvent: EventRow = {
  event_id: "",
  site_id: "example.org",
  source: "",
  event_type: "page_view",
  occurredAtMs: 0,
  visitor_id: 1,
  session_id: 0,
  user_id: "",
  is_bot: false,
  mapping_id: 0,
  post_id: 0,
  device_slug: "",
  page_path: "",
  page_title: "",
  referrer_domain: "",
  channel: "",
  utm_source: "",
  utm_medium: "",
  utm_campaign: "",
  utm_term: "",
  utm_content: "",
  country: "",
  region: "",
  device_type: "",
  browser: "",
  browser_version: "",
  os: "",
  language: "",
  screen: "",
  properties: "",
};

const ownColumns = (Object.keys(blankEvent) as ReadonlyArray<keyof EventRow>).filter(
  (name) => name !== "occurredAtMs",
);

/** The columns of {@link landingRow}, in its order. */
export const landingColumns = ["project_id", "batch", "occurred_at", ...ownColumns];

/** An event as a line of `JSONCompactEachRow` for `landing`. */
export const landingRow = (event: EventRow, project: string, batch: number): string =>
  JSON.stringify([
    project,
    batch,
    new Date(event.occurredAtMs).toISOString().replace("T", " ").replace("Z", ""),
    ...ownColumns.map((name) => event[name]),
  ]);
