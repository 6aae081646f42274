import type { DocumentDecoration } from "elysia";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { problems, security, tooMuch } from "../http/documented.ts";
import { filterDescription, filterExample } from "./filters/documentation.ts";
import { limitBounds, type RowsShape } from "./parameters/query.ts";
import { postsShape } from "./posts.ts";
import { botRules } from "./question.ts";
import { widgetsShape } from "./widgets.ts";

type Schema = Readonly<Record<string, unknown>>;

export const parameter = (name: string, description: string, schema: Schema, required = false) => ({
  name,
  in: "query" as const,
  required,
  description,
  schema,
});

export const text: Schema = { type: "string" };
const number: Schema = { type: "integer", minimum: 0 };

// `explode: false` would forbid repeating; both ways are understood, so the plain form is shown.
export const several = "Several values: separated by commas, or given again.";

const time = (name: "from" | "to", end: string, example: string) =>
  parameter(
    name,
    `A date (a day in \`timezone\`, inclusive) or a time with its offset (${end}).`,
    { type: "string", example },
    true,
  );

export const common = [
  time("from", "inclusive", "2026-11-01"),
  time("to", "exclusive", "2026-11-30"),
  parameter("timezone", "IANA time zone in which dates are days; by default the project's.", {
    type: "string",
    default: "UTC",
    example: "Europe/Berlin",
  }),
  parameter("project", "The project asked about.", { type: "string", default: DEFAULT_PROJECT }),
  parameter("site_id", `Only these sites. ${several}`, text),
  parameter("source", `Only these kinds of sender, such as wordpress or web. ${several}`, text),
  parameter("mapping_id", `Only these widget mappings. ${several}`, number),
  parameter("post_id", `Only these posts. ${several}`, number),
  parameter("device_slug", "Only these devices. Several values: given again.", text),
  parameter("filter", filterDescription, { type: "string", example: filterExample }),
  parameter("bots", "Whether crawlers and headless browsers count.", {
    type: "string",
    enum: botRules,
    default: "exclude",
  }),
];

const rows = (shape: RowsShape<string>) => [
  ...common,
  parameter(
    "group_by",
    `More columns to tell rows apart by: any of ${shape.groups.join(", ")}, separated by commas. \`date\` is the day in \`timezone\`.`,
    text,
  ),
  parameter(
    "sort",
    `Any of ${[...shape.measures, ...shape.keys].join(", ")} or a \`group_by\` column, with - in front for descending order, separated by commas. Ties are in order of the keys.`,
    { type: "string", default: `-${shape.defaultSort}` },
  ),
  parameter("limit", "Most rows to answer.", {
    type: "integer",
    minimum: limitBounds.minimum,
    maximum: limitBounds.maximum,
    default: limitBounds.fallback,
  }),
  parameter("offset", "Rows to leave out at the start.", { type: "integer", minimum: 0, default: 0 }),
];

const answers = (description: string, example: Schema) => ({
  200: {
    description,
    content: {
      "application/json": {
        schema: {
          type: "object" as const,
          required: ["data"],
          properties: { data: { type: "array" as const, items: { type: "object" as const } } },
        },
        example: { data: [example] },
      },
    },
  },
  ...problems,
  ...tooMuch,
});

export const sources =
  "Answered from rollups where they give the same numbers as the single events, otherwise from the single events; those reach back as far as they are kept, and a question beyond that is answered with 400.";

export const widgetsDocumentation = {
  tags: ["Stats"],
  security,
  summary: "Impressions, clicks and visitors per widget mapping and device",
  description: `\`ctr\` is clicks ÷ impressions to 3 decimals, 0 without impressions. ${sources}`,
  parameters: rows(widgetsShape),
  responses: answers("Most impressions first, unless `sort` says otherwise.", {
    mapping_id: 456,
    device_slug: "iphone-15-pro",
    impressions: 12500,
    clicks: 340,
    unique_visitors: 8200,
    ctr: 0.027,
  }),
} satisfies DocumentDecoration;

export const postsDocumentation = {
  tags: ["Stats"],
  security,
  summary: "Widget impressions, clicks and visitors per post",
  description: `A visitor who saw several widgets of a post counts once. ${sources}`,
  parameters: rows(postsShape),
  responses: answers("Most impressions first, unless `sort` says otherwise.", {
    post_id: 123,
    widget_impressions: 5000,
    widget_clicks: 150,
    unique_visitors: 3200,
  }),
} satisfies DocumentDecoration;
