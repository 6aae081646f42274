import type { DocumentDecoration } from "elysia";
import { DEFAULT_PROJECT } from "../../domain/project.ts";
import { problems, security, tooMuch } from "../../http/documented.ts";
import { goal } from "../counted-documentation.ts";
import type { Anomalies } from "./anomalies.ts";
import { DEFAULT_THRESHOLD, FEWEST_WEEKS, WEEKS } from "./judgement.ts";
import { defaultMetrics, thresholdBounds } from "./parameters.ts";
import { anomalyMetrics } from "./watched.ts";

const parameter = (name: string, description: string, schema: Readonly<Record<string, unknown>>) => ({
  name,
  in: "query" as const,
  required: false,
  description,
  schema,
});

/** How anomalies are told, for the document of the routes that tell them. */
export const anomalyMethod = `Compared are the same hours by the zone's clock on the same weekday of the ${WEEKS} weeks before, at the level of now: each week's counts are multiplied by how much the usual day (the median of the seven days before) has changed since. \`expected\` is their median, \`score\` how many deviations the value is away from it on Anscombe's scale 2√(n + 3/8), on which chance alone makes a deviation of 1 whatever the size. The deviation is the median absolute deviation ÷ 0.6745 of what a forecast from the other weeks would have missed these hours and those around them by (modified z-score: Iglewicz and Hoaglin, 1993), and at least that of a Poisson count, so that small numbers raise no alarm. An hour without events counts 0, unless it was before the first event. With fewer than ${FEWEST_WEEKS} weeks of history \`expected\` is null and \`reason\` \`too_little_history\`.`;

const exampleFinding = {
  value: 4212,
  expected: 4467.3,
  lower: 3921.3,
  upper: 5048.9,
  score: -1.61,
  anomalous: false,
  direction: null,
  weeks: 8,
  reason: null,
} as const;

const example: Anomalies = {
  timeRange: {
    from: "2026-11-21T00:00:00+01:00",
    to: "2026-11-21T14:00:00+01:00",
    timezone: "Europe/Berlin",
  },
  hour: { from: "2026-11-21T13:00:00+01:00", to: "2026-11-21T14:00:00+01:00", timezone: "Europe/Berlin" },
  threshold: DEFAULT_THRESHOLD,
  data: [
    {
      metric: "pageviews",
      ...exampleFinding,
      hour: {
        value: 12,
        expected: 431.5,
        lower: 341.5,
        upper: 532,
        score: -26.36,
        anomalous: true,
        direction: "down",
        weeks: 8,
        reason: null,
      },
    },
  ],
};

const number = { type: "number" as const, nullable: true };
const text = { type: "string" as const, nullable: true };

const findingProperties = {
  value: { type: "integer" as const },
  expected: number,
  lower: { ...number, description: "A value below it is an anomaly." },
  upper: { ...number, description: "A value above it is an anomaly." },
  score: { ...number, description: "Deviations from what was expected, negative below it." },
  anomalous: { type: "boolean" as const },
  direction: { ...text, enum: ["up", "down", null] },
  weeks: { type: "integer" as const, description: "Earlier weeks that could be compared with." },
  reason: {
    ...text,
    enum: ["too_little_history", "day_just_begun", null],
    description: "Why nothing is expected.",
  },
};

const timeRange = {
  type: "object" as const,
  properties: {
    from: { type: "string" as const },
    to: { type: "string" as const },
    timezone: { type: "string" as const },
  },
};

export const anomaliesDocumentation = {
  tags: ["Stats"],
  security,
  summary: "Today and the last whole hour against what earlier weeks lead to expect",
  description: `Per metric the day so far, up to the end of the last whole hour (\`timeRange\`), and under \`hour\` that hour alone. ${anomalyMethod} Bots are left out. Answered from the hourly rollup in zones whose offset is whole hours, elsewhere from the single events, as far back as they are kept. \`sessions\` are those that begin in the time: of sealed days as these know them; where a day was never sealed, only as far back as single events are kept.`,
  parameters: [
    parameter("project", "The project asked about.", { type: "string", default: DEFAULT_PROJECT }),
    parameter(
      "site_id",
      "Only these sites, taken together. Several values: separated by commas, or given again.",
      { type: "string" },
    ),
    parameter(
      "timezone",
      "IANA time zone whose clock says what a day and an hour is; by default the project's.",
      {
        type: "string",
        default: "UTC",
        example: "Europe/Berlin",
      },
    ),
    parameter("metrics", `Any of ${anomalyMetrics.join(", ")}, separated by commas.`, {
      type: "string",
      default: defaultMetrics.join(","),
      example: "pageviews,sessions,conversions",
    }),
    goal,
    parameter("threshold", "Score, above or below, beyond which a value is an anomaly.", {
      type: "number",
      ...thresholdBounds,
      default: DEFAULT_THRESHOLD,
    }),
  ],
  responses: {
    200: {
      description: "One entry per metric, in the order asked for.",
      content: {
        "application/json": {
          schema: {
            type: "object",
            required: ["timeRange", "hour", "threshold", "data"],
            properties: {
              timeRange,
              hour: timeRange,
              threshold: { type: "number" },
              data: {
                type: "array",
                items: {
                  type: "object",
                  properties: {
                    metric: { type: "string", enum: [...anomalyMetrics] },
                    ...findingProperties,
                    hour: { type: "object", properties: findingProperties },
                  },
                },
              },
            },
          },
          example,
        },
      },
    },
    ...problems,
    ...tooMuch,
  },
} satisfies DocumentDecoration;
