import { Elysia } from "elysia";
import type { Settings } from "../config.ts";
import { OriginForbidden } from "../domain/errors.ts";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { Arrivals } from "../http/arrivals.ts";
import { bodyArrivals, readBody } from "../http/body.ts";
import { clientAddress, parseTrustedProxies } from "../http/client-address.ts";
import { corsHeaders, preflightHeaders } from "../http/cors.ts";
import { problemResponse } from "../http/problem.ts";
import type { Metrics } from "../metrics/metrics.ts";
import { eventsDocumentation } from "./documentation.ts";
import type { Ingest } from "./ingest.ts";

const hostOf = (origin: string | null): string =>
  origin !== null && URL.canParse(origin) ? new URL(origin).host : "";

/** `POST /v1/events`, open to every page of an allowed origin. */
export const ingestRoutes = (ingest: Ingest["Type"], metrics: Metrics["Type"], settings: Settings) => {
  const { allowedOrigins, maxBodyBytes } = settings;
  const trusted = parseTrustedProxies(settings.trustedProxies);
  const arrivals = new Arrivals(bodyArrivals);

  const take = async (request: Request, origin: string | null, peer: string) => {
    // Refusing is cheap when there is too much to do already.
    const refused = ingest.refusal();
    if (refused !== undefined) return refused;
    const body = await readBody(request, maxBodyBytes, arrivals);
    if (!(body instanceof Uint8Array)) {
      if (body._tag === "RequestTimeout" || body._tag === "IntakeFull") metrics.refused(body._tag);
      return body;
    }
    return await ingest.take(body, {
      project: DEFAULT_PROJECT,
      address: clientAddress(request.headers, peer, trusted),
      userAgent: request.headers.get("user-agent") ?? "",
      originHost: hostOf(origin),
    });
  };

  return new Elysia({ name: "ingest" })
    .post(
      "/v1/events",
      async ({ request, server }) => {
        const origin = request.headers.get("origin");
        const cors = corsHeaders(origin, allowedOrigins);
        if (cors === undefined) return problemResponse(new OriginForbidden({ origin: origin ?? "" }));
        const answer = await take(request, origin, server?.requestIP(request)?.address ?? "");
        if (!(answer instanceof Error)) return Response.json(answer, { headers: cors });
        const problem = problemResponse(answer);
        for (const name in cors) problem.headers.set(name, cors[name] ?? "");
        return problem;
      },
      { parse: "none", detail: eventsDocumentation },
    )
    .options(
      "/v1/events",
      ({ request }) => {
        const origin = request.headers.get("origin");
        const cors = corsHeaders(origin, allowedOrigins);
        if (cors === undefined) return problemResponse(new OriginForbidden({ origin: origin ?? "" }));
        return new Response(null, { status: 204, headers: { ...cors, ...preflightHeaders } });
      },
      { detail: { hide: true } },
    );
};
