import { Either } from "effect";
import type { Interval } from "../calendar/buckets.ts";
import { dimensionNames, type Field, isOfSessionOnly } from "../catalogue/dimensions.ts";
import { everything, type Filter, fieldsOf } from "../filters/filter.ts";
import { parseFilter } from "../filters/parse.ts";
import {
  commonNames,
  decodeCommon,
  decodePeople,
  eventTypeRule,
  type StatsQuery,
} from "../parameters/query.ts";
import {
  choice,
  type Decoded,
  invalid,
  list,
  onlyKnown,
  plainText,
  scalar,
  wholeNumber,
} from "../parameters/reader.ts";
import type { PeopleRule } from "../question.ts";

export const retentionIntervals = ["day", "week", "month"] as const satisfies ReadonlyArray<Interval>;
export const cohortBounds = { minimum: 1, maximum: 100, fallback: 10 } as const;

export interface RetentionQuery extends StatsQuery {
  readonly interval: (typeof retentionIntervals)[number];
  /** The earliest event of the range that it holds for puts a visitor into a cohort. */
  readonly first: Filter;
  /** Visitors are retained in a period when it holds for an event of theirs. */
  readonly returning: Filter;
  /** Cohorts by the value that the first event has; undefined for cohorts by its bucket. */
  readonly cohortBy: Field | undefined;
  /** Cohorts by value that are answered. */
  readonly limit: number;
  /** Who comes back: visitors, or people. */
  readonly people: PeopleRule;
}

/** Fails where a filter asks single events for what only whole sessions have. */
const ofEvents = (filter: Filter, name: string): Decoded<Filter> => {
  const field = fieldsOf(filter).find(isOfSessionOnly);
  return field === undefined
    ? Either.right(filter)
    : invalid(name, `asks for ${field}, which single events do not have; ask for page.`);
};

/** Event types, or, as soon as there is a colon in it, a filter. Every event when it is absent. */
const decodeEvents = (params: URLSearchParams, name: "first" | "return"): Decoded<Filter> => {
  const takes = "event types, separated by commas, or a filter such as event_type:is:signup";
  return Either.flatMap(scalar(params, name, takes), (text): Decoded<Filter> => {
    if (text === undefined) return Either.right(everything);
    if (text.includes(":")) {
      return Either.flatMap(parseFilter(text, name), (filter) => ofEvents(filter, name));
    }
    return Either.map(list(params, name, { ...eventTypeRule, takes }), (values) => ({
      kind: "condition",
      field: "event_type",
      operator: "is",
      values,
    }));
  });
};

/** Longest name of a property, in characters. */
const MOST_CHARACTERS = 200;

const decodeCohortBy = (params: URLSearchParams): Decoded<Field | undefined> => {
  const takes = `one of ${dimensionNames.filter((name) => !isOfSessionOnly(name)).join(", ")}, or property:<name>`;
  return Either.flatMap(scalar(params, "cohort_by", takes), (text): Decoded<Field | undefined> => {
    if (text === undefined) return Either.right(undefined);
    const known = dimensionNames.find((name) => name === text);
    if (known !== undefined && !isOfSessionOnly(known)) return Either.right(known);
    const property = text.startsWith("property:") ? text.slice("property:".length) : "";
    return property === "" || plainText(MOST_CHARACTERS)(property) === undefined
      ? invalid("cohort_by", `takes ${takes}.`)
      : Either.right(`property:${property}` as const);
  });
};

/** Decodes the parameters of the retention route; `limit` is for cohorts by value only. */
export const decodeRetentionQuery = (params: URLSearchParams): Decoded<RetentionQuery> =>
  Either.gen(function* () {
    yield* onlyKnown(params, [...commonNames, "interval", "first", "return", "cohort_by", "limit", "people"]);
    const common = yield* decodeCommon(params);
    yield* ofEvents(common.filter, "filter");
    const cohortBy = yield* decodeCohortBy(params);
    if (cohortBy === undefined && params.has("limit")) {
      return yield* invalid("limit", "is for cohorts by value; without cohort_by every bucket is a cohort.");
    }
    return {
      ...common,
      interval: yield* choice(params, "interval", retentionIntervals, "day"),
      first: yield* decodeEvents(params, "first"),
      returning: yield* decodeEvents(params, "return"),
      cohortBy,
      limit: yield* wholeNumber(params, "limit", cohortBounds),
      people: yield* decodePeople(params),
    };
  });
