import { beforeAll, expect, test } from "bun:test";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import { type Browser, PASSWORD, peopleOf, type Sent } from "./testing/people.ts";
import { documentedRoutes, type WalkedRoute } from "./testing/walk.ts";

const service = serviceForTests({ settings: { trustedProxies: "loopback" } });
const people = peopleOf(service);

let owner: Browser;
let unsafe: ReadonlyArray<WalkedRoute>;

beforeAll(async () => {
  owner = await people.setUp();
  const routes = await documentedRoutes(service);
  // Events are taken from pages of every site, and no cookie says whose they are.
  unsafe = routes.filter(({ method, name }) => method !== "GET" && name !== "post /v1/events");
});

test("the walk meets every route that changes something", () => {
  expect(unsafe.length).toBeGreaterThan(20);
});

const foreign: ReadonlyArray<readonly [string, Sent]> = [
  ["a page of another site", { origin: "https://evil.example" }],
  ["a page of another port of this host", { origin: "http://127.0.0.1:1" }],
  ["a page in a sandbox, whose origin is null", { origin: "null" }],
  ["a page of a site below the same domain", { headers: { "sec-fetch-site": "same-site" }, origin: null }],
  [
    "a page whose host stands in front of this one's",
    { origin: "http://127.0.0.1.evil.example", headers: { "sec-fetch-site": "cross-site" } },
  ],
];
test.each(foreign)("%s changes nothing with somebody's session", async (_, sent) => {
  for (const route of unsafe) {
    const { status, body } = await owner.ask(
      route.method,
      route.path("default"),
      route.body("default"),
      sent,
    );
    expect({ route: route.name, status, code: body.code }).toEqual({
      route: route.name,
      status: 403,
      code: "csrf",
    });
  }
  expect((await owner.ask("GET", "/v1/auth/session")).status).toBe(200);
});

test("a browser that does not say where a request comes from changes nothing with somebody's session", async () => {
  for (const route of unsafe) {
    const isOpen = /\/v1\/auth\/(?:setup|login|accept|share|reset)$/.test(route.name);
    if (isOpen) continue;
    const { status, body } = await owner.ask(
      ...([route.method, route.path("default"), route.body("default"), { origin: null }] as const),
    );
    expect([route.name, status, body.code]).toEqual([route.name, 403, "csrf"]);
  }
});

test("what a form can send is not taken, wherever it comes from", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"]) {
    for (const route of unsafe) {
      const given = route.body("default");
      if (given === undefined) continue;
      const { status, body } = await owner.ask(route.method, route.path("default"), given, {
        headers: { "content-type": type },
      });
      expect([route.name, status, body.code]).toEqual([route.name, 403, "csrf"]);
    }
  }
});

test("another site cannot log anybody in as somebody else", async () => {
  const victim = people.browser();
  const { status, body } = await victim.ask(
    "POST",
    "/v1/auth/login",
    { email: "owner@example.org", password: PASSWORD },
    { origin: "https://evil.example" },
  );
  expect([status, body.code, victim.cookies.size]).toEqual([403, "csrf", 0]);
});

test("pages of this host are let in, by their origin or the browser's word, also behind a proxy", async () => {
  const wish = () => ({ name: `Project ${Math.random()}` });
  for (const sent of [
    {},
    { origin: null, headers: { "sec-fetch-site": "same-origin" } },
    { origin: "https://stats.example", headers: { "x-forwarded-host": "stats.example" } },
  ]) {
    expect((await owner.ask("POST", "/v1/projects", wish(), sent)).status).toBe(201);
  }
});

test("requests with a key are not concerned", async () => {
  const { status } = await owner.ask(
    "POST",
    "/v1/projects",
    { name: "By key" },
    {
      origin: "https://evil.example",
      headers: { "x-admin-key": ADMIN_KEY, "content-type": "text/plain" },
    },
  );
  expect(status).toBe(201);
});

test("what is asked by a cookie is told to no page of another site", async () => {
  const { headers } = await owner.ask("GET", "/v1/auth/session", undefined, {
    origin: "https://evil.example",
  });
  expect(headers.get("access-control-allow-origin")).toBeNull();
  expect(headers.get("cross-origin-resource-policy")).toBe("same-origin");
  expect(headers.get("cache-control")).toBe("no-store");
});
