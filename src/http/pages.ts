import { Elysia } from "elysia";
import { renderDemo, renderDemoDevice } from "../client/demo/demo.ts";
import { demoCss } from "../client/demo/demo-css.ts";
import type { TrackerScript } from "../client/tracker/build.ts";
import { NotFound } from "../domain/errors.ts";
import { problemResponse } from "./problem.ts";

/** Browsers ask again after an hour and mostly hear that nothing changed. */
const SCRIPT_CACHE = "public, max-age=3600, stale-while-revalidate=86400";

const html = (body: string) =>
  new Response(body, { headers: { "content-type": "text/html; charset=utf-8" } });

const acceptsGzip = (request: Request) => /\bgzip\b/.test(request.headers.get("accept-encoding") ?? "");

const script = (request: Request, tracker: TrackerScript): Response => {
  const headers: Record<string, string> = {
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": SCRIPT_CACHE,
    etag: tracker.etag,
    vary: "accept-encoding",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
    "x-content-type-options": "nosniff",
  };
  if (request.headers.get("if-none-match")?.includes(tracker.etag) === true) {
    return new Response(null, { status: 304, headers });
  }
  return acceptsGzip(request)
    ? new Response(tracker.gzip, { headers: { ...headers, "content-encoding": "gzip" } })
    : new Response(tracker.code, { headers });
};

const hidden = { detail: { hide: true } };

/** `GET /analytics.js`, and a demo page that uses it. */
export const pageRoutes = (tracker: TrackerScript) =>
  new Elysia({ name: "pages" })
    .get("/analytics.js", ({ request }) => script(request, tracker), {
      detail: { tags: ["Events"], summary: "The tracking script" },
    })
    .get("/", () => Response.redirect("/docs", 302), hidden)
    .get("/demo", () => html(renderDemo()), hidden)
    .get(
      "/demo/demo.css",
      () => new Response(demoCss, { headers: { "content-type": "text/css; charset=utf-8" } }),
      hidden,
    )
    .get(
      "/demo/device/:slug",
      ({ params, request }) => {
        const body = renderDemoDevice(params.slug);
        return body === undefined
          ? problemResponse(new NotFound({ path: new URL(request.url).pathname }))
          : html(body);
      },
      hidden,
    );
