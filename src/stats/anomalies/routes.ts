import { Clock, Effect } from "effect";
import { Elysia } from "elysia";
import { type Authorize, questionParams } from "../../access/access.ts";
import type { Run } from "../../http/run.ts";
import type { Retention } from "../../retention/retention.ts";
import type { ClickHouse } from "../../store/clickhouse.ts";
import { anomaliesAt } from "./anomalies.ts";
import { anomaliesDocumentation } from "./documentation.ts";
import { decodeAnomaliesQuery } from "./parameters.ts";

/** `GET /v1/stats/anomalies`. `authorize` fails for a request without the right key. */
export const anomalyRoutes = (run: Run<ClickHouse | Retention>, authorize: Authorize) =>
  new Elysia({ name: "anomalies", prefix: "/v1/stats" }).get(
    "/anomalies",
    async ({ request }) => {
      const result = await run(
        authorize(request, "read").pipe(
          Effect.flatMap((access) => questionParams(access, request)),
          Effect.flatMap((params) => decodeAnomaliesQuery(params)),
          Effect.flatMap((query) =>
            Effect.flatMap(Clock.currentTimeMillis, (nowMs) => anomaliesAt(nowMs, query)),
          ),
        ),
        request.signal,
      );
      return result instanceof Response
        ? result
        : Response.json(result, { headers: { "cache-control": "no-store" } });
    },
    { detail: anomaliesDocumentation },
  );
