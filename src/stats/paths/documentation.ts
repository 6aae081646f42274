import type { DocumentDecoration } from "elysia";
import { problems, security, tooMuch } from "../../http/documented.ts";
import { common, parameter } from "../documentation.ts";
import { pathKinds, stepBounds, valueBounds } from "./parameters.ts";
import type { PathsAnswer } from "./paths.ts";

/** The answer to `start=/pricing&steps=2&from=2026-11-01&to=2026-11-01`. */
export const pathsExample: PathsAnswer = {
  timeRange: { start: "2026-11-01T00:00:00.000Z", end: "2026-11-02T00:00:00.000Z" },
  by: "page",
  start: "/pricing",
  steps: 2,
  sessions: 4,
  nodes: [
    { id: 0, step: 0, kind: "value", value: "/pricing", count: 4 },
    { id: 1, step: 1, kind: "value", value: "/signup", count: 2 },
    { id: 2, step: 1, kind: "value", value: "/docs", count: 1 },
    { id: 3, step: 1, kind: "exit", count: 1 },
    { id: 4, step: 2, kind: "value", value: "/welcome", count: 1 },
    { id: 5, step: 2, kind: "exit", count: 2 },
  ],
  links: [
    { source: 0, target: 1, count: 2 },
    { source: 0, target: 2, count: 1 },
    { source: 0, target: 3, count: 1 },
    { source: 1, target: 4, count: 1 },
    { source: 1, target: 5, count: 1 },
    { source: 2, target: 5, count: 1 },
  ],
};

const description = [
  "Nodes and links of a Sankey diagram. Each session that begins in the range and has the chosen page (or event type) is",
  "one path, which starts, or with `end` ends, at the first time it has it; what came several times in a row is one step.",
  "By page the steps are the paths of page views, by event the types of all events. Sessions are cut by all events; one",
  "that goes on behind the range is followed for a day. Events of a millisecond are in order of their ids.\n\n",
  "Per step the `limit` most frequent values are told apart (ties by value), the rest is one node `others`, through which",
  "sessions go on too; `exit` is where sessions have nothing more, or with `end` `entry`, where they had nothing before.",
  "A session is in one node per step until it is over, so the numbers add up: the count of the chosen value is `sessions`, a",
  "node's count is the sum of its links to the step before, and that of its links to the step behind, but for the last step",
  "and for `exit` and `entry`. `source` and `target` are `id`s, which are places in `nodes`, in the order of time.\n\n",
  "`filter` chooses sessions: what sessions have themselves (country, channel, entry page …) is asked of the session, what",
  "only events have (page, event type, property …) of its events in the range, of which one has to meet it. Answered from",
  "single events, which are kept for a limited time.",
].join(" ");

const chosen = (name: "start" | "end", what: string, example?: string) =>
  parameter(name, `${what}: the path of a page, or by event an event type. Either \`start\` or \`end\`.`, {
    type: "string",
    ...(example === undefined ? {} : { example }),
  });

export const pathsDocumentation = {
  tags: ["Stats"],
  security,
  summary: "What visitors do after a page or an event, or before it",
  description,
  parameters: [
    ...common,
    parameter("by", "What steps are.", { type: "string", enum: pathKinds, default: "page" }),
    chosen("start", "Where paths start", "/pricing"),
    chosen("end", "Where paths end"),
    parameter("steps", "How many steps to follow.", {
      type: "integer",
      minimum: stepBounds.minimum,
      maximum: stepBounds.maximum,
      default: stepBounds.fallback,
    }),
    parameter("limit", "Values of each step to tell apart.", {
      type: "integer",
      minimum: valueBounds.minimum,
      maximum: valueBounds.maximum,
      default: valueBounds.fallback,
    }),
  ],
  responses: {
    200: {
      description: "In order of the steps; without any such session there are no nodes and links.",
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["timeRange", "by", "steps", "sessions", "nodes", "links"],
            properties: {
              timeRange: {
                type: "object",
                properties: { start: { type: "string" }, end: { type: "string" } },
              },
              by: { type: "string" },
              start: { type: "string" },
              end: { type: "string" },
              steps: { type: "integer" },
              sessions: { type: "integer", description: "Sessions with the chosen value." },
              nodes: {
                type: "array",
                items: {
                  type: "object",
                  properties: {
                    id: { type: "integer" },
                    step: { type: "integer", description: "How many steps away from the chosen value." },
                    kind: { type: "string", enum: ["value", "others", "exit", "entry"] },
                    value: { type: "string", description: "Only of kind `value`." },
                    count: { type: "integer", description: "Sessions." },
                  },
                },
              },
              links: {
                type: "array",
                items: {
                  type: "object",
                  properties: {
                    source: { type: "integer" },
                    target: { type: "integer" },
                    count: { type: "integer" },
                  },
                },
              },
            },
          },
          example: pathsExample,
        },
      },
    },
    ...problems,
    ...tooMuch,
  },
} satisfies DocumentDecoration;
