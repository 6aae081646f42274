import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { Elysia } from "elysia";
import { demoDevices } from "../client/demo/devices.ts";
import { buildTracker } from "../client/tracker/build.ts";
import { AppSettings } from "../config.ts";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import { pageRoutes } from "./pages.ts";
import { makeSecurityHeaders, pagePolicy } from "./security-headers.ts";

interface Operation {
  readonly parameters?: ReadonlyArray<{
    readonly name: string;
    readonly in: string;
    readonly required?: boolean;
    readonly example?: unknown;
    readonly schema?: { readonly example?: unknown };
  }>;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: unknown }>> };
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

const pages = ["/docs", "/demo", ...demoDevices.map(({ slug }) => `/demo/device/${slug}`)];

const isIngest = (method: string, path: string) => path === "/v1/events" && method === "POST";

/** Every header that says what a browser may do with the answer. */
const securityOf = ({ headers }: Response) =>
  Object.fromEntries(
    [
      ...["x-content-type-options", "content-security-policy", "cross-origin-resource-policy"],
      ...["cross-origin-opener-policy", "referrer-policy", "strict-transport-security"],
    ].map((name) => [name, headers.get(name)]),
  );

const answerSecurity = (method: string, path: string) => ({
  "x-content-type-options": "nosniff",
  "content-security-policy": isIngest(method, path) ? null : "default-src 'none'; frame-ancestors 'none'",
  // What other sites load.
  "cross-origin-resource-policy":
    isIngest(method, path) || path === "/analytics.js" ? "cross-origin" : "same-origin",
  "cross-origin-opener-policy": null,
  "referrer-policy": null,
  "strict-transport-security": null,
});

const directivesOf = (response: Response): Readonly<Record<string, string>> =>
  Object.fromEntries(
    (response.headers.get("content-security-policy") ?? "").split("; ").map((directive) => {
      const [name = "", ...sources] = directive.split(" ");
      return [name, sources.join(" ")] as const;
    }),
  );

test("a policy allows what it is told and nothing else", () => {
  expect(pagePolicy()).toBe(
    "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
  );
  expect(pagePolicy({ "img-src": "data:", "form-action": "'self'" }, { writesHtml: true })).toBe(
    "default-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; img-src data:",
  );
});

describe("every answer", () => {
  const service = serviceForTests();
  const fetchPath = (path: string, init: RequestInit = {}) =>
    fetch(service.url() + path, { redirect: "manual", ...init });

  const expectAnswer = async (path: string, init: RequestInit & { readonly method: string }, url = path) => {
    const response = await fetchPath(url, init);
    const type = response.headers.get("content-type") ?? "";
    await response.arrayBuffer();
    expect({ path, type, ...securityOf(response) }).toEqual({
      path,
      type: expect.not.stringMatching(/html|(text|application)\/(xhtml\+)?xml/),
      ...answerSecurity(init.method, path),
    });
    return response.status;
  };

  test("of every route of the API document, good ones and refused ones", async () => {
    const { paths } = (await (await fetchPath("/docs/json")).json()) as { readonly paths: Paths };
    const statuses: Record<string, ReadonlyArray<number>> = {};
    for (const [path, methods] of Object.entries(paths)) {
      for (const [method, { parameters = [], requestBody }] of Object.entries(methods)) {
        const query = new URLSearchParams();
        let url = path;
        for (const { name, in: place, required, example, schema } of parameters) {
          const value = String(example ?? schema?.example);
          if (place === "path") url = url.replace(`{${name}}`, encodeURIComponent(value));
          if (place === "query" && required === true) query.set(name, value);
        }
        const body = requestBody?.content["application/json"]?.example;
        const init = {
          method: method.toUpperCase(),
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        };
        const headers = { "x-admin-key": ADMIN_KEY };
        statuses[`${method} ${path}`] = [
          await expectAnswer(path, { ...init, headers }, `${url}?${query}`),
          await expectAnswer(path, { ...init, headers }, `${url}?nonsense=%3Cscript%3E`),
          await expectAnswer(path, { method: init.method }, url),
        ];
      }
    }
    const each = Object.values(statuses);
    expect(each.length).toBeGreaterThan(20);
    expect(each.filter(([first = 0]) => first < 300).length).toBeGreaterThan(15);
    expect(each.filter((all) => all.some((status) => status >= 400)).length).toBeGreaterThan(15);
  });

  test.each([
    ["GET", "/", 302],
    ["GET", "/favicon.ico", 200],
    ["GET", "/docs/json", 200],
    ["GET", "/docs/start.js", 200],
    ["GET", "/docs/swagger-ui.css", 200],
    ["GET", "/docs/swagger-ui-bundle.js", 200],
    ["GET", "/demo/demo.css", 200],
    ["GET", "/demo/device/%3Cimg%20src=x%20onerror=alert(1)%3E", 404],
    ["GET", "/nothing", 404],
    ["GET", "/%3Cscript%3E", 404],
    ["DELETE", "/docs", 404],
    ["GET", "/v1/realtime", 426],
    ["OPTIONS", "/v1/events", 204],
    ["HEAD", "/health", 200],
  ])("of %s %s", async (method, path, status) => {
    expect(await expectAnswer(path, { method })).toBe(status);
  });

  test.each(pages)("of %s is a page that runs no script but its files", async (path) => {
    const response = await fetchPath(path);
    expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
    const body = await response.text();
    expect(body).not.toMatch(/<script(?![^>]*\ssrc=")|<style|\sstyle=|\son\w+=|javascript:/i);
    expect(securityOf(response)).toMatchObject({
      "x-content-type-options": "nosniff",
      "cross-origin-resource-policy": "same-origin",
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "same-origin",
      "strict-transport-security": null,
    });
    expect(response.headers.get("permissions-policy")).toContain("camera=()");
    const directives = directivesOf(response);
    expect(directives).toMatchObject({
      "default-src": "'none'",
      "script-src": "'self'",
      "style-src": "'self'",
      "connect-src": "'self'",
      "base-uri": "'none'",
      "form-action": "'none'",
      "frame-ancestors": "'none'",
    });
    expect(Object.values(directives).join(" ")).not.toMatch(/unsafe|https?:|\*/);
  });

  test("comes with the same headers to HEAD", async () => {
    expect(securityOf(await fetchPath("/demo", { method: "HEAD" }))).toEqual(
      securityOf(await fetchPath("/demo")),
    );
  });

  test("nobody untrusted can say that a page came over TLS", async () => {
    const response = await fetchPath("/demo", { headers: { "x-forwarded-proto": "https" } });
    expect(response.headers.get("strict-transport-security")).toBeNull();
  });
});

describe("behind a trusted proxy", () => {
  const service = serviceForTests({ settings: { trustedProxies: "loopback" } });
  const transport = async (path: string, proto?: string) => {
    const headers: Record<string, string> = proto === undefined ? {} : { "x-forwarded-proto": proto };
    return (await fetch(service.url() + path, { headers })).headers.get("strict-transport-security");
  };

  test.each(["https", "HTTPS", "http, https"])("a page that came over %s stays on TLS", async (proto) => {
    for (const path of pages) expect(await transport(path, proto)).toBe("max-age=31536000");
  });

  test.each([undefined, "http", "", "https, http", "https://"])(
    "a page that came over %s does not",
    async (proto) => {
      expect(await transport("/demo", proto)).toBeNull();
    },
  );

  test("so does one that came over TLS itself", async () => {
    const { secure } = makeSecurityHeaders(
      await service.run(Effect.map(AppSettings, (settings) => settings)),
    );
    const app = new Elysia().mapResponse({ as: "global" }, secure).use(pageRoutes(await buildTracker()));
    const { headers } = await app.handle(new Request("https://stats.example/demo"));
    expect(headers.get("strict-transport-security")).toBe("max-age=31536000");
  });

  test("what visitors of other sites load says nothing of it", async () => {
    for (const path of ["/analytics.js", "/health", "/nothing"]) {
      expect(await transport(path, "https")).toBeNull();
    }
  });
});
