import type { DocumentDecoration } from "elysia";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { problem, problems, security } from "../http/documented.ts";
import { defaultMetrics, thresholdBounds } from "../stats/anomalies/parameters.ts";
import { anomalyMetrics } from "../stats/anomalies/watched.ts";
import { defaultGoal } from "../stats/parameters/query.ts";
import { MAXIMUM_WEBHOOKS, WEBHOOK_THRESHOLD } from "./parameters.ts";
import { MAXIMUM_ATTEMPTS } from "./schedule.ts";
import { webhookEvents } from "./webhook.ts";

const shared = { tags: ["Webhooks"], security };

const project = {
  name: "project",
  in: "query" as const,
  required: false,
  description: "The project whose webhooks are meant.",
  schema: { type: "string" as const, default: DEFAULT_PROJECT },
};

const id = "01KAM4WQJB6T7ZCN2V0E5H8XYD";

export const exampleWish = {
  url: "https://hooks.example.org/footfall",
  events: ["anomaly"],
  timezone: "Europe/Berlin",
  metrics: ["pageviews", "sessions"],
};

export const exampleWebhook = {
  id,
  project: DEFAULT_PROJECT,
  ...exampleWish,
  site_id: [],
  threshold: WEBHOOK_THRESHOLD,
  state: "active",
  created_at: "2026-11-21T13:20:11.042Z",
};

export const examplePayload = {
  type: "anomaly",
  timestamp: "2026-11-21T14:02:31.120Z",
  data: {
    webhook_id: id,
    project: DEFAULT_PROJECT,
    site_id: [],
    metric: "pageviews",
    timeRange: {
      from: "2026-11-21T14:00:00+01:00",
      to: "2026-11-21T15:00:00+01:00",
      timezone: "Europe/Berlin",
    },
    threshold: WEBHOOK_THRESHOLD,
    value: 12,
    expected: 431.5,
    lower: 306.1,
    upper: 578.3,
    score: -26.36,
    direction: "down",
  },
};

const texts = { type: "array" as const, items: { type: "string" as const } };

const wishProperties = {
  project: { type: "string" as const, default: DEFAULT_PROJECT },
  url: { type: "string" as const, description: "Where deliveries are posted to." },
  events: { type: "array" as const, items: { type: "string" as const, enum: [...webhookEvents] } },
  site_id: { ...texts, description: "Only these sites, taken together; all by default." },
  timezone: {
    type: "string" as const,
    default: "UTC",
    description: "IANA time zone whose hours are compared.",
  },
  metrics: {
    type: "array" as const,
    items: { type: "string" as const, enum: [...anomalyMetrics] },
    default: [...defaultMetrics],
    description: `\`conversions\` are events of type \`${defaultGoal.join("`, `")}\`.`,
  },
  threshold: { type: "number" as const, ...thresholdBounds, default: WEBHOOK_THRESHOLD },
};

const webhookProperties = {
  id: { type: "string" as const },
  ...wishProperties,
  state: { type: "string" as const, enum: ["active", "gone"] },
  created_at: { type: "string" as const },
};

export const listDocumentation: DocumentDecoration = {
  ...shared,
  summary: "The webhooks of a project",
  description:
    "`last_delivery` is the newest one: `pending` while it is tried again, `delivered`, or `failed` after the last attempt. `state` is `gone` where the receiver answered 410.",
  parameters: [project],
  responses: {
    200: {
      description: "Oldest first, without their secrets.",
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["data"],
            properties: {
              data: {
                type: "array",
                items: {
                  type: "object",
                  properties: { ...webhookProperties, last_delivery: { type: "object", nullable: true } },
                },
              },
            },
          },
          example: {
            data: [
              {
                ...exampleWebhook,
                last_delivery: {
                  id: "msg_5f0c0cb65c1e7b5a9c3d0d3e7a6f1b22",
                  state: "pending",
                  attempts: 1,
                  status: 500,
                  error: "status 500",
                  created_at: "2026-11-21T14:02:31.120Z",
                  next_attempt_at: "2026-11-21T14:03:27.614Z",
                },
              },
            ],
          },
        },
      },
    },
    ...problems,
  },
};

export const addDocumentation: DocumentDecoration = {
  ...shared,
  summary: "Have a URL told of anomalies",
  description: `Two minutes after every hour it is compared with what \`GET /v1/stats/anomalies\` leads to expect, and each anomaly is posted to the URL once per metric and hour, as JSON:

\`\`\`json
${JSON.stringify(examplePayload, null, 2)}
\`\`\`

Deliveries are signed by the scheme of Standard Webhooks (standardwebhooks.com) with the \`secret\` of the answer, which is shown this once: \`webhook-signature\` is \`v1,\` and the base64 of HMAC-SHA256 over \`webhook-id.webhook-timestamp.body\`, with the bytes behind \`whsec_\` as the key.

An answer of 2xx within 10 seconds says that a delivery has arrived; 410 ends the webhook. Anything else, redirects too, is tried again after about 1 and 5 minutes, half an hour, 2, 5 and 10 hours: ${MAXIMUM_ATTEMPTS} attempts in all. The same thing may come more than once, always with the same \`webhook-id\`: remember the ids of the last day.

The URL has to be https on port 443 or one from 1024 on, without a user name, and every address of its host on the public internet, now and at every attempt.`,
  requestBody: {
    required: true,
    content: {
      "application/json": {
        schema: { type: "object", required: ["url"], properties: wishProperties },
        example: exampleWish,
      },
    },
  },
  responses: {
    201: {
      description: "The webhook, with its secret.",
      content: {
        "application/json": {
          schema: {
            type: "object",
            properties: { ...webhookProperties, secret: { type: "string" } },
          },
          example: { ...exampleWebhook, secret: "whsec_bm90IHRoZSBzZWNyZXQgb2YgYW55Ym9keSBhdCBhbGw=" },
        },
      },
    },
    ...problems,
    409: problem(`The project has ${MAXIMUM_WEBHOOKS} webhooks already.`),
    413: problem("The body is too large."),
  },
};

export const deleteDocumentation = {
  ...shared,
  summary: "Delete a webhook",
  description: "It is told nothing any more, not even what is waiting to be tried again.",
  parameters: [{ name: "id", in: "path", required: true, schema: { type: "string" } }, project],
  responses: {
    204: { description: "It is deleted." },
    ...problems,
    404: problem("There is no such webhook."),
  },
} satisfies DocumentDecoration;
