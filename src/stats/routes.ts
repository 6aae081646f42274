import { Effect } from "effect";
import { Elysia } from "elysia";
import type { AppSettings } from "../config.ts";
import type { Unauthorized } from "../domain/errors.ts";
import type { Run } from "../http/run.ts";
import type { SealedDays } from "../sealing/sealed-days.ts";
import type { ClickHouse } from "../store/clickhouse.ts";
import type { Answer } from "./answer.ts";
import { breakdown } from "./breakdown.ts";
import { breakdownDocumentation, metricsDocumentation } from "./counted-documentation.ts";
import type { Counted } from "./counts.ts";
import { postsDocumentation, timeseriesDocumentation, widgetsDocumentation } from "./documentation.ts";
import { metricTimeseries } from "./metric-timeseries.ts";
import { metricsAnswer } from "./metrics.ts";
import {
  decodeBreakdownQuery,
  decodeMetricsQuery,
  decodeMetricTimeseriesQuery,
} from "./parameters/counted-query.ts";
import { decodeTimeseriesQuery } from "./parameters/query.ts";
import type { Decoded } from "./parameters/reader.ts";
import { decodePostsQuery, postStats } from "./posts.ts";
import { timeseries } from "./timeseries.ts";
import { decodeWidgetsQuery, widgetStats } from "./widgets.ts";

/**
 * `GET /v1/stats/widgets`, `/posts`, `/timeseries`, `/metrics` and `/breakdown`. `authorize` fails for a request without
 * the right key; parameters are looked at only after it.
 */
export const statsRoutes = (
  run: Run<ClickHouse | SealedDays | AppSettings>,
  authorize: (request: Request) => Effect.Effect<void, Unauthorized>,
) => {
  const answered = async <Query, Body extends object>(
    request: Request,
    decode: (params: URLSearchParams) => Decoded<Query>,
    ask: (query: Query) => Counted<Body>,
  ): Promise<Response> => {
    const result = await run(
      authorize(request).pipe(
        Effect.andThen(Effect.suspend(() => decode(new URL(request.url).searchParams))),
        Effect.flatMap((query) => ask(query)),
      ),
      request.signal,
    );
    return result instanceof Response
      ? result
      : Response.json(result, { headers: { "cache-control": "no-store" } });
  };
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
    });
};
