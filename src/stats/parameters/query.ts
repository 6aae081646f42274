import { Either } from "effect";
import { DEFAULT_PROJECT } from "../../domain/project.ts";
import { type Interval, intervals, type TimeRange } from "../calendar/buckets.ts";
import type { Field } from "../catalogue/dimensions.ts";
import { both, type Condition, everything, type Filter } from "../filters/filter.ts";
import { parseFilters } from "../filters/parse.ts";
import { type BotRule, botRules, type PeopleRule, peopleRules } from "../question.ts";
import { decodeRange } from "./range.ts";
import {
  choice,
  type Decoded,
  id,
  invalid,
  type ListRule,
  list,
  onlyKnown,
  plainText,
  scalar,
  wholeNumber,
} from "./reader.ts";

export const limitBounds = { minimum: 1, maximum: 1000, fallback: 100 } as const;
export const offsetBounds = { minimum: 0, maximum: 1_000_000, fallback: 0 } as const;

const ids: ListRule<number> = {
  takes: `ids, whole numbers from 0 to ${Number.MAX_SAFE_INTEGER}, separated by commas`,
  parse: id,
  commas: true,
};

const names = (maximum: number, commas = true): ListRule<string> => ({
  takes: `values of 1 to ${maximum} characters, ${commas ? "separated by commas" : "one each time it is given"}`,
  parse: plainText(maximum),
  commas,
});

/** A parameter that is short for a condition: the field is one of the values. */
interface FilterRule {
  readonly field: Field;
  readonly rule: ListRule<string> | ListRule<number>;
}

// The lengths are those that events are taken with.
const filterRules = {
  site_id: { field: "site", rule: names(253) },
  source: { field: "source", rule: names(64) },
  mapping_id: { field: "widget", rule: ids },
  post_id: { field: "post", rule: ids },
  device_slug: { field: "device_slug", rule: names(200, false) },
} as const satisfies Readonly<Record<string, FilterRule>>;
const filterNames = Object.keys(filterRules) as ReadonlyArray<keyof typeof filterRules>;

export const eventTypeRule: ListRule<string> = {
  takes: "event types, 1 to 64 letters, digits, spaces or any of _ : . $ -, separated by commas",
  parse: (text) => (/^[A-Za-z0-9_:.$ -]{1,64}$/.test(text) ? text : undefined),
  commas: true,
};

export const defaultGoal: ReadonlyArray<string> = ["conversion"];

/** `goal`: event types that are conversions. */
export const decodeGoal = (params: URLSearchParams): Decoded<ReadonlyArray<string>> =>
  Either.map(list(params, "goal", eventTypeRule), (goal) => (goal.length === 0 ? defaultGoal : goal));

/** The names of what `decodeCommon` reads. */
export const commonNames = ["project", "from", "to", "timezone", "bots", "filter", ...filterNames];

/** What every route of the stats takes. */
export interface StatsQuery {
  readonly project: string;
  readonly range: TimeRange;
  readonly filter: Filter;
  readonly bots: BotRule;
}

const decodeFilter = (params: URLSearchParams): Decoded<Filter> =>
  Either.gen(function* () {
    let filter = everything;
    for (const name of filterNames) {
      if (!params.has(name)) continue;
      const { field, rule } = filterRules[name];
      const values = yield* list<string | number>(params, name, rule);
      const condition: Condition = { kind: "condition", field, operator: "is", values: values.map(String) };
      filter = both(filter, condition);
    }
    return both(filter, yield* parseFilters(params.getAll("filter"), "filter"));
  });

/** The parameters that every route of the stats takes; names are looked at by `onlyKnown`. */
export const decodeCommon = (params: URLSearchParams): Decoded<StatsQuery> =>
  Either.gen(function* () {
    const takesProject = "a project's name of 1 to 64 characters";
    const project = (yield* scalar(params, "project", takesProject)) ?? DEFAULT_PROJECT;
    if (plainText(64)(project) === undefined) return yield* invalid("project", `takes ${takesProject}.`);
    return {
      project,
      range: yield* decodeRange(params),
      filter: yield* decodeFilter(params),
      bots: yield* choice(params, "bots", botRules, "exclude"),
    };
  });

/** Who counts as one, on routes that can count people. */
export const decodePeople = (params: URLSearchParams): Decoded<PeopleRule> =>
  choice(params, "people", peopleRules, "visitors");

export interface SortKey {
  readonly column: string;
  readonly descending: boolean;
}

/** What a route that answers rows takes besides: `group_by`, `sort`, `limit` and `offset`. */
export interface RowsQuery<Group extends string> extends StatsQuery {
  readonly groupBy: ReadonlyArray<Group>;
  /** Before the rows' own order, which settles ties. */
  readonly sort: ReadonlyArray<SortKey>;
  readonly limit: number;
  readonly offset: number;
}

/** The columns of a route's rows. */
export interface RowsShape<Group extends string> {
  /** Columns that tell rows apart; `group_by` adds to them. */
  readonly keys: ReadonlyArray<string>;
  readonly groups: ReadonlyArray<Group>;
  readonly measures: ReadonlyArray<string>;
  /** One of `measures`, in descending order. */
  readonly defaultSort: string;
}

/** Decodes the parameters of a route that answers rows. */
export const decodeRowsQuery = <const Group extends string>(
  params: URLSearchParams,
  shape: RowsShape<Group>,
): Decoded<RowsQuery<Group>> =>
  Either.gen(function* () {
    yield* onlyKnown(params, [...commonNames, "group_by", "sort", "limit", "offset"]);
    const common = yield* decodeCommon(params);
    const groupBy = yield* list(params, "group_by", {
      takes: `any of ${shape.groups.join(", ")}, separated by commas`,
      parse: (text) => shape.groups.find((group) => group === text),
      commas: true,
    });
    const columns = [...shape.measures, ...shape.keys, ...groupBy];
    const sort = yield* list(params, "sort", {
      takes: `any of ${columns.join(", ")}, with - in front for descending order, separated by commas`,
      parse: (text) => (columns.includes(text.replace(/^-/, "")) ? text : undefined),
      commas: true,
    });
    return {
      ...common,
      groupBy,
      sort:
        sort.length === 0
          ? [{ column: shape.defaultSort, descending: true }]
          : sort.map((text) => ({ column: text.replace(/^-/, ""), descending: text.startsWith("-") })),
      limit: yield* wholeNumber(params, "limit", limitBounds),
      offset: yield* wholeNumber(params, "offset", offsetBounds),
    };
  });

export interface TimeseriesQuery extends StatsQuery {
  readonly interval: Interval;
  /** Only these event types; empty counts all. */
  readonly eventTypes: ReadonlyArray<string>;
  readonly people: PeopleRule;
}

/** Decodes the parameters of the time series route; `interval` defaults to days. */
export const decodeTimeseriesQuery = (params: URLSearchParams): Decoded<TimeseriesQuery> =>
  Either.gen(function* () {
    yield* onlyKnown(params, [...commonNames, "interval", "event_type", "people"]);
    const common = yield* decodeCommon(params);
    return {
      ...common,
      interval: yield* choice(params, "interval", intervals, "day"),
      eventTypes: yield* list(params, "event_type", eventTypeRule),
      people: yield* decodePeople(params),
    };
  });
