import type { DocumentDecoration } from "elysia";
import { DEFAULT_PROJECT } from "../../domain/project.ts";
import { problem, problems, security, tooMuch } from "../../http/documented.ts";
import { MAXIMUM_BODY_BYTES } from "../../http/json-body.ts";
import { common, parameter } from "../documentation.ts";
import { botRules, peopleRules } from "../question.ts";
import type { FunnelAnswer } from "./answer-funnel.ts";
import {
  funnelLimitBounds,
  funnelOrders,
  funnelSubjects,
  MAXIMUM_ALIKE_IN_ANY_ORDER,
  stepBounds,
  windowBounds,
} from "./funnel.ts";
import { MAXIMUM_FUNNELS, type SavedFunnel } from "./saved-funnels.ts";

const text = { type: "string" as const };

const definitionProperties = {
  steps: {
    type: "array" as const,
    minItems: stepBounds.minimum,
    maxItems: stepBounds.maximum,
    description: `An event type each, and a filter that the event has to pass. In \`any\` order at most ${MAXIMUM_ALIKE_IN_ANY_ORDER} steps have the same event type.`,
    items: {
      type: "object" as const,
      required: ["event_type"],
      properties: { event_type: text, filter: { ...text, example: "property:tax_type:is:MRI" } },
    },
  },
  window: {
    type: "integer" as const,
    ...{ minimum: windowBounds.minimum, maximum: windowBounds.maximum, default: windowBounds.fallback },
    description: "Seconds from the first step within which all others happen.",
  },
  by: {
    ...text,
    enum: [...funnelSubjects],
    default: "visitor",
    description:
      "Who goes through: visitors, or sessions, of which only what lies in the range counts, cut at gaps of 30 minutes.",
  },
  people: {
    ...text,
    enum: [...peopleRules],
    default: "visitors",
    description:
      "`linked`: what visitors do who identified as the same user, on whatever device, is one person's way, see `GET /v1/identities`. Of funnels by visitor only.",
  },
  order: {
    ...text,
    enum: [...funnelOrders],
    default: "ordered",
    description:
      "`ordered`: each step at or after the one before, with anything in between. `strict`: without another event in between. `any`: in whatever order.",
  },
  filter: { ...text, description: "What events have to pass to count at all.", example: "country:is:KE" },
  dimension: {
    ...text,
    description: "A field of events, or property: and a name: counts per value, too.",
    example: "device",
  },
  bots: { ...text, enum: [...botRules], default: "exclude" },
  limit: {
    type: "integer" as const,
    ...{
      minimum: funnelLimitBounds.minimum,
      maximum: funnelLimitBounds.maximum,
      default: funnelLimitBounds.fallback,
    },
    description: "Most values of the dimension; the others are left out of `data`, but not of `steps`.",
  },
};

const project = { ...text, default: DEFAULT_PROJECT, description: "The project asked about." };
const time = (description: string, example: string) => ({ ...text, description, example });
const timeProperties = {
  project,
  from: time("A date (a day in `timezone`, inclusive) or a time with its offset (inclusive).", "2026-11-01"),
  to: time("A date (a day in `timezone`, inclusive) or a time with its offset (exclusive).", "2026-11-30"),
  timezone: { ...text, default: "UTC", description: "IANA time zone in which dates are days." },
};

const body = (
  required: ReadonlyArray<string>,
  properties: Readonly<Record<string, object>>,
  example: object,
) => ({
  required: true,
  content: {
    "application/json": {
      schema: {
        type: "object" as const,
        required: [...required],
        properties,
        additionalProperties: false,
      },
      example,
    },
  },
});

// As `bun run seed --example tax` keeps it, and what it finds there.
const exampleDefinition = {
  steps: ["validation_success", "otp_verified", "return_filed"].map((step) => ({
    event_type: step,
    filter: "property:tax_type:is:TOT",
  })),
  window: 86400,
};

const exampleAnswer = {
  steps: [
    { event_type: "validation_success", count: 750, conversion: 100, drop_off: 0, median_seconds: null },
    { event_type: "otp_verified", count: 600, conversion: 80, drop_off: 20, median_seconds: 92.482 },
    { event_type: "return_filed", count: 500, conversion: 66.7, drop_off: 16.7, median_seconds: 91.522 },
  ],
  conversion: 66.7,
} satisfies FunnelAnswer;

const exampleFunnel = {
  name: "TOT",
  ...exampleDefinition,
  by: "visitor",
  order: "ordered",
  bots: "exclude",
  limit: 10,
  created_at: "2026-11-21T05:00:00.849Z",
  updated_at: "2026-11-21T05:00:00.849Z",
} satisfies SavedFunnel;

const bodyProblems = { 413: problem(`The body is longer than ${MAXIMUM_BODY_BYTES} bytes.`) };
const unknown = { 404: problem("There is no funnel of this name.") };

const answer = (description: string, example: object) => ({
  description,
  content: { "application/json": { schema: { type: "object" as const }, example } },
});

const semantics = `An attempt begins with an event of the first step and lasts for \`window\`, its end included. Each step is served by the earliest event that can; an event serves one step only, also where it fits several. Events of the same millisecond are taken in the order of the steps. Events outside of the range do not count. A visitor (or session) counts once, with the attempt that gets furthest, the earliest of several.

In \`strict\` order no other event that \`filter\` and \`bots\` let through lies between two steps; others in the same millisecond as a step do not lie between. In \`any\` order the attempt begins with an event of any step, and step k is reached when steps 1 to k are all done.

Per step: \`count\`; \`conversion\`, the percentage of those who reached the first step; \`drop_off\`, the percentage lost since the step before; \`median_seconds\` from the step before, over those who reached it. With a \`dimension\`, \`data\` has the same per value of the event that served the first step, most first. Counted from single events, which reach back as far as they are kept.`;

const nameParameter = {
  name: "name",
  in: "path" as const,
  required: true,
  description: "The funnel's name.",
  schema: { ...text, example: "TOT" },
};
const projectParameter = parameter("project", "The project whose funnels are meant.", {
  type: "string",
  default: DEFAULT_PROJECT,
});

const tags = ["Funnels"];

export const funnelDocumentation = {
  tags,
  security,
  summary: "How far visitors or sessions come through steps",
  description: semantics,
  requestBody: body(
    ["from", "to", "steps"],
    { ...timeProperties, ...definitionProperties },
    { from: "2026-11-01", to: "2026-11-30", ...exampleDefinition },
  ),
  responses: {
    200: answer("The steps in their order.", exampleAnswer),
    ...problems,
    ...bodyProblems,
    ...tooMuch,
  },
} satisfies DocumentDecoration;

export const listDocumentation = {
  tags,
  security,
  summary: "The funnels that are kept",
  description: "In the order of their names.",
  parameters: [projectParameter],
  responses: { 200: answer("All of the project.", { data: [exampleFunnel] }), ...problems },
} satisfies DocumentDecoration;

export const createDocumentation = {
  tags,
  security,
  summary: "Keeps a funnel under a name",
  description: `A name has 1 to 64 letters, digits, spaces or any of _ . - and begins with a letter or a digit. At most ${MAXIMUM_FUNNELS} funnels per project.`,
  requestBody: body(
    ["name", "steps"],
    { project, name: { ...text, example: "TOT" }, ...definitionProperties },
    { name: "TOT", ...exampleDefinition },
  ),
  responses: {
    201: answer("What is kept, with its defaults.", exampleFunnel),
    409: problem("The name is taken (`funnel_exists`), or there are too many (`too_many_funnels`)."),
    ...problems,
    ...bodyProblems,
  },
} satisfies DocumentDecoration;

export const getDocumentation = {
  tags,
  security,
  summary: "A kept funnel",
  parameters: [nameParameter, projectParameter],
  responses: { 200: answer("The funnel.", exampleFunnel), ...unknown, ...problems },
} satisfies DocumentDecoration;

export const replaceDocumentation = {
  tags,
  security,
  summary: "Puts a funnel in the place of a kept one, or keeps it as a new one",
  parameters: [nameParameter, projectParameter],
  requestBody: body(["steps"], definitionProperties, exampleDefinition),
  responses: {
    200: answer("It took the place of the one before.", exampleFunnel),
    201: answer("There was none of this name.", exampleFunnel),
    409: problem("There are too many (`too_many_funnels`)."),
    ...problems,
    ...bodyProblems,
  },
} satisfies DocumentDecoration;

export const deleteDocumentation = {
  tags,
  security,
  summary: "Forgets a kept funnel",
  parameters: [nameParameter, projectParameter],
  responses: { 204: { description: "It is gone." }, ...unknown, ...problems },
} satisfies DocumentDecoration;

export const resultDocumentation = {
  tags,
  security,
  summary: "Asks a kept funnel about a time",
  description: `What a funnel counts is described with \`POST /v1/stats/funnel\`. Filters narrow the funnel's own; \`bots\`, \`people\`, \`dimension\` and \`limit\` take the place of its own.`,
  parameters: [
    nameParameter,
    ...common.map((each) =>
      each.name === "bots"
        ? parameter("bots", `${each.description} The funnel's own rule unless given.`, {
            type: "string",
            enum: botRules,
          })
        : each,
    ),
    ...(common.some(({ name }) => name === "filter")
      ? []
      : [parameter("filter", "A filter such as country:is:KE; given again, all hold.", text)]),
    parameter("people", definitionProperties.people.description, { ...text, enum: peopleRules }),
    parameter("dimension", definitionProperties.dimension.description, text),
    parameter("limit", definitionProperties.limit.description, {
      type: "integer",
      minimum: funnelLimitBounds.minimum,
      maximum: funnelLimitBounds.maximum,
    }),
  ],
  responses: {
    200: answer("The steps in their order.", exampleAnswer),
    ...unknown,
    ...problems,
    ...tooMuch,
  },
} satisfies DocumentDecoration;
