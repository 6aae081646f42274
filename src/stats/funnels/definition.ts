import { Either } from "effect";
import {
  type JsonObject,
  jsonObject,
  jsonText,
  knownKeys,
  oneOf,
  wholeNumberOf,
} from "../../http/json-body.ts";
import { dimensionNames, type Field, isOfSessionOnly } from "../catalogue/dimensions.ts";
import { everything, type Filter, fieldsOf } from "../filters/filter.ts";
import { parseFilter, parseFilters } from "../filters/parse.ts";
import { type Decoded, invalid, plainText } from "../parameters/reader.ts";
import { type BotRule, botRules, type PeopleRule, peopleRules } from "../question.ts";
import {
  type FunnelOrder,
  type FunnelStep,
  type FunnelSubject,
  funnelLimitBounds,
  funnelOrders,
  funnelSubjects,
  MAXIMUM_ALIKE_IN_ANY_ORDER,
  stepBounds,
  windowBounds,
} from "./funnel.ts";

/** What a funnel is but for the time and project it is asked about, as it is sent, kept and answered. */
export interface FunnelDefinition {
  readonly steps: ReadonlyArray<{ readonly event_type: string; readonly filter?: string }>;
  /** Seconds. */
  readonly window: number;
  readonly by: FunnelSubject;
  /** Only where people are counted. */
  readonly people?: PeopleRule;
  readonly order: FunnelOrder;
  readonly filter?: string;
  readonly dimension?: string;
  readonly bots: BotRule;
  readonly limit: number;
}

export const definitionKeys = [
  "steps",
  "window",
  "by",
  "people",
  "order",
  "filter",
  "dimension",
  "bots",
  "limit",
] as const;

const takesEventType = "an event type, 1 to 64 letters, digits, spaces or any of _ : . $ -";
const takesSteps = `a list of ${stepBounds.minimum} to ${stepBounds.maximum} steps, each with event_type and, if need be, filter`;
const takesDimension = `a field of events: ${dimensionNames.filter((name) => !isOfSessionOnly(name)).join(", ")} or property: and a name`;

/** A filter's text as a filter of single events; without a text it lets everything through. */
export const eventFilter = (text: string | undefined, parameter: string): Decoded<Filter> => {
  if (text === undefined) return Either.right(everything);
  return Either.flatMap(parseFilter(text, parameter), (filter) => {
    const other = fieldsOf(filter).find(isOfSessionOnly);
    return other === undefined
      ? Either.right(filter)
      : invalid(
          parameter,
          `cannot ask for ${other}, which only whole sessions have; a funnel is made of events.`,
        );
  });
};

/** The field that a text names, if single events have it. */
export const eventField = (text: string, parameter: string): Decoded<Field> => {
  const name = dimensionNames.find((known) => known === text);
  if (name !== undefined && !isOfSessionOnly(name)) return Either.right(name);
  const property = text.startsWith("property:") ? text.slice("property:".length) : "";
  if (property === "" || plainText(200)(property) === undefined) {
    return invalid(parameter, `takes ${takesDimension}.`);
  }
  return Either.right<Field>(`property:${property}`);
};

/** The texts of all filters of a definition. */
export const filterTexts = ({
  steps,
  filter,
}: Pick<FunnelDefinition, "steps" | "filter">): ReadonlyArray<string> =>
  [filter, ...steps.map((step) => step.filter)].filter((text) => text !== undefined);

const decodeStep = (value: unknown, name: string): Decoded<FunnelDefinition["steps"][number]> =>
  Either.gen(function* () {
    const step = yield* jsonObject(value, name, "an object with event_type and, if need be, filter");
    yield* knownKeys(step, ["event_type", "filter"], name);
    const eventType = step.event_type;
    if (typeof eventType !== "string" || !/^[A-Za-z0-9_:.$ -]{1,64}$/.test(eventType)) {
      return yield* invalid(`${name}.event_type`, `takes ${takesEventType}.`);
    }
    const filter = yield* jsonText(step, "filter", "a filter as a text", name);
    yield* eventFilter(filter, `${name}.filter`);
    return { event_type: eventType, ...(filter === undefined ? {} : { filter }) };
  });

const decodeSteps = (value: unknown, order: FunnelOrder): Decoded<FunnelDefinition["steps"]> =>
  Either.gen(function* () {
    if (!Array.isArray(value) || value.length < stepBounds.minimum || value.length > stepBounds.maximum) {
      return yield* invalid(
        "steps",
        value === undefined ? `is required: ${takesSteps}.` : `takes ${takesSteps}.`,
      );
    }
    const steps: Array<FunnelDefinition["steps"][number]> = [];
    for (const [index, step] of value.entries()) {
      const name = `steps[${index}]`;
      const decoded = yield* decodeStep(step, name);
      steps.push(decoded);
      const alike = steps.filter(({ event_type }) => event_type === decoded.event_type).length;
      if (order === "any" && alike > MAXIMUM_ALIKE_IN_ANY_ORDER) {
        return yield* invalid(
          `${name}.event_type`,
          `is that of ${MAXIMUM_ALIKE_IN_ANY_ORDER} steps already, the most that steps in any order can have of one event type.`,
        );
      }
    }
    return steps;
  });

/** Fails where sessions are asked for: each is one visitor's. */
export const peopleOf = (people: PeopleRule, by: FunnelSubject): Decoded<PeopleRule> =>
  people === "linked" && by === "session"
    ? invalid("people", "can be linked where the funnel is by visitor, not by session.")
    : Either.right(people);

/** What was sent of a definition, checked, with its defaults. Keys are looked at by `knownKeys`. */
export const decodeDefinition = (body: JsonObject): Decoded<FunnelDefinition> =>
  Either.gen(function* () {
    const order = yield* oneOf(body, "order", funnelOrders, "ordered");
    const steps = yield* decodeSteps(body.steps, order);
    const filter = yield* jsonText(body, "filter", "a filter as a text");
    yield* eventFilter(filter, "filter");
    // What filters are bounded by holds for all that one statement looks at.
    yield* parseFilters(filterTexts({ steps, ...(filter === undefined ? {} : { filter }) }), "steps");
    const by = yield* oneOf(body, "by", funnelSubjects, "visitor");
    const people = yield* peopleOf(yield* oneOf(body, "people", peopleRules, "visitors"), by);
    const dimension = yield* jsonText(body, "dimension", takesDimension);
    if (dimension !== undefined) yield* eventField(dimension, "dimension");
    return {
      steps,
      window: yield* wholeNumberOf(body, "window", windowBounds, "of seconds"),
      by,
      ...(people === "linked" ? { people } : {}),
      order,
      ...(filter === undefined ? {} : { filter }),
      ...(dimension === undefined ? {} : { dimension }),
      bots: yield* oneOf(body, "bots", botRules, "exclude"),
      limit: yield* wholeNumberOf(body, "limit", funnelLimitBounds),
    };
  });

/** The steps of a definition with their filters read. */
export const stepsOf = ({ steps }: FunnelDefinition): Decoded<ReadonlyArray<FunnelStep>> =>
  Either.all(
    steps.map(({ event_type, filter }, index) =>
      Either.map(eventFilter(filter, `steps[${index}].filter`), (read) => ({
        eventType: event_type,
        filter: read,
      })),
    ),
  );
