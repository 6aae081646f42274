import type { Field } from "../catalogue/dimensions.ts";
import type { Filter } from "../filters/filter.ts";
import type { BotRule } from "../question.ts";
import type { AskedRange, Comparison } from "./civil-time.ts";
import type { Metric } from "./metrics.ts";

/** The short filters: the field is one of the values. */
export interface ShortFilters {
  readonly site_id?: ReadonlyArray<string> | undefined;
  readonly source?: ReadonlyArray<string> | undefined;
  readonly mapping_id?: ReadonlyArray<string> | undefined;
  readonly post_id?: ReadonlyArray<string> | undefined;
  readonly device_slug?: ReadonlyArray<string> | undefined;
}

/** What every question about metrics says, as its parameters do; what is left out has the route's default. */
interface Asked extends ShortFilters {
  readonly from: string;
  readonly to: string;
  readonly timezone?: string | undefined;
  readonly bots?: BotRule | undefined;
  readonly filter?: Filter | undefined;
  readonly goal?: ReadonlyArray<string> | undefined;
}

export interface MetricsQuestion extends Asked {
  readonly route: "metrics";
  readonly metrics: ReadonlyArray<Metric>;
  readonly compare?: Comparison | undefined;
}

export interface TimeseriesMetricsQuestion extends Asked {
  readonly route: "timeseries";
  readonly metrics: ReadonlyArray<Metric>;
  readonly interval?: "hour" | "day" | "week" | "month" | undefined;
  readonly compare?: Comparison | undefined;
}

export interface BreakdownQuestion extends Asked {
  readonly route: "breakdown";
  readonly dimension: Field;
  /** Visitors, when it is left out. */
  readonly metrics?: ReadonlyArray<Metric> | undefined;
  readonly search?: string | undefined;
  readonly limit?: number | undefined;
  readonly offset?: number | undefined;
  /** Asked metrics or `dimension`, with - in front for descending order. */
  readonly sort?: ReadonlyArray<string> | undefined;
}

export type MetricQuestion = MetricsQuestion | TimeseriesMetricsQuestion | BreakdownQuestion;

const shortFields = {
  site_id: "site",
  source: "source",
  mapping_id: "widget",
  post_id: "post",
  device_slug: "device_slug",
} as const;
const shortNames = Object.keys(shortFields) as ReadonlyArray<keyof typeof shortFields>;

export const zoneOf = ({ timezone }: MetricQuestion): string => timezone ?? "UTC";

export const rangeOf = (question: MetricQuestion): AskedRange => ({
  from: question.from,
  to: question.to,
  zone: zoneOf(question),
});

/** The filter and the short filters, all of which have to hold. */
export const wholeFilter = (question: MetricQuestion): Filter => ({
  kind: "all",
  filters: [
    ...shortNames.flatMap((name): ReadonlyArray<Filter> => {
      const values = question[name];
      return values === undefined
        ? []
        : [{ kind: "condition", field: shortFields[name], operator: "is", values }];
    }),
    ...(question.filter === undefined ? [] : [question.filter]),
  ],
});

/** The question as the parameters of its route, but for the project. `write` writes a filter in the filter grammar. */
export const paramsOf = (question: MetricQuestion, write: (filter: Filter) => string): URLSearchParams => {
  const params = new URLSearchParams();
  const put = (name: string, value: string | number | undefined) => {
    if (value !== undefined) params.append(name, String(value));
  };
  for (const name of ["from", "to", "timezone", "bots"] as const) put(name, question[name]);
  for (const name of shortNames) {
    // A comma may be part of a device's name, which is given once for each.
    if (name === "device_slug") for (const value of question[name] ?? []) put(name, value);
    else put(name, question[name]?.join(","));
  }
  if (question.filter !== undefined) put("filter", write(question.filter));
  put("goal", question.goal?.join(","));
  put(question.route === "metrics" ? "metrics" : "metric", question.metrics?.join(","));
  if (question.route !== "breakdown") put("compare", question.compare);
  if (question.route === "timeseries") put("interval", question.interval);
  if (question.route === "breakdown") {
    for (const name of ["dimension", "search", "limit", "offset"] as const) put(name, question[name]);
    put("sort", question.sort?.join(","));
  }
  return params;
};
