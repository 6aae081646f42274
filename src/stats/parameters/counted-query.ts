import { Either } from "effect";
import { type Interval, intervals, type TimeRange } from "../calendar/buckets.ts";
import { dimensionNames, type Field } from "../catalogue/dimensions.ts";
import { type MetricName, metricNames } from "../catalogue/metrics.ts";
import type { CountsOrderTerm } from "../counts.ts";
import type { PeopleRule } from "../question.ts";
import {
  commonNames,
  decodeCommon,
  decodeGoal,
  decodePeople,
  limitBounds,
  offsetBounds,
  type StatsQuery,
} from "./query.ts";
import { comparedRange, comparisons } from "./range.ts";
import { choice, type Decoded, invalid, list, onlyKnown, plainText, scalar, wholeNumber } from "./reader.ts";

/** Longest name of a property and longest text to search for, in characters. */
const MOST_CHARACTERS = 200;

/** What every route that answers metrics takes. */
export interface MetricsQuery extends StatsQuery {
  /** At least one. */
  readonly metrics: ReadonlyArray<MetricName>;
  /** Event types that are conversions. */
  readonly goal: ReadonlyArray<string>;
  readonly people: PeopleRule;
}

export interface ComparedQuery extends MetricsQuery {
  /** What it is compared with; undefined without comparison. */
  readonly previous: TimeRange | undefined;
}

export interface MetricTimeseriesQuery extends ComparedQuery {
  readonly interval: Interval;
}

export interface BreakdownQuery extends MetricsQuery {
  readonly dimension: Field;
  readonly search: string | undefined;
  readonly sort: ReadonlyArray<CountsOrderTerm>;
  readonly limit: number;
  readonly offset: number;
}

const decodeMetrics = (
  params: URLSearchParams,
  name: "metric" | "metrics",
  fallback: ReadonlyArray<MetricName>,
): Decoded<Pick<MetricsQuery, "metrics" | "goal" | "people">> =>
  Either.gen(function* () {
    const asked = yield* list(params, name, {
      takes: `any of ${metricNames.join(", ")}, separated by commas`,
      parse: (text) => metricNames.find((metric) => metric === text),
      commas: true,
    });
    return {
      metrics: asked.length === 0 ? fallback : asked,
      goal: yield* decodeGoal(params),
      people: yield* decodePeople(params),
    };
  });

const decodePrevious = (params: URLSearchParams, range: TimeRange) =>
  Either.map(choice(params, "compare", comparisons, "none"), (comparison) =>
    comparedRange(params, range, comparison),
  );

/** Decodes the parameters of the metrics route; without `metrics` all are asked. */
export const decodeMetricsQuery = (params: URLSearchParams): Decoded<ComparedQuery> =>
  Either.gen(function* () {
    yield* onlyKnown(params, [...commonNames, "metrics", "goal", "people", "compare"]);
    const common = yield* decodeCommon(params);
    const metrics = yield* decodeMetrics(params, "metrics", metricNames);
    return { ...common, ...metrics, previous: yield* decodePrevious(params, common.range) };
  });

/** Decodes the parameters of a time series of metrics. */
export const decodeMetricTimeseriesQuery = (params: URLSearchParams): Decoded<MetricTimeseriesQuery> =>
  Either.gen(function* () {
    yield* onlyKnown(params, [...commonNames, "metric", "goal", "people", "compare", "interval"]);
    const common = yield* decodeCommon(params);
    const metrics = yield* decodeMetrics(params, "metric", ["visitors"]);
    return {
      ...common,
      ...metrics,
      interval: yield* choice(params, "interval", intervals, "day"),
      previous: yield* decodePrevious(params, common.range),
    };
  });

const decodeDimension = (params: URLSearchParams): Decoded<Field> =>
  Either.gen(function* () {
    const takes = `one of ${dimensionNames.join(", ")}, or property:<name>`;
    const text = yield* scalar(params, "dimension", takes);
    if (text === undefined) return yield* invalid("dimension", `is required: ${takes}.`);
    const known = dimensionNames.find((name) => name === text);
    if (known !== undefined) return known;
    const property = text.startsWith("property:") ? text.slice("property:".length) : "";
    if (property === "" || plainText(MOST_CHARACTERS)(property) === undefined) {
      return yield* invalid("dimension", `takes ${takes}.`);
    }
    return `property:${property}` as const;
  });

/** Decodes the parameters of the breakdown; without `metric` it counts visitors. */
export const decodeBreakdownQuery = (params: URLSearchParams): Decoded<BreakdownQuery> =>
  Either.gen(function* () {
    yield* onlyKnown(params, [
      ...commonNames,
      "dimension",
      "metric",
      "goal",
      "people",
      "search",
      "sort",
      "limit",
      "offset",
    ]);
    const common = yield* decodeCommon(params);
    const dimension = yield* decodeDimension(params);
    const metrics = yield* decodeMetrics(params, "metric", ["visitors"]);
    const takesSearch = `a text of 1 to ${MOST_CHARACTERS} characters`;
    const search = yield* scalar(params, "search", takesSearch);
    if (search !== undefined && plainText(MOST_CHARACTERS)(search) === undefined) {
      return yield* invalid("search", `takes ${takesSearch}.`);
    }
    const columns = [...metrics.metrics, "dimension" as const];
    const sort = yield* list(params, "sort", {
      takes: `any of ${columns.join(", ")}, with - in front for descending order, separated by commas`,
      parse: (text): string | undefined =>
        columns.some((column) => column === text.replace(/^-/, "")) ? text : undefined,
      commas: true,
    });
    const terms = sort.flatMap((text): ReadonlyArray<CountsOrderTerm> => {
      const by = columns.find((column) => column === text.replace(/^-/, ""));
      return by === undefined ? [] : [{ by, descending: text.startsWith("-") }];
    });
    return {
      ...common,
      ...metrics,
      dimension,
      search,
      sort: terms.length === 0 ? [{ by: metrics.metrics[0] ?? "visitors", descending: true }] : terms,
      limit: yield* wholeNumber(params, "limit", limitBounds),
      offset: yield* wholeNumber(params, "offset", offsetBounds),
    };
  });
