import { describe, expect, test } from "bun:test";
import { demoDevices } from "../client/demo/devices.ts";
import { buildTracker } from "../client/tracker/build.ts";
import { pageRoutes } from "./pages.ts";

const tracker = await buildTracker();
const app = pageRoutes(tracker);
const get = (path: string, headers: Record<string, string> = {}) =>
  app.handle(new Request(`http://localhost${path}`, { headers }));

describe("the script", () => {
  test("is JavaScript that any page may load, and browsers keep", async () => {
    const response = await get("/analytics.js");
    expect(await response.text()).toBe(tracker.code);
    expect(response.headers.get("content-type")).toBe("text/javascript; charset=utf-8");
    expect(response.headers.get("cache-control")).toMatch(/^public, max-age=\d+/);
    expect(response.headers.get("access-control-allow-origin")).toBe("*");
    expect(response.headers.get("cross-origin-resource-policy")).toBe("cross-origin");
    expect(response.headers.get("vary")).toBe("accept-encoding");
    expect(response.headers.get("content-encoding")).toBeNull();
  });

  test.each(["gzip", "gzip, deflate, br, zstd", "br;q=1.0, gzip;q=0.8"])(
    "comes as gzip for %j",
    async (accept) => {
      const response = await get("/analytics.js", { "accept-encoding": accept });
      expect(response.headers.get("content-encoding")).toBe("gzip");
      const bytes = await response.bytes();
      expect(bytes.length).toBeLessThanOrEqual(2048);
      expect(Buffer.from(Bun.gunzipSync(bytes)).toString()).toBe(tracker.code);
    },
  );

  test.each(["", "br", "identity", "gzip;q=0", "br, gzip; q=0.0"])(
    "comes as it is for %j",
    async (accept) => {
      const response = await get("/analytics.js", { "accept-encoding": accept });
      expect(response.headers.get("content-encoding")).toBeNull();
      expect(await response.text()).toBe(tracker.code);
    },
  );

  test.each([tracker.etag, `W/${tracker.etag}`, `"other", ${tracker.etag}`])(
    "is not sent again to who has it: %s",
    async (etag) => {
      const response = await get("/analytics.js", { "if-none-match": etag });
      expect([response.status, await response.text()]).toEqual([304, ""]);
      expect(response.headers.get("etag")).toBe(tracker.etag);
    },
  );

  test("is sent to who has another one", async () => {
    expect((await get("/analytics.js", { "if-none-match": '"other"' })).status).toBe(200);
  });
});

describe("the demo", () => {
  test("and all it links to is there", async () => {
    for (const path of ["/demo", ...demoDevices.map(({ slug }) => `/demo/device/${slug}`)]) {
      const response = await get(path);
      expect([response.status, response.headers.get("content-type")]).toEqual([
        200,
        "text/html; charset=utf-8",
      ]);
    }
    expect((await get("/demo/demo.css")).headers.get("content-type")).toBe("text/css; charset=utf-8");
  });

  test.each(["nokia", "__proto__", "..%2f..%2fetc%2fpasswd", "%3Cscript%3E"])(
    "has no device %s",
    async (slug) => {
      const response = await get(`/demo/device/${slug}`);
      expect(response.status).toBe(404);
      expect(response.headers.get("content-type")).toBe("application/problem+json");
    },
  );
});

test("the front door leads to the docs", async () => {
  const response = await get("/");
  expect([response.status, response.headers.get("location")]).toEqual([302, "/docs"]);
});
