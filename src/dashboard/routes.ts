import { Elysia } from "elysia";
import { pagePolicy } from "../http/security-headers.ts";
import { accountPage } from "./account-page.ts";
import { type PageFile, pageFiles } from "./build.ts";
import { invitePage, loginPage, resetPage, setUpPage, sharePage } from "./pages.ts";

const policy = pagePolicy({
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self'",
  "connect-src": "'self'",
});

const page = (body: string) => () =>
  new Response(body, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "content-security-policy": policy,
    },
  });

const file = (request: Request, { text, etag }: PageFile, type: string): Response => {
  const headers = { "content-type": `${type}; charset=utf-8`, "cache-control": "no-cache", etag };
  return request.headers.get("if-none-match")?.includes(etag) === true
    ? new Response(null, { status: 304, headers })
    : new Response(text, { headers });
};

const hidden = { detail: { hide: true } };

/** The pages that links to people lead to: set-up, login, invitation, new password, shared link, and one's own account. */
export const dashboardRoutes = new Elysia({ name: "dashboard" })
  .get("/setup", page(setUpPage), hidden)
  .get("/login", page(loginPage), hidden)
  .get("/invite", page(invitePage), hidden)
  .get("/reset", page(resetPage), hidden)
  .get("/share", page(sharePage), hidden)
  .get("/account", page(accountPage), hidden)
  .get(
    "/dashboard/pages.js",
    async ({ request }) => file(request, (await pageFiles()).script, "text/javascript"),
    hidden,
  )
  .get(
    "/dashboard/pages.css",
    async ({ request }) => file(request, (await pageFiles()).style, "text/css"),
    hidden,
  );
