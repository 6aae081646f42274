import { Effect } from "effect";
import { Elysia } from "elysia";
import type { AppSettings } from "../config.ts";
import type { Unauthorized } from "../domain/errors.ts";
import type { Run } from "../http/run.ts";
import type { ClickHouse } from "../store/clickhouse.ts";
import type { Answer } from "./answer.ts";
import { postsDocumentation, timeseriesDocumentation, widgetsDocumentation } from "./documentation.ts";
import { decodeTimeseriesQuery } from "./parameters/query.ts";
import type { Decoded } from "./parameters/reader.ts";
import { decodePostsQuery, postStats } from "./posts.ts";
import { timeseries } from "./timeseries.ts";
import { decodeWidgetsQuery, widgetStats } from "./widgets.ts";

/**
 * `GET /v1/stats/widgets`, `/posts` and `/timeseries`, each `{ data: rows }`. `authorize` fails for a request without
 * the right key; parameters are looked at only after it.
 */
export const statsRoutes = (
  run: Run<ClickHouse | AppSettings>,
  authorize: (request: Request) => Effect.Effect<void, Unauthorized>,
) => {
  const answered = async <Query, Row>(
    request: Request,
    decode: (params: URLSearchParams) => Decoded<Query>,
    ask: (query: Query) => Answer<Row>,
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
      : Response.json({ data: result }, { headers: { "cache-control": "no-store" } });
  };

  return new Elysia({ name: "stats", prefix: "/v1/stats" })
    .get("/widgets", ({ request }) => answered(request, decodeWidgetsQuery, widgetStats), {
      detail: widgetsDocumentation,
    })
    .get("/posts", ({ request }) => answered(request, decodePostsQuery, postStats), {
      detail: postsDocumentation,
    })
    .get("/timeseries", ({ request }) => answered(request, decodeTimeseriesQuery, timeseries), {
      detail: timeseriesDocumentation,
    });
};
