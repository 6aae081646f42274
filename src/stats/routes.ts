import { Effect } from "effect";
import { Elysia } from "elysia";
import type { Authorize } from "../access/access.ts";
import type { Run } from "../http/run.ts";
import type { Answer } from "./answer.ts";
import { makeAnswering, type StatsServices } from "./answering/answering.ts";
import { breakdown } from "./breakdown.ts";
import {
  breakdownDocumentation,
  metricsDocumentation,
  timeseriesDocumentation,
} from "./counted-documentation.ts";
import { postsDocumentation, widgetsDocumentation } from "./documentation.ts";
import { metricTimeseries } from "./metric-timeseries.ts";
import { metricsAnswer } from "./metrics.ts";
import {
  decodeBreakdownQuery,
  decodeMetricsQuery,
  decodeMetricTimeseriesQuery,
} from "./parameters/counted-query.ts";
import { decodeTimeseriesQuery } from "./parameters/query.ts";
import { pathRoutes } from "./paths/routes.ts";
import { decodePostsQuery, postStats } from "./posts.ts";
import { retentionRoutes } from "./retention/routes.ts";
import { timeseries } from "./timeseries.ts";
import { decodeWidgetsQuery, widgetStats } from "./widgets.ts";

/**
 * `GET /v1/stats/widgets`, `/posts`, `/timeseries`, `/metrics`, `/breakdown`, `/retention` and `/paths`. `authorize` fails
 * for a request without the right key; parameters are looked at only after it.
 */
export const statsRoutes = (run: Run<StatsServices>, authorize: Authorize) => {
  const answered = makeAnswering(run, authorize);
  const rows =
    <Query, Row>(ask: (query: Query) => Answer<Row>) =>
    (query: Query) =>
      Effect.map(ask(query), (data) => ({ data }));

  return new Elysia({ name: "stats", prefix: "/v1/stats" })
    .get("/widgets", ({ request }) => answered(request, decodeWidgetsQuery, rows(widgetStats)), {
      detail: widgetsDocumentation,
    })
    .get("/posts", ({ request }) => answered(request, decodePostsQuery, rows(postStats)), {
      detail: postsDocumentation,
    })
    .get(
      "/timeseries",
      ({ request }) =>
        new URL(request.url).searchParams.has("metric")
          ? answered(request, decodeMetricTimeseriesQuery, metricTimeseries)
          : answered(request, decodeTimeseriesQuery, rows(timeseries)),
      { detail: timeseriesDocumentation },
    )
    .get("/metrics", ({ request }) => answered(request, decodeMetricsQuery, metricsAnswer), {
      detail: metricsDocumentation,
    })
    .get("/breakdown", ({ request }) => answered(request, decodeBreakdownQuery, breakdown), {
      detail: breakdownDocumentation,
    })
    .use(retentionRoutes(answered))
    .use(pathRoutes(answered));
};
