import { Elysia } from "elysia";
import { renderDemo, renderDemoDevice } from "../client/demo/demo.ts";
import { demoCss } from "../client/demo/demo-css.ts";
import type { TrackerScript } from "../client/tracker/build.ts";
import { NotFound } from "../domain/errors.ts";
import { problemResponse } from "./problem.ts";
import { pagePolicy } from "./security-headers.ts";

/** Browsers ask again after an hour and mostly hear that nothing changed. */
const SCRIPT_CACHE = "public, max-age=3600, stale-while-revalidate=86400";

/** The demo is what a site's own page is to the script: its style, the script, and the events it sends. */
const demoPolicy = pagePolicy({
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "data:",
  "connect-src": "'self'",
});

const html = (body: string) =>
  new Response(body, {
    headers: { "content-type": "text/html; charset=utf-8", "content-security-policy": demoPolicy },
  });

// `gzip;q=0` says that gzip is not wanted.
const gzipAccepted = /(?:^|,)\s*gzip\s*(?:,|$|;\s*q=(?!0(?:\.0*)?\s*(?:,|$)))/i;

const acceptsGzip = (request: Request) => gzipAccepted.test(request.headers.get("accept-encoding") ?? "");

const script = (request: Request, tracker: TrackerScript): Response => {
  const headers: Record<string, string> = {
    "content-type": "text/javascript; charset=utf-8",
    "cache-control": SCRIPT_CACHE,
    etag: tracker.etag,
    vary: "accept-encoding",
    "access-control-allow-origin": "*",
    "cross-origin-resource-policy": "cross-origin",
  };
  if (request.headers.get("if-none-match")?.includes(tracker.etag) === true) {
    return new Response(null, { status: 304, headers });
  }
  return acceptsGzip(request)
    ? new Response(tracker.gzip, { headers: { ...headers, "content-encoding": "gzip" } })
    : new Response(tracker.code, { headers });
};

/** A foot print's worth of a picture, so that browsers do not ask in vain. */
const icon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="7" fill="#1c6e5a"/><g fill="#fff"><ellipse cx="15" cy="19" rx="5" ry="8"/><circle cx="9.5" cy="9.5" r="2"/><circle cx="13.5" cy="7" r="2.1"/><circle cx="18" cy="7" r="2"/><circle cx="21.5" cy="9.5" r="1.7"/></g></svg>`;

const hidden = { detail: { hide: true } };

/** `GET /analytics.js`, and a demo page that uses it. */
export const pageRoutes = (tracker: TrackerScript) =>
  new Elysia({ name: "pages" })
    .get("/analytics.js", ({ request }) => script(request, tracker), {
      detail: { tags: ["Events"], summary: "The tracking script" },
    })
    .get("/", () => Response.redirect("/docs", 302), hidden)
    .get(
      "/favicon.ico",
      () =>
        new Response(icon, { headers: { "content-type": "image/svg+xml", "cache-control": SCRIPT_CACHE } }),
      hidden,
    )
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
