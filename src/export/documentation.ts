import type { DocumentDecoration } from "elysia";
import { problem, problems, security, tooMuch } from "../http/documented.ts";
import { common, parameter } from "../stats/documentation.ts";
import { limitBounds } from "../stats/parameters/query.ts";
import { eventColumnNames, eventColumns } from "./event-columns.ts";
import { exportFormats } from "./file/query.ts";

const schemas = {
  text: { type: "string" },
  number: { type: "integer" },
  id: { type: "string" },
  flag: { type: "boolean" },
  time: { type: "string", format: "date-time" },
  json: { type: "object" },
} as const;

const event = {
  type: "object" as const,
  required: [...eventColumnNames],
  properties: Object.fromEntries(
    eventColumnNames.map((name) => {
      const { kind, description } = eventColumns[name];
      return [name, { ...schemas[kind], description }];
    }),
  ),
};

const example = {
  event_id: "01JD7Z4T3E9XK0V5M2Q8R6S1AB",
  event_type: "widget_click",
  event_version: 1,
  occurred_at: "2026-11-20T09:30:00.250Z",
  received_at: "2026-11-20T09:30:00.900Z",
  site_id: "example.org",
  source: "wordpress",
  visitor_id: "15071306482317890523",
  session_id: "9007199254740993001",
  user_id: "",
  page_url: "https://example.org/best-phones/",
  page_path: "/best-phones/",
  page_title: "Best phones",
  referrer_domain: "google.com",
  channel: "organic_search",
  utm_source: "",
  utm_medium: "",
  utm_campaign: "",
  utm_term: "",
  utm_content: "",
  click_id_type: "",
  click_id: "",
  country: "DE",
  region: "DE-BE",
  device_type: "mobile",
  browser: "Chrome Mobile",
  browser_version: "142",
  os: "Android",
  os_version: "16",
  is_bot: false,
  screen: "412x915",
  language: "de-DE",
  timezone: "Europe/Berlin",
  mapping_id: 456,
  post_id: 123,
  device_slug: "iphone-15-pro",
  properties: {
    mapping_id: 456,
    post_id: 123,
    device_slug: "iphone-15-pro",
    click_target: "title",
    destination_url: "https://example.org/iphone/",
  },
} satisfies Readonly<Record<(typeof eventColumnNames)[number], unknown>>;

const kept =
  "Single events are kept for `RAW_RETENTION_DAYS`; a range that begins before is answered with 400 where some are gone.";

/** How `GET /v1/events` stands in the API document. */
export const eventsDocumentation = {
  tags: ["Export"],
  security,
  summary: "Single events, newest first",
  description: `One page of events, with the names of \`POST /v1/events\` and what the service added; an empty text or the number 0 is "none". Without \`from\` and \`to\` these are the last 24 hours, without \`to\` everything since \`from\`. Ask again with \`cursor\` set to the answer's \`next\`, and the other parameters as they were, until \`next\` is null: every event that was there at the beginning comes exactly once, whatever comes in meanwhile. ${kept}`,
  parameters: [
    ...common.map((known) =>
      known.name === "from" || known.name === "to" ? { ...known, required: false } : known,
    ),
    parameter("limit", "Most events of a page.", {
      type: "integer",
      minimum: limitBounds.minimum,
      maximum: limitBounds.maximum,
      default: limitBounds.fallback,
    }),
    parameter("cursor", "The `next` of the page before.", { type: "string" }),
  ],
  responses: {
    200: {
      description: "Newest first, by `occurred_at` and then by `event_id`.",
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["data", "next"],
            properties: {
              data: { type: "array", items: event },
              next: { type: "string", nullable: true, description: "The cursor of the next page." },
            },
          },
          example: { data: [example], next: null },
        },
      },
    },
    ...problems,
    ...tooMuch,
  },
} satisfies DocumentDecoration;

const csv = (values: ReadonlyArray<unknown>) =>
  values
    .map((value) =>
      typeof value === "string" || typeof value === "object"
        ? `"${(typeof value === "string" ? value : JSON.stringify(value)).replaceAll('"', '""')}"`
        : String(value),
    )
    .join(",");

/** How `GET /v1/export` stands in the API document. */
export const exportDocumentation = {
  tags: ["Export"],
  security,
  summary: "All single events of a range as a file",
  description: `Oldest first, by \`occurred_at\` and then by \`event_id\`, with the columns of \`GET /v1/events\` under the same names in every format. The file is made while it is sent; a slow reader costs nothing. Events that come in meanwhile may or may not be in it. When something fails on the way the connection breaks: a file is whole only when the download ended without an error. A reader that takes nothing for two minutes is cut off.

- \`csv\`: RFC 4180 in UTF-8 with a header and CRLF. Texts that a spreadsheet would take for a formula (those that begin with \`=\`, \`+\`, \`-\`, \`@\`, tab, CR or LF, also after \`'\`) have a \`'\` in front; taking it away from such cells gives back what was stored. \`properties\` is JSON.
- \`ndjson\`: an object per line, as in \`GET /v1/events\`; properties exactly as they were stored.
- \`parquet\`: times are timestamps in UTC, ids unsigned integers, \`properties\` is JSON as text; ZSTD.

${kept}`,
  parameters: [
    ...common,
    parameter("format", "What to write.", { type: "string", enum: exportFormats, default: "csv" }),
  ],
  responses: {
    200: {
      description: "The file.",
      content: {
        "text/csv": {
          schema: { type: "string" },
          example: `${eventColumnNames.join(",")}\r\n${csv(
            eventColumnNames.map((name) =>
              eventColumns[name].kind === "id" ? BigInt(String(example[name])) : example[name],
            ),
          )}\r\n`,
        },
        "application/x-ndjson": { schema: { type: "string" }, example: `${JSON.stringify(example)}\n` },
        "application/vnd.apache.parquet": { schema: { type: "string", format: "binary" } },
      },
    },
    ...problems,
    ...tooMuch,
    503: problem(
      "As many exports are under way as may be at once, or ClickHouse does not answer; see `Retry-After`.",
    ),
  },
} satisfies DocumentDecoration;
