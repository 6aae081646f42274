import { Effect } from "effect";
import { breakdown } from "../../breakdown.ts";
import type { Counted, CountOptions } from "../../counts.ts";
import { metricTimeseries } from "../../metric-timeseries.ts";
import { metricsAnswer } from "../../metrics.ts";
import {
  decodeBreakdownQuery,
  decodeMetricsQuery,
  decodeMetricTimeseriesQuery,
} from "../../parameters/counted-query.ts";
import type { MetricQuestion } from "../metric-question.ts";

/** What a route answers to these parameters, without the route around it. */
export const asked = (
  route: MetricQuestion["route"],
  params: URLSearchParams,
  options: CountOptions,
): Counted<object> => {
  switch (route) {
    case "metrics":
      return Effect.flatMap(decodeMetricsQuery(params), (query) => metricsAnswer(query, options));
    case "timeseries":
      return Effect.flatMap(decodeMetricTimeseriesQuery(params), (query) => metricTimeseries(query, options));
    case "breakdown":
      return Effect.flatMap(decodeBreakdownQuery(params), (query) => breakdown(query, options));
  }
};
