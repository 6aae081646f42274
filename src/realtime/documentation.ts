import type { DocumentDecoration } from "elysia";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { problems, security } from "../http/documented.ts";
import type { RealtimeDocument } from "./document.ts";

const count = { type: "integer" as const, minimum: 0 };

const rows = (fields: ReadonlyArray<string>) => ({
  type: "array" as const,
  items: {
    type: "object" as const,
    required: [...fields, "visitors"],
    properties: {
      ...Object.fromEntries(fields.map((name) => [name, { type: "string" as const }])),
      visitors: count,
    },
  },
});

const example: RealtimeDocument = {
  activeUsers: 2,
  pageviewsLast5Min: 3,
  pages: [
    { page: "/best-phones/", visitors: 2 },
    { page: "/", visitors: 1 },
  ],
  sources: [
    { source: "", channel: "direct", visitors: 1 },
    { source: "google.com", channel: "organic_search", visitors: 1 },
  ],
  countries: [{ country: "DE", visitors: 2 }],
  perMinute: [...Array.from({ length: 27 }, () => 0), 1, 0, 3],
  exact: true,
};

/** How `GET /v1/stats/realtime` and the WebSocket stand in the API document. */
export const realtimeDocumentation = {
  tags: ["Stats"],
  security,
  summary: "What happens now",
  description: `Visitors and page views of the last five minutes, and page views of each of the last 30 minutes, without bots and duplicates, from the moment an event is accepted. The event's own time (\`occurred_at\`) decides when it counts; one that lies in the future counts as received.

\`pages\`, \`sources\` and \`countries\` list the ten with the most visitors of the last five minutes. A visitor counts for every page with an event, and for the source of the first event of the stay (a stay ends with five minutes without an event; after a restart the source is that of the first event of the last half hour). \`source\` is the referrer's domain, empty for none.

\`exact\` is false where a project has more visitors than are followed one by one (some 15,000 within five minutes): visitors are then estimated from every second one, or fourth and so on, to about 1 %. It is also false where a site has no page views of its own because there are more than 2,000 sites, and for half an hour after a start that could not read the past. Page views of a project are never estimated. With several processes on one ClickHouse server, events that another one took appear when they are stored, within some five seconds.

The same document is pushed through the WebSocket \`/v1/realtime\`, which takes the same parameters: at the start, within a second of an accepted event, and when time alone changes the numbers. The key comes as \`x-admin-key\` or \`Authorization: Bearer\`; a page, which cannot set headers there, gives it as a subprotocol, \`new WebSocket(url, ["footfall", "bearer." + key])\`, or \`"bearer64." + base64url(key)\` for a key with characters that a subprotocol cannot have. Pages of another host are refused with 403. Besides the problems below there are 426 for what is no WebSocket and 503 when there are too many connections. A reader that takes nothing for ten seconds is dropped; a stop of the service closes with 1001.`,
  parameters: [
    {
      name: "project",
      in: "query" as const,
      required: false,
      description: "The project asked about.",
      schema: { type: "string" as const, default: DEFAULT_PROJECT },
    },
    {
      name: "site_id",
      in: "query" as const,
      required: false,
      description: "Only these sites. Several values: separated by commas, or given again.",
      schema: { type: "string" as const },
    },
  ],
  responses: {
    200: {
      description: "The numbers of this moment.",
      content: {
        "application/json": {
          schema: {
            type: "object" as const,
            required: Object.keys(example),
            properties: {
              activeUsers: { ...count, description: "Visitors with an event in the last five minutes." },
              pageviewsLast5Min: count,
              pages: rows(["page"]),
              sources: rows(["source", "channel"]),
              countries: rows(["country"]),
              perMinute: {
                type: "array" as const,
                items: count,
                minItems: 30,
                maxItems: 30,
                description: "Page views, oldest minute first; the last one is the current minute.",
              },
              exact: { type: "boolean" as const },
            },
          },
          example,
        },
      },
    },
    ...problems,
  },
} satisfies DocumentDecoration;
