import { Clock, Effect } from "effect";
import { Elysia } from "elysia";
import { type Access, type Authorize, questionParams } from "../../access/access.ts";
import { makeAdmitting } from "../../access/admitting.ts";
import type { Run } from "../../http/run.ts";
import type { StatsServices } from "../answering/answering.ts";
import { anomaliesAt } from "./anomalies.ts";
import { anomaliesDocumentation } from "./documentation.ts";
import { decodeAnomaliesQuery } from "./parameters.ts";

/** `GET /v1/stats/anomalies`. `authorize` fails for a request without the right key. */
export const anomalyRoutes = (run: Run<StatsServices>, authorize: Authorize) => {
  const forReaders = makeAdmitting(run, authorize, "read");
  const ask = (request: Request) => (access: Access) =>
    Effect.gen(function* () {
      const query = yield* decodeAnomaliesQuery(yield* questionParams(access, request));
      return yield* anomaliesAt(yield* Clock.currentTimeMillis, query);
    });
  return new Elysia({ name: "anomalies", prefix: "/v1/stats" }).get(
    "/anomalies",
    ({ request }) => forReaders(request, ask(request)),
    { detail: anomaliesDocumentation },
  );
};
