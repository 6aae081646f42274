import { Either } from "effect";
import { DEFAULT_PROJECT } from "../../domain/project.ts";
import { type JsonObject, jsonText, knownKeys } from "../../http/json-body.ts";
import { both } from "../filters/filter.ts";
import { parseFilters } from "../filters/parse.ts";
import { commonNames, decodeCommon, decodePeople, type StatsQuery } from "../parameters/query.ts";
import { type Decoded, invalid, onlyKnown, plainText, scalar, wholeNumber } from "../parameters/reader.ts";
import {
  decodeDefinition,
  definitionKeys,
  eventField,
  eventFilter,
  type FunnelDefinition,
  filterTexts,
  peopleOf,
  stepsOf,
} from "./definition.ts";
import { type FunnelQuery, funnelLimitBounds } from "./funnel.ts";

const timeKeys = ["project", "from", "to", "timezone"] as const;

const queryOf = (definition: FunnelDefinition, common: StatsQuery): Decoded<FunnelQuery> =>
  Either.gen(function* () {
    const { dimension, people = "visitors" } = definition;
    return {
      project: common.project,
      range: common.range,
      steps: yield* stepsOf(definition),
      windowSeconds: definition.window,
      by: definition.by,
      people: yield* peopleOf(people, definition.by),
      order: definition.order,
      filter: both(yield* eventFilter(definition.filter, "filter"), common.filter),
      bots: common.bots,
      dimension: dimension === undefined ? undefined : yield* eventField(dimension, "dimension"),
      limit: definition.limit,
    };
  });

/** A funnel as a whole: a definition with `project`, `from`, `to` and `timezone`. */
export const decodeFunnelBody = (body: JsonObject): Decoded<FunnelQuery> =>
  Either.gen(function* () {
    yield* knownKeys(body, [...timeKeys, ...definitionKeys]);
    const params = new URLSearchParams();
    for (const key of timeKeys) {
      const text = yield* jsonText(body, key, "a text that is not empty");
      if (text !== undefined) params.set(key, text);
    }
    // The range first: a question without one is no question.
    const common = yield* decodeCommon(params);
    const definition = yield* decodeDefinition(body);
    return yield* queryOf(definition, { ...common, bots: definition.bots });
  });

export const resultNames = [...commonNames, "dimension", "limit", "people"];

/**
 * A kept funnel, asked about a time. Filters narrow its own; `bots`, `people`, `dimension` and `limit` take the place of
 * its own.
 */
export const decodeResultQuery = (
  params: URLSearchParams,
): Decoded<{
  readonly project: string;
  readonly queryOf: (definition: FunnelDefinition) => Decoded<FunnelQuery>;
}> =>
  Either.gen(function* () {
    yield* onlyKnown(params, resultNames);
    const common = yield* decodeCommon(params);
    const filters = params.getAll("filter");
    for (const filter of filters) yield* eventFilter(filter, "filter");
    const dimension = yield* scalar(params, "dimension", "a field of events");
    if (dimension !== undefined) yield* eventField(dimension, "dimension");
    const limit = params.has("limit") ? yield* wholeNumber(params, "limit", funnelLimitBounds) : undefined;
    const people = params.has("people") ? yield* decodePeople(params) : undefined;
    const asked = (definition: FunnelDefinition): Decoded<FunnelQuery> =>
      Either.gen(function* () {
        // The limits of filters are for all of them together.
        yield* parseFilters([...filterTexts(definition), ...filters], "filter");
        return yield* queryOf(
          {
            ...definition,
            ...(dimension === undefined ? {} : { dimension }),
            ...(limit === undefined ? {} : { limit }),
            ...(people === undefined ? {} : { people }),
          },
          { ...common, bots: params.has("bots") ? common.bots : definition.bots },
        );
      });
    return { project: common.project, queryOf: asked };
  });

const takesProject = "a project's name of 1 to 64 characters";

export const projectOf = (text: string | undefined): Decoded<string> =>
  text === undefined || plainText(64)(text) !== undefined
    ? Either.right(text ?? DEFAULT_PROJECT)
    : invalid("project", `takes ${takesProject}.`);

/** The project of a request that takes nothing else. */
export const decodeProject = (params: URLSearchParams): Decoded<string> =>
  Either.gen(function* () {
    yield* onlyKnown(params, ["project"]);
    return yield* projectOf(yield* scalar(params, "project", takesProject));
  });

const takesName =
  "a name of 1 to 64 letters, digits, spaces or any of _ . -, which begins with a letter or a digit";

/** The name of a kept funnel. */
export const decodeName = (name: unknown): Decoded<string> =>
  typeof name === "string" && /^[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}$/.test(name)
    ? Either.right(name)
    : invalid("name", name === undefined ? `is required: ${takesName}.` : `takes ${takesName}.`);
