import { dirname, join } from "node:path";
import { openapi } from "@elysiajs/openapi";
import { Elysia } from "elysia";
import {
  deleteDocumentation,
  getDocumentation,
  replaceDocumentation,
  resultDocumentation,
} from "../stats/funnels/documentation.ts";
import { deleteDocumentation as deleteWebhookDocumentation } from "../webhooks/documentation.ts";
import { pagePolicy } from "./security-headers.ts";

// The viewer comes with Footfall: a page that loads scripts from elsewhere would tell others who reads it.
const viewer = dirname(Bun.resolveSync("swagger-ui-dist/package.json", import.meta.dir));

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Footfall API</title>
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;

const policy = pagePolicy(
  { "script-src": "'self'", "style-src": "'self'", "img-src": "'self' data:", "connect-src": "'self'" },
  { writesHtml: true },
);

const start = `window.ui = SwaggerUIBundle({
  url: "/docs/json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: true,
  validatorUrl: null,
});
`;

const text =
  (body: string, type: string, more: Record<string, string> = {}) =>
  () =>
    new Response(body, {
      headers: { "content-type": `${type}; charset=utf-8`, "cache-control": "no-cache", ...more },
    });

const asset = (name: string) => () =>
  new Response(Bun.file(join(viewer, name)), { headers: { "cache-control": "public, max-age=86400" } });

const hidden = { detail: { hide: true } };

/** `GET /docs` for people, `GET /docs/json` for programs: the OpenAPI document of every route. */
export const docsRoutes = new Elysia({ name: "docs" })
  .use(
    openapi({
      path: "/docs",
      provider: null,
      // The script's address looks like that of a file.
      exclude: { staticFile: false },
      documentation: {
        // Of a route with a name in its path the plugin shows that name alone.
        paths: {
          "/v1/funnels/{name}": {
            get: getDocumentation,
            put: replaceDocumentation,
            delete: deleteDocumentation,
          },
          "/v1/funnels/{name}/result": { get: resultDocumentation },
          "/v1/webhooks/{id}": { delete: deleteWebhookDocumentation },
        },
        info: {
          title: "Footfall",
          version: "1",
          description: "Self-hosted, privacy-first analytics. Errors are RFC 9457 problem details.",
        },
        components: {
          securitySchemes: {
            adminKey: { type: "apiKey", in: "header", name: "x-admin-key" },
            bearer: { type: "http", scheme: "bearer" },
            session: { type: "apiKey", in: "cookie", name: "footfall" },
          },
        },
        tags: [
          { name: "Events", description: "Sending events; open to the pages of allowed origins." },
          {
            name: "Stats",
            description:
              "Reading numbers; needs a read key, the admin key, a role in the project or a shared link.",
          },
          {
            name: "Export",
            description: "Reading single events; needs a read key, the admin key or a role in the project.",
          },
          {
            name: "Funnels",
            description:
              "How far visitors come through steps; needs a read key or a role, and for changes the admin key or the role editor.",
          },
          {
            name: "People",
            description:
              "Which visitors are linked to a user; needs a read key or a role, and for changes the admin key or the role editor.",
          },
          {
            name: "Projects",
            description: "Tenants, their keys, people and links; needs the admin key or the role owner.",
          },
          {
            name: "Privacy",
            description: "What is stored of a person, and its end; needs the admin key or the role owner.",
          },
          { name: "Accounts", description: "People: how they come in, and what they do with their account." },
          {
            name: "Webhooks",
            description: "Being told of anomalies; needs the admin key or the role owner.",
          },
          { name: "Service", description: "How the service is." },
        ],
      },
    }),
  )
  .get("/docs", text(page, "text/html", { "content-security-policy": policy }), hidden)
  .get("/docs/start.js", text(start, "text/javascript"), hidden)
  .get("/docs/swagger-ui.css", asset("swagger-ui.css"), hidden)
  .get("/docs/swagger-ui-bundle.js", asset("swagger-ui-bundle.js"), hidden);
