import { Elysia } from "elysia";
import type { Settings } from "../config.ts";
import { Arrivals } from "../http/arrivals.ts";
import { bodyArrivals, readBody } from "../http/body.ts";
import { clientAddress, parseTrustedProxies } from "../http/client-address.ts";
import { preflightHeaders } from "../http/cors.ts";
import { problemResponse } from "../http/problem.ts";
import { type Allowance, makeRateLimits } from "../http/rate-limit/rate-limits.ts";
import type { Metrics } from "../metrics/metrics.ts";
import type { Project } from "../projects/project.ts";
import type { ProjectsShape } from "../projects/projects.ts";
import { eventsDocumentation } from "./documentation.ts";
import { keyOfRequest, makeGate, type Refused } from "./gate.ts";
import type { Ingest, Sender } from "./ingest.ts";

const hostOf = (origin: string | null): string =>
  origin !== null && URL.canParse(origin) ? new URL(origin).host : "";

/** `POST /v1/events`, open to every page of an origin that the key's project allows. */
export const ingestRoutes = (
  ingest: Ingest["Type"],
  metrics: Metrics["Type"],
  projects: ProjectsShape,
  settings: Settings,
) => {
  const { maxBodyBytes } = settings;
  const trusted = parseTrustedProxies(settings.trustedProxies);
  const arrivals = new Arrivals(bodyArrivals);
  const gate = makeGate(projects, settings.requireApiKey);
  const limits = makeRateLimits(settings, metrics);

  const take = async (
    request: Request,
    origin: string | null,
    { address, admit, limit }: Pick<Sender, "address" | "admit" | "limit">,
    stranger: Allowance,
  ) => {
    // Of an address that sends what nobody takes not even the body is read.
    const limited = stranger.refusal();
    if (limited !== undefined) return limited;
    // Refusing is cheap when there is too much to do already.
    const refused = ingest.refusal();
    if (refused !== undefined) return refused;
    const body = await readBody(request, maxBodyBytes, arrivals);
    if (!(body instanceof Uint8Array)) {
      if (body._tag === "RequestTimeout" || body._tag === "IntakeFull") metrics.refused(body._tag);
      return body;
    }
    return await ingest.take(body, {
      admit,
      limit,
      address,
      userAgent: request.headers.get("user-agent") ?? "",
      originHost: hostOf(origin),
      doNotTrack: request.headers.get("dnt") === "1",
      globalPrivacyControl: request.headers.get("sec-gpc") === "1",
    });
  };

  return new Elysia({ name: "ingest" })
    .post(
      "/v1/events",
      async ({ request, server }) => {
        const origin = request.headers.get("origin");
        const foreign = gate.foreign(origin);
        if (foreign !== undefined) return problemResponse(foreign);
        const sender = { origin, key: keyOfRequest(request) };
        let admitted: Project | Refused | undefined;
        const peer = server?.requestIP(request)?.address ?? "";
        const address = clientAddress(request.headers, peer, trusted);
        let allowance = limits.of("", address);
        const admit = (bodyKey: string | undefined) => {
          admitted = gate.admit(sender, bodyKey);
          return admitted;
        };
        const limit = (project: string, events: number) => {
          allowance = limits.of(project, address);
          return allowance.take(events);
        };
        const taken = await take(request, origin, { address, admit, limit }, allowance);
        // What is the sender's own fault, and was counted for no project.
        const isFaulty = taken instanceof Error && !("retryAfterSeconds" in taken);
        const answer = (isFaulty ? allowance.take(0) : undefined) ?? taken;
        const headers: Record<string, string> = { ...gate.cors(origin, admitted), ...allowance.headers() };
        if (!(answer instanceof Error)) return Response.json(answer, { headers });
        const problem = problemResponse(answer);
        for (const name in headers) problem.headers.set(name, headers[name] ?? "");
        return problem;
      },
      { parse: "none", detail: eventsDocumentation },
    )
    .options(
      "/v1/events",
      ({ request }) => {
        // A preflight has no body, so that a key in it is not known yet; the request itself is looked at again.
        const origin = request.headers.get("origin");
        const foreign = gate.foreign(origin);
        if (foreign !== undefined) return problemResponse(foreign);
        const key = keyOfRequest(request);
        const admitted = key === undefined ? undefined : gate.admit({ origin, key }, undefined);
        if (admitted instanceof Error) return problemResponse(admitted);
        return new Response(null, {
          status: 204,
          headers: { ...gate.cors(origin, admitted), ...preflightHeaders },
        });
      },
      { detail: { hide: true } },
    );
};
