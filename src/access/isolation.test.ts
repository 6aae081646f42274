import { beforeAll, expect, test } from "bun:test";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";

const service = serviceForTests();

interface Parameter {
  readonly name: string;
  readonly in: "query" | "path";
  readonly required?: boolean;
  readonly example?: unknown;
  readonly schema?: { readonly example?: unknown };
}

interface Operation {
  readonly parameters?: ReadonlyArray<Parameter>;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly example?: object }>> };
  readonly security?: ReadonlyArray<unknown>;
}

interface Route {
  readonly path: string;
  readonly method: string;
  readonly operation: Operation;
}

/** What stands in everything of the other project. */
const MARK = "zebra-of-the-other";

const admin = { "x-admin-key": ADMIN_KEY };

interface Made {
  readonly id: string;
  readonly key: string;
}

const make = async (path: string, body: object): Promise<Made> => {
  const { status, body: made } = await service.request<Made>(path, {
    method: "POST",
    headers: admin,
    body: JSON.stringify(body),
  });
  expect({ path, status }).toEqual({ path, status: 201 });
  return made;
};

const keyOf = async (project: string, kind: string, more: object = {}) =>
  await make(`/v1/projects/${project}/keys`, { label: `${kind} key`, kind, ...more });

let own: Made;
let other: Made;
let keys: Readonly<Record<"read" | "write" | "secret" | "revoked" | "expired" | "otherRead", string>>;
let routes: ReadonlyArray<Route>;

beforeAll(async () => {
  own = await make("/v1/projects", { name: "Own", origins: ["https://own.example"] });
  other = await make("/v1/projects", { name: MARK, origins: ["https://other.example"] });
  const revoked = await keyOf(own.id, "read");
  const expiresAt = Date.now() + 200;
  const expired = await keyOf(own.id, "read", { expires: new Date(expiresAt).toISOString() });
  keys = {
    read: (await keyOf(own.id, "read")).key,
    write: (await keyOf(own.id, "write")).key,
    secret: (await keyOf(own.id, "secret")).key,
    revoked: revoked.key,
    expired: expired.key,
    otherRead: (await keyOf(other.id, "read")).key,
  };
  await service.request(`/v1/projects/${own.id}/keys/${revoked.id}`, { method: "DELETE", headers: admin });
  const otherSecret = (await keyOf(other.id, "secret")).key;
  const event = (mark: string, n: number) => ({
    event_type: n % 2 === 0 ? "page_view" : "signup",
    event_id: `${mark}-${n}`,
    site_id: `${mark}.example`,
    visitor_id: `${mark} ${n % 5}`,
    page_url: `https://${mark}.example/${mark}/${n}`,
    page_title: mark,
    referrer: `https://${mark}.example.org/`,
    properties: { plan: mark },
  });
  for (const [mark, key] of [
    ["own", keys.secret],
    [MARK, otherSecret],
  ] as const) {
    const events = Array.from({ length: 20 }, (_, n) => event(mark, n));
    expect((await service.post({ events, api_key: key })).body).toMatchObject({ accepted: 20 });
  }
  await service.settled();
  const steps = [{ event_type: "page_view" }, { event_type: "signup" }];
  await make("/v1/funnels", { project: other.id, name: MARK, steps });
  while (Date.now() <= expiresAt) await Bun.sleep(10);

  const { body } = await service.request<{
    paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  }>("/docs/json");
  routes = Object.entries(body.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
  );
});

/** The routes that are open to all. */
const open = new Set([
  // They say nothing of anybody.
  ...["post /v1/events", "get /health", "get /ready", "get /metrics", "get /analytics.js"],
  // They take a password or the token of a link instead of a key, and are the only way to a session.
  ...["post /v1/auth/setup", "post /v1/auth/login", "post /v1/auth/accept", "post /v1/auth/share"],
  "post /v1/auth/reset",
]);

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;

/** A request to a route as its documentation shows it, with names of the other project where it has a name. */
const ask = async (
  { path, method, operation }: Route,
  key: string | undefined,
  project: string | undefined,
  inPath: string,
) => {
  const query = new URLSearchParams();
  let url = path;
  for (const { name, in: place, required, example, schema } of operation.parameters ?? []) {
    if (place === "path") {
      url = url.replace(`{${name}}`, path.startsWith("/v1/projects/{id}") && name === "id" ? inPath : MARK);
    }
    const value = example ?? schema?.example;
    // A filter might leave nothing to be seen.
    const isTaken = required === true || name === "start";
    if (place === "query" && isTaken && value !== undefined) query.set(name, String(value));
  }
  const given = operation.requestBody?.content["application/json"]?.example;
  // What names a project in its body names it there alone.
  const takesBody = given !== undefined && !path.startsWith("/v1/projects") && method === "post";
  if (project !== undefined && !takesBody && !path.startsWith("/v1/projects")) query.set("project", project);
  const body = takesBody && project !== undefined ? { ...given, project } : given;
  const response = await fetch(`${service.url()}${url}?${query}`, {
    method: method.toUpperCase(),
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  return { route: `${method} ${url}?${query}`, status: response.status, text: await response.text() };
};

const closed = (): ReadonlyArray<Route> => routes.filter((route) => !open.has(nameOf(route)));

test("the walk meets every route that there is", () => {
  expect(routes.length).toBeGreaterThan(30);
  expect(routes.filter((route) => open.has(nameOf(route))).length).toBe(open.size);
});

const refusedKeys: ReadonlyArray<readonly [string, () => string | undefined, number]> = [
  ["no key", () => undefined, 401],
  ["a revoked key", () => keys.revoked, 401],
  ["an expired key", () => keys.expired, 401],
  ["a key that nobody has", () => "rk_nobody", 401],
  ["a write key", () => keys.write, 403],
  ["a secret key", () => keys.secret, 403],
];
test.each(refusedKeys)("%s opens no route, whatever is asked", async (_, key, status) => {
  for (const route of closed()) {
    for (const project of [undefined, own.id, other.id]) {
      const answer = await ask(route, key(), project, project ?? other.id);
      expect({ route: answer.route, status: answer.status }).toEqual({ route: answer.route, status });
      expect(answer.text).not.toContain(MARK);
    }
  }
});

test("a read key is refused wherever another project is named, there or not, and in the same words", async () => {
  for (const route of closed()) {
    const there = await ask(route, keys.read, other.id, other.id);
    const nowhere = await ask(route, keys.read, "no-such-project", "no-such-project");
    expect({ route: there.route, status: there.status }).toEqual({ route: there.route, status: 403 });
    expect(there.text).not.toContain(MARK);
    expect({ route: there.route, text: nowhere.text }).toEqual({ route: there.route, text: there.text });
  }
});

test("a read key finds nothing of another project where none is named, and its own is there", async () => {
  const answers: Record<string, number> = {};
  for (const route of closed()) {
    const { status, text } = await ask(route, keys.read, undefined, other.id);
    answers[nameOf(route)] = status;
    // The name that was asked for may be said again.
    const told = status >= 400 ? text.replaceAll(`/v1/funnels/${MARK}`, "") : text;
    expect({ route: nameOf(route), told: told.includes(MARK) }).toEqual({
      route: nameOf(route),
      told: false,
    });
  }
  for (const name of ["metrics", "breakdown", "timeseries", "retention", "paths", "realtime", "anomalies"]) {
    expect([name, answers[`get /v1/stats/${name}`]]).toEqual([name, 200]);
  }
  expect(answers["get /v1/events"]).toBe(200);
  expect(answers["get /v1/export"]).toBe(200);
  expect(answers["get /v1/funnels/{name}"]).toBe(404);
  // What is changed or managed takes more than a read key.
  for (const route of ["post /v1/funnels", "get /v1/webhooks", "get /v1/projects", "post /v1/projects"]) {
    expect([route, answers[route]]).toEqual([route, 403]);
  }
});

test("every read key sees its own numbers under the same question, also right after each other", async () => {
  const pages = async (key: string) =>
    (
      await service.request<{ data: ReadonlyArray<{ dimension: string }> }>(
        "/v1/stats/breakdown?dimension=site&metric=pageviews&from=2026-01-01&to=2040-12-31",
        { headers: { "x-admin-key": key } },
      )
    ).body;
  const [first, second] = await Promise.all([pages(keys.read), pages(keys.otherRead)]);
  expect(JSON.stringify(first)).toContain("own.example");
  expect(JSON.stringify(first)).not.toContain(MARK);
  expect(JSON.stringify(second)).toContain(MARK);
  expect(JSON.stringify(second)).not.toContain("own.example");
});

test("a WebSocket is opened by a read key of its project alone, and tells nothing of another", async () => {
  const watched = (key: string | undefined, query: string) =>
    new Promise<string>((resolve) => {
      const socket = new WebSocket(`${service.url().replace("http", "ws")}/v1/realtime${query}`, {
        headers: key === undefined ? {} : { "x-admin-key": key },
      } as never);
      socket.onmessage = ({ data }) => {
        resolve(String(data));
        socket.close();
      };
      socket.onerror = () => resolve("refused");
      socket.onclose = () => resolve("refused");
    });
  for (const key of [undefined, keys.revoked, keys.expired, keys.write, keys.secret]) {
    expect(await watched(key, `?project=${own.id}`)).toBe("refused");
  }
  expect(await watched(keys.read, `?project=${other.id}`)).toBe("refused");
  const told = await watched(keys.read, "");
  expect(told).toContain('"activeUsers"');
  expect(told).not.toContain(MARK);
});
