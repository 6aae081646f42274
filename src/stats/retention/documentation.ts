import type { DocumentDecoration } from "elysia";
import { problems, security, tooMuch } from "../../http/documented.ts";
import { dimensionNames, isOfSessionOnly } from "../catalogue/dimensions.ts";
import { people } from "../counted-documentation.ts";
import { common, parameter } from "../documentation.ts";
import { cohortBounds, retentionIntervals } from "./parameters.ts";
import { MAXIMUM_COHORTS, type RetentionAnswer } from "./retention.ts";

/** The answer to `interval=day&from=2026-11-01&to=2026-11-03`. */
export const retentionExample: RetentionAnswer = {
  timeRange: { start: "2026-11-01T00:00:00.000Z", end: "2026-11-04T00:00:00.000Z" },
  interval: "day",
  cohorts: [
    {
      cohort: "2026-11-01",
      size: 4,
      values: [
        { period: 0, visitors: 4, percentage: 100 },
        { period: 1, visitors: 2, percentage: 50 },
        { period: 2, visitors: 1, percentage: 25 },
      ],
    },
    {
      cohort: "2026-11-02",
      size: 2,
      values: [
        { period: 0, visitors: 2, percentage: 100 },
        { period: 1, visitors: 1, percentage: 50 },
      ],
    },
    { cohort: "2026-11-03", size: 1, values: [{ period: 0, visitors: 1, percentage: 100 }] },
  ],
  averages: [
    { period: 0, visitors: 7, size: 7, percentage: 100 },
    { period: 1, visitors: 3, size: 6, percentage: 50 },
    { period: 2, visitors: 1, size: 4, percentage: 25 },
  ],
};

const description = [
  "A visitor belongs to the cohort of their first event in the range, or of the first one that `first` asks for, and is",
  "retained in period k when they have an event (one that `return` asks for) in the k-th bucket after it. Period 0 is the",
  "bucket of the first event as a whole: an event of it that `return` asks for counts also before the first one, and so",
  "does the first event itself, so that without `first` and `return` period 0 is everybody. What came before the range",
  "is not looked at.\n\nVisitors without an id of their own (cookieless) are new every UTC day by design, and cannot be",
  "recognised beyond it: retention over days needs the visitor ids that clients send.\n\n",
  "Every bucket of the range is a cohort, also an empty one, named as in the time series. Periods that lie behind the",
  "range are not there, nor those that have not begun yet; the first and the last bucket count what lies in the range, and",
  "the last one may not be over. With `cohort_by` the cohorts are the values that the first event has, largest first",
  "(ties by value), and periods count from each visitor's own bucket; `size` of a period says for how many of the visitors",
  "the range has it, and `percentage` is of those. `averages` are the same for all visitors together, also of cohorts beyond",
  `\`limit\`. At most ${MAXIMUM_COHORTS} buckets. Answered from single events, which are kept for a limited time.`,
].join(" ");

const events =
  "Event types, separated by commas, or, as soon as there is a colon in it, a text as `filter` takes it, such as `event_type:is:signup;property:plan:is:pro`.";

const sized = {
  period: { type: "integer" as const, description: "Buckets since the one of the first event." },
  visitors: { type: "integer" as const },
  size: { type: "integer" as const, description: "Visitors for whom the range has the period." },
  percentage: { type: "number" as const, description: "Of `size`, one decimal; 0 of none." },
};

export const retentionDocumentation = {
  tags: ["Stats"],
  security,
  summary: "Cohorts of visitors, and how many of them come back",
  description,
  parameters: [
    ...common,
    parameter("interval", "How long a bucket is.", {
      type: "string",
      enum: retentionIntervals,
      default: "day",
    }),
    parameter("first", `What begins a visitor's time. ${events} Every event by default.`, {
      type: "string",
      example: "signup",
    }),
    parameter("return", `What counts as coming back. ${events} Every event by default.`, {
      type: "string",
      example: "page_view",
    }),
    parameter(
      "cohort_by",
      `Cohorts by a value of the first event instead of by its bucket: one of ${dimensionNames.filter((name) => !isOfSessionOnly(name)).join(", ")}, or \`property:<name>\`.`,
      { type: "string", example: "property:plan" },
    ),
    {
      ...people,
      description:
        "`linked`: visitors who identified as the same user come back as one person, see `GET /v1/identities`.",
    },
    parameter("limit", "Most cohorts to answer with `cohort_by`.", {
      type: "integer",
      minimum: cohortBounds.minimum,
      maximum: cohortBounds.maximum,
      default: cohortBounds.fallback,
    }),
  ],
  responses: {
    200: {
      description: "The triangle: a row per cohort, with a value per period.",
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["timeRange", "interval", "cohorts", "averages"],
            properties: {
              timeRange: {
                type: "object",
                properties: { start: { type: "string" }, end: { type: "string" } },
              },
              interval: { type: "string" },
              cohortBy: { type: "string", description: "`cohort_by`, where it was given." },
              cohorts: {
                type: "array",
                items: {
                  type: "object",
                  properties: {
                    cohort: { type: "string" },
                    size: { type: "integer" },
                    values: {
                      type: "array",
                      description: "With `size` where there is `cohort_by`.",
                      items: { type: "object", properties: sized },
                    },
                  },
                },
              },
              averages: { type: "array", items: { type: "object", properties: sized } },
            },
          },
          example: retentionExample,
        },
      },
    },
    ...problems,
    ...tooMuch,
  },
} satisfies DocumentDecoration;
