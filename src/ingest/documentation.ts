import type { DocumentDecoration } from "elysia";
import { EventInput, limits, typedProperties } from "../domain/event.ts";
import { problem } from "../http/documented.ts";

/** How `POST /v1/events` stands in the API document. The schema is the one that events are checked with. */
export const eventsDocumentation: DocumentDecoration = {
  tags: ["Events"],
  summary: "Send a batch of events",
  description: `Takes 1 to ${limits.eventsPerBatch} events as JSON, under any content type, gzip or not. Each event is taken or rejected on its own. A batch may be sent again when its answer was lost.

Typed event types: ${Object.keys(typedProperties)
    .map((type) => `\`${type}\``)
    .join(
      ", ",
    )}; their properties are checked. Whole numbers beyond ±2^53 must be sent as strings. Where a key stands twice the last one counts.

What the project's privacy settings leave out is rejected as \`excluded_address\`, \`excluded_path\`, \`do_not_track\` or \`global_privacy_control\`; there is no use in sending that again.`,
  requestBody: {
    required: true,
    content: {
      "application/json": {
        schema: {
          type: "object",
          required: ["events"],
          properties: {
            events: {
              type: "array",
              minItems: 1,
              maxItems: limits.eventsPerBatch,
              items: EventInput as object,
            },
            sent_at: {
              description: "The sender's clock when it sent the batch; corrects occurred_at.",
              oneOf: [{ type: "string" }, { type: "number" }],
            },
            api_key: { type: "string" },
          },
        },
        example: {
          events: [
            {
              event_type: "widget_impression",
              site_id: "example.org",
              page_url: "https://example.org/best-phones/",
              properties: {
                mapping_id: 456,
                post_id: 123,
                widget_index: 0,
                device_slug: "iphone-15-pro",
                raw_model: "iPhone 15 Pro",
                viewport_percent: 62.5,
              },
            },
          ],
        },
      },
    },
  },
  responses: {
    200: {
      description: "The batch was well formed; what was accepted is counted once.",
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["accepted", "rejected"],
            properties: {
              accepted: { type: "integer" },
              rejected: { type: "integer" },
              errors: {
                type: "array",
                items: {
                  type: "object",
                  properties: {
                    index: { type: "integer" },
                    code: { type: "string" },
                    message: { type: "string" },
                  },
                },
              },
            },
          },
          example: { accepted: 1, rejected: 0 },
        },
      },
    },
    400: problem("Not a batch; nothing was taken."),
    403: problem("The page's origin is not allowed."),
    408: problem("The body did not come in time; send the batch again."),
    413: problem("The body is too large."),
    429: problem(
      "Too many requests or events in a minute; send the batch again after `Retry-After` seconds.",
    ),
    503: problem("No room at the moment; send the batch again after `Retry-After` seconds."),
  },
};
