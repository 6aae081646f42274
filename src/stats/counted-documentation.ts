import type { DocumentDecoration } from "elysia";
import { problems, security, tooMuch } from "../http/documented.ts";
import { intervals } from "./calendar/buckets.ts";
import { dimensionNames, dimensions } from "./catalogue/dimensions.ts";
import { metricNames, metrics } from "./catalogue/metrics.ts";
import { common, parameter, several, sources, text } from "./documentation.ts";
import { limitBounds } from "./parameters/query.ts";
import { comparisons } from "./parameters/range.ts";
import { peopleRules } from "./question.ts";

const table = (
  names: ReadonlyArray<string>,
  of: Readonly<Record<string, { readonly description: string }>>,
): string =>
  ["| | |", "|-|-|", ...names.map((name) => `| \`${name}\` | ${of[name]?.description ?? ""} |`)].join("\n");

const metricsTable = table(metricNames, metrics);

export const goal = parameter("goal", "Event types that are conversions, separated by commas.", {
  type: "string",
  default: "conversion",
  example: "newsletter_signup",
});

export const people = parameter(
  "people",
  "`linked`: visitors who identified as the same user count as one person, see `GET /v1/identities`. It is said of `visitors`, and of who converted; sessions stay what they are. Needs single events (of whole sessions the sealed ones will do), which are kept for a limited time.",
  { type: "string", enum: peopleRules, default: "visitors", example: "linked" },
);

export const compare = parameter(
  "compare",
  "`previous`: as many days just before (as much time, where `from` or `to` is a time). `year`: the same dates a year before.",
  { type: "string", enum: comparisons, default: "none", example: "previous" },
);

const metricList = (name: "metric" | "metrics", fallback: string, example: string) =>
  parameter(name, `Any of ${metricNames.join(", ")}, separated by commas.`, {
    type: "string",
    default: fallback,
    example,
  });

export const metricParameters = [
  metricList("metric", "visitors", "visitors,sessions"),
  goal,
  people,
  compare,
];

const counted = (description: string, example: object) => ({
  200: {
    description,
    content: { "application/json": { schema: { type: "object" as const }, example } },
  },
  ...problems,
  ...tooMuch,
});

const scopes = [
  "Page views, visitors, events and conversions count the events of the range that the filter selects.",
  "Sessions, and what is said of them, are those that begin in the range, as a whole.",
  "A filter on what a session has itself (its entry page, and the source, country, device … of its first event) is asked",
  "of the session; one on what only events have (page, event type, property …) of its events in the range, of which one",
  "has to meet it. With `entry_page` or `exit_page` everything is counted of whole sessions.",
].join(" ");

export const metricsDocumentation = {
  tags: ["Stats"],
  security,
  summary: "Metrics of a range, and what they were before",
  description: `${metricsTable}\n\n${scopes}\n\n\`change\` is in percent of \`previous\`, null from nothing to something.`,
  parameters: [
    ...common,
    metricList("metrics", metricNames.join(","), "visitors,bounce_rate"),
    goal,
    people,
    compare,
  ],
  responses: counted("The asked metrics.", {
    timeRange: { start: "2026-11-01T00:00:00.000Z", end: "2026-12-01T00:00:00.000Z" },
    metrics: {
      visitors: { value: 8200, previous: 8000, change: 2.5 },
      bounce_rate: { value: 38.1, previous: 40.2, change: -5.2 },
    },
  }),
} satisfies DocumentDecoration;

export const breakdownDocumentation = {
  tags: ["Stats"],
  security,
  summary: "Metrics per value of a dimension",
  description: `${table(dimensionNames, dimensions)}\n| \`property:<name>\` | A property of the events. |\n\n${scopes} Per value of what only events have, a session counts for every value that one of its events has.\n\n\`value\` is the first metric, \`percentage\` its part of the whole, \`total\` the whole, \`rows\` how many values there are. An empty text stands for "none".`,
  parameters: [
    ...common,
    parameter(
      "dimension",
      `One of ${dimensionNames.join(", ")}, or \`property:<name>\`.`,
      { type: "string", example: "page" },
      true,
    ),
    metricList("metric", "visitors", "visitors,pageviews"),
    goal,
    people,
    parameter("search", "Only values with this text in them, whatever the case.", { type: "string" }),
    parameter(
      "sort",
      "Any of the asked metrics or `dimension`, with - in front for descending order, separated by commas. Ties are in order of the values.",
      { type: "string", default: "- and the first metric" },
    ),
    parameter("limit", "Most rows to answer.", {
      type: "integer",
      minimum: limitBounds.minimum,
      maximum: limitBounds.maximum,
      default: limitBounds.fallback,
    }),
    parameter("offset", "Rows to leave out at the start.", { type: "integer", minimum: 0, default: 0 }),
  ],
  responses: counted("Largest first, unless `sort` says otherwise.", {
    timeRange: { start: "2026-11-01T00:00:00.000Z", end: "2026-12-01T00:00:00.000Z" },
    dimension: "page",
    data: [{ dimension: "/post/1", value: 12, percentage: 33.3, visitors: 12, pageviews: 20 }],
    total: { visitors: 36, pageviews: 60 },
    rows: 3,
  }),
} satisfies DocumentDecoration;

export const timeseriesDocumentation = {
  tags: ["Stats"],
  security,
  summary: "Events and visitors over time",
  description: `Every bucket that the range touches is there, also without events. Days, weeks (from Monday) and months are named by their first date, hours by the time they start at with its offset, all in \`timezone\`; the first and last bucket count only what lies in the range. At most 10,000 buckets. Without \`metric\` the answer is \`{ "data": [{ "bucket", "count", "unique_visitors" }] }\`: events and visitors. ${sources}`,
  parameters: [
    ...common,
    parameter("interval", "How long a bucket is.", { type: "string", enum: intervals, default: "day" }),
    parameter("event_type", `Without \`metric\`: only these event types. ${several}`, text),
    ...metricParameters,
  ],
  responses: counted("Buckets in order, without gaps.", {
    timeRange: { start: "2026-11-01T00:00:00.000Z", end: "2026-12-01T00:00:00.000Z" },
    interval: "day",
    data: [{ bucket: "2026-11-01", visitors: 800, sessions: 950 }],
    previous: [{ bucket: "2026-10-02", visitors: 760, sessions: 905 }],
  }),
} satisfies DocumentDecoration;
