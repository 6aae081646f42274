import { Cause, Context, Effect, type Layer, Runtime } from "effect";
import { Elysia } from "elysia";
import { Doorkeeper } from "../access/access.ts";
import { accountRoutes } from "../accounts/routes/account-routes.ts";
import { authRoutes } from "../accounts/routes/auth-routes.ts";
import { peopleRoutes } from "../accounts/routes/people-routes.ts";
import { auditRoutes } from "../audit/routes.ts";
import type { TrackerScript } from "../client/tracker/build.ts";
import type { Settings } from "../config.ts";
import { dashboardRoutes } from "../dashboard/routes.ts";
import { NotFound } from "../domain/errors.ts";
import { exportRoutes } from "../export/routes.ts";
import { identityRoutes } from "../identity/routes.ts";
import { Ingest } from "../ingest/ingest.ts";
import { ingestRoutes } from "../ingest/routes.ts";
import type { layerLive } from "../layers.ts";
import { Metrics } from "../metrics/metrics.ts";
import { privacyRoutes } from "../privacy/routes.ts";
import { Projects } from "../projects/projects.ts";
import { projectRoutes } from "../projects/routes.ts";
import { realtimeRoutes, socketLimits } from "../realtime/routes.ts";
import { anomalyRoutes } from "../stats/anomalies/routes.ts";
import { funnelRoutes } from "../stats/funnels/routes.ts";
import { statsRoutes } from "../stats/routes.ts";
import { webhookRoutes } from "../webhooks/routes.ts";
import { docsRoutes } from "./docs.ts";
import { healthRoutes } from "./health.ts";
import { metricsRoutes } from "./metrics.ts";
import { pageRoutes } from "./pages.ts";
import { internalProblem, problemResponse } from "./problem.ts";
import { makeRun } from "./run.ts";
import { makeSecurityHeaders } from "./security-headers.ts";

export type Services = Layer.Layer.Success<typeof layerLive>;

export interface AppParts {
  readonly runtime: Runtime.Runtime<Services>;
  readonly settings: Settings;
  readonly tracker: TrackerScript;
  /** True from the moment the service was told to stop. */
  readonly stopping: () => boolean;
}

/**
 * So long after its last answer a kept connection is closed, and a request that was not answered too, in seconds. Bytes
 * that trickle in do not prolong it. The head of a connection's first request has 10 seconds, which is Bun's own limit.
 */
const IDLE_TIMEOUT_SECONDS = 30;

const MAX_REQUEST_BYTES = 256 * 1024 * 1024;

/** Every route of the service. `listen` is left to the caller. */
export const makeApp = ({ runtime, settings, tracker, stopping }: AppParts) => {
  const run = makeRun(runtime);
  const ingest = Context.get(runtime.context, Ingest);
  const metrics = Context.get(runtime.context, Metrics);
  const projects = Context.get(runtime.context, Projects);
  const { authorize, identify } = Context.get(runtime.context, Doorkeeper);
  const { secure, secured } = makeSecurityHeaders(settings);
  return new Elysia({
    name: "footfall",
    serve: {
      idleTimeout: IDLE_TIMEOUT_SECONDS,
      // Two processes on one port would share its traffic without a word.
      reusePort: false,
      // Far above the routes' own limits, so that theirs answer, with a problem that a page's script can read: Bun's
      // bare 413 would look to it like a lost connection. What a route does not read is thrown away, not kept.
      maxRequestBodySize: MAX_REQUEST_BYTES,
    },
    websocket: socketLimits,
  })
    .onError({ as: "global" }, ({ code, error, request }) => {
      if (code === "NOT_FOUND") {
        return secured(problemResponse(new NotFound({ path: new URL(request.url).pathname })));
      }
      Runtime.runFork(runtime, Effect.logError("A route threw", Cause.die(error)));
      return secured(internalProblem());
    })
    .mapResponse({ as: "global" }, secure)
    .use(docsRoutes)
    .use(ingestRoutes(ingest, metrics, projects, settings))
    .use(privacyRoutes(run, authorize, projects))
    .use(statsRoutes(run, authorize))
    .use(anomalyRoutes(run, authorize))
    .use(webhookRoutes(run, authorize))
    .use(funnelRoutes(run, authorize))
    .use(projectRoutes(run, authorize, projects, settings))
    .use(identityRoutes(run, authorize))
    .use(auditRoutes(run, authorize))
    .use(authRoutes(run, identify, settings))
    .use(peopleRoutes(run, authorize))
    .use(accountRoutes(run, authorize))
    .use(exportRoutes(run, authorize))
    .use(realtimeRoutes(run, authorize))
    .use(healthRoutes(run, stopping))
    .use(metricsRoutes(run))
    .use(dashboardRoutes)
    .use(pageRoutes(tracker));
};
