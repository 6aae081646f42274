import { describe, expect, test } from "bun:test";
import { Effect, Layer } from "effect";
import { makeRun } from "../../http/run.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { authorizeKey } from "../../testing/authorize.ts";
import { testClickHouse } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import { funnelRoutes } from "./routes.ts";
import { MAXIMUM_FUNNELS } from "./saved-funnels.ts";

const { it, runtime } = testsOn(Layer.merge(testClickHouse(), testSettings()));

const app = funnelRoutes(makeRun(await runtime.runtime()), authorizeKey);

const send = async (
  method: string,
  path: string,
  body?: unknown,
  headers = { "x-admin-key": "key" } as Record<string, string>,
) => {
  const response = await app.handle(
    new Request(`http://localhost${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    }),
  );
  const text = await response.text();
  return {
    status: response.status,
    headers: response.headers,
    body: text === "" ? undefined : JSON.parse(text),
  };
};

const today = new Date().toISOString().slice(0, 10);
const range = { from: today, to: today };
const steps = [{ event_type: "signup" }, { event_type: "trial" }, { event_type: "purchase" }];
const ask = (body: object) => send("POST", "/v1/stats/funnel", { ...range, steps, ...body });

it("the steps of the events of a day, with a dimension also per value", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    // 8 sign up; visitors 0 to 3 try a minute later; 0 buys 90 seconds after that, and 1 in the next year's window only.
    yield* clickhouse.command(
      `INSERT INTO landing (project_id, event_type, occurred_at, visitor_id, device_type, properties)
       SELECT 'default', kind, toDateTime64('${today} 10:00:00', 3, 'UTC') + toIntervalMillisecond(late), number,
              if(number < 6, 'mobile', 'desktop'), concat('{"plan":"', if(number % 2 = 0, 'pro', 'free'), '"}')
       FROM numbers(8) ARRAY JOIN ['signup', 'trial', 'purchase'] AS kind, [0, 60000, 150123] AS late
       WHERE kind = 'signup' OR (kind = 'trial' AND number < 4) OR (kind = 'purchase' AND number = 0)`,
    );
    const { status, body, headers } = yield* Effect.promise(() => ask({}));
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        steps: [
          { event_type: "signup", count: 8, conversion: 100, drop_off: 0, median_seconds: null },
          { event_type: "trial", count: 4, conversion: 50, drop_off: 50, median_seconds: 60 },
          { event_type: "purchase", count: 1, conversion: 12.5, drop_off: 75, median_seconds: 90.123 },
        ],
        conversion: 12.5,
      },
    });
    expect(headers.get("cache-control")).toBe("no-store");

    const split = yield* Effect.promise(() => ask({ dimension: "device", limit: 1 }));
    expect(split.body.steps).toEqual(body.steps);
    expect(split.body.data).toEqual([
      {
        dimension: "mobile",
        steps: [
          { event_type: "signup", count: 6, conversion: 100, drop_off: 0, median_seconds: null },
          { event_type: "trial", count: 4, conversion: 66.7, drop_off: 33.3, median_seconds: 60 },
          { event_type: "purchase", count: 1, conversion: 16.7, drop_off: 75, median_seconds: 90.123 },
        ],
        conversion: 16.7,
      },
    ]);

    const pro = [{ event_type: "signup", filter: "property:plan:is:pro" }, { event_type: "trial" }];
    const narrowed = yield* Effect.promise(() => ask({ steps: pro, filter: "device:is:mobile" }));
    expect(narrowed.body.steps.map(({ count }: { count: number }) => count)).toEqual([3, 2]);
  }));

test("a funnel that nobody entered has zeros and no times", async () => {
  const { body } = await ask({ project: "empty", dimension: "page" });
  const nobody = { count: 0, conversion: 0, drop_off: 0, median_seconds: null };
  expect(body).toEqual({ steps: steps.map((step) => ({ ...step, ...nobody })), conversion: 0, data: [] });
});

const one = { event_type: "a" };
const alike = Array.from({ length: 6 }, () => one);
const many = {
  steps: Array.from({ length: 10 }, () => ({
    ...one,
    filter: "page:is:/a;page:is:/b;page:is:/c;page:is:/d;page:is:/e;page:is:/f",
  })),
};

test.each<[string, object, string]>([
  ["steps", { steps: undefined }, "is required"],
  ["steps", { steps: [one] }, "2 to 10 steps"],
  ["steps", { steps: Array.from({ length: 11 }, () => one) }, "2 to 10 steps"],
  ["steps", { steps: "signup" }, "2 to 10 steps"],
  ["steps", many, "conditions"],
  ["steps[1]", { steps: [one, "b"] }, "an object"],
  ["steps[1].event_type", { steps: [one, {}] }, "an event type"],
  ["steps[1].event_type", { steps: [one, { event_type: "ü" }] }, "an event type"],
  ["steps[0].filter", { steps: [{ ...one, filter: "nonsense" }, one] }, "character"],
  ["steps[0].filter", { steps: [{ ...one, filter: "entry_page:is:/" }, one] }, "sessions"],
  ["steps[1].colour", { steps: [one, { ...one, colour: "red" }] }, "event_type, filter"],
  ["steps[5].event_type", { steps: alike, order: "any" }, "5 steps"],
  ["window", { window: 0 }, "1 to 31622400"],
  ["window", { window: 1.5 }, "whole number"],
  ["window", { window: "60" }, "whole number"],
  ["by", { by: "user" }, "visitor, session"],
  ["order", { order: "loose" }, "ordered, strict, any"],
  ["filter", { filter: 5 }, "text"],
  ["filter", { filter: "exit_page:exists" }, "sessions"],
  ["dimension", { dimension: "entry_page" }, "property:"],
  ["dimension", { dimension: "property:" }, "property:"],
  ["bots", { bots: true }, "exclude"],
  ["limit", { limit: 101 }, "1 to 100"],
  ["from", { from: undefined }, "is required"],
  ["from", { from: 20260101 }, "text"],
  ["timezone", { timezone: "Nowhere" }, "time zone"],
  ["project", { project: "" }, "text"],
  ["windows", { windows: 60 }, "known are project"],
])("what is wrong is named: %s", async (parameter, change, detail) => {
  const { status, body, headers } = await ask(change);
  expect({ status, parameter: body.parameter }).toEqual({ status: 400, parameter });
  expect(body.detail).toContain(detail);
  expect(headers.get("content-type")).toBe("application/problem+json");
});

test("a body that is no JSON object, or too long", async () => {
  for (const body of ["", "{", "[]", "null", '"text"', "\xff"]) {
    const answer = await send("POST", "/v1/stats/funnel", body);
    expect([body, answer.status, answer.body.parameter]).toEqual([body, 400, "body"]);
  }
  expect((await send("POST", "/v1/stats/funnel", " ".repeat(64 * 1024 + 1))).status).toBe(413);
});

test("nothing is told without the key", async () => {
  for (const [method, path] of [
    ["POST", "/v1/stats/funnel"],
    ["GET", "/v1/funnels"],
    ["POST", "/v1/funnels"],
    ["GET", "/v1/funnels/a"],
    ["PUT", "/v1/funnels/a"],
    ["DELETE", "/v1/funnels/a"],
    ["GET", "/v1/funnels/a/result"],
  ] as const) {
    const body = method === "GET" || method === "DELETE" ? undefined : "{";
    expect([method, path, (await send(method, path, body, {})).status]).toEqual([method, path, 401]);
  }
});

test("what looks like SQL is only a value", async () => {
  const text = "x') OR 1=1 -- {step_1:String}";
  const { status, body } = await ask({
    project: text,
    steps: [{ event_type: "a", filter: `page:is:"${text}"` }, { event_type: "b" }],
    filter: `property:"${text}":is:"${text}"`,
    dimension: `property:${text}`,
  });
  expect({ status, count: body.steps[0].count }).toEqual({ status: 200, count: 0 });
});

describe("funnels that are kept", () => {
  const defaults = { window: 86_400, by: "visitor", order: "ordered", bots: "exclude", limit: 10 };

  test("a funnel is kept, read, listed, replaced and forgotten, and its name is free again", async () => {
    const created = await send("POST", "/v1/funnels", { name: "Sign up", steps });
    expect(created.status).toBe(201);
    expect(created.headers.get("location")).toBe("/v1/funnels/Sign%20up");
    expect(created.body).toMatchObject({ name: "Sign up", steps, ...defaults });
    expect(created.body.created_at).toBe(created.body.updated_at);
    expect((await send("GET", "/v1/funnels/Sign%20up")).body).toEqual(created.body);

    const again = await send("POST", "/v1/funnels", { name: "Sign up", steps });
    expect([again.status, again.body.code]).toEqual([409, "funnel_exists"]);

    await send("POST", "/v1/funnels", { name: "Another", steps });
    const { body } = await send("GET", "/v1/funnels");
    expect(body.data.map(({ name }: { name: string }) => name)).toEqual(["Another", "Sign up"]);

    const changed = { steps: steps.slice(0, 2), window: 60, order: "any", dimension: "device" };
    const replaced = await send("PUT", "/v1/funnels/Sign%20up", changed);
    expect(replaced.status).toBe(200);
    expect(replaced.body).toMatchObject({ ...changed, created_at: created.body.created_at });
    expect((await send("GET", "/v1/funnels/Sign%20up")).body).toEqual(replaced.body);

    expect((await send("DELETE", "/v1/funnels/Sign%20up")).status).toBe(204);
    expect((await send("GET", "/v1/funnels/Sign%20up")).status).toBe(404);
    expect((await send("DELETE", "/v1/funnels/Sign%20up")).status).toBe(404);
    expect((await send("GET", "/v1/funnels")).body.data).toHaveLength(1);

    expect((await send("PUT", "/v1/funnels/Sign%20up", { steps })).status).toBe(201);
    expect((await send("DELETE", "/v1/funnels/Sign%20up")).status).toBe(204);
    expect((await send("POST", "/v1/funnels", { name: "Sign up", steps })).status).toBe(201);
    expect((await send("GET", "/v1/funnels/Sign%20up")).body).toMatchObject({ steps, ...defaults });
  });

  test("its result is that of the same question asked as a whole", async () => {
    const filter = "property:plan:is:pro";
    await send("POST", "/v1/funnels", { name: "result", steps, filter, dimension: "device" });
    const result = (params: string) =>
      send("GET", `/v1/funnels/result/result?from=${today}&to=${today}${params}`);
    const { status, body } = await result("");
    expect(status).toBe(200);
    expect(body).toEqual((await ask({ filter, dimension: "device" })).body);
    expect(body.steps[0].count).toBe(4);
    const narrowed = await result("&filter=device:is:mobile&dimension=property:plan&limit=1");
    expect(narrowed.body).toEqual(
      (await ask({ filter: `${filter};device:is:mobile`, dimension: "property:plan", limit: 1 })).body,
    );
    expect((await result("&site_id=nowhere")).body.steps[0].count).toBe(0);
    expect((await result("&bots=only")).body.steps[0].count).toBe(0);
    expect((await result("&window=5")).body.parameter).toBe("window");
    expect((await result("&dimension=exit_page")).body.parameter).toBe("dimension");
    expect((await result("&limit=0")).body.parameter).toBe("limit");
    expect((await send("GET", "/v1/funnels/result/result")).body.parameter).toBe("from");
    expect((await send("GET", `/v1/funnels/nothing/result?from=${today}&to=${today}`)).status).toBe(404);
  });

  test("projects do not see each other's", async () => {
    expect((await send("POST", "/v1/funnels", { project: "p", name: "own", steps })).status).toBe(201);
    expect((await send("GET", "/v1/funnels/own")).status).toBe(404);
    expect((await send("GET", "/v1/funnels/own?project=p")).status).toBe(200);
    expect((await send("DELETE", "/v1/funnels/own?project=q")).status).toBe(404);
    expect((await send("GET", "/v1/funnels?project=q")).body).toEqual({ data: [] });
  });

  test.each(["", " a", "../a", "a/b", "ü", "a".repeat(65), 5, null])("%j is no name", async (name) => {
    const { status, body } = await send("POST", "/v1/funnels", { name, steps });
    expect([status, body.parameter]).toEqual([400, "name"]);
  });

  test("what is kept is checked as what is asked", async () => {
    for (const [parameter, change] of [
      ["steps[0].filter", { steps: [{ event_type: "a", filter: "b" }, { event_type: "a" }] }],
      ["from", { from: today }],
      ["name", { name: undefined }],
    ] as const) {
      const { status, body } = await send("POST", "/v1/funnels", { name: "wrong", steps, ...change });
      expect([status, body.parameter]).toEqual([400, parameter]);
    }
    expect((await send("PUT", "/v1/funnels/wrong", { steps, name: "other" })).body.parameter).toBe("name");
    expect((await send("GET", "/v1/funnels?name=a")).body.parameter).toBe("name");
    expect((await send("GET", "/v1/funnels/wrong")).status).toBe(404);
  });

  test("of many that create one name at once, one does", async () => {
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => send("POST", "/v1/funnels", { name: "once", steps })),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([
      201,
      ...Array.from({ length: 7 }, () => 409),
    ]);
  });

  it("a project has so many and no more", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const definition = JSON.stringify({ steps, ...defaults });
      yield* clickhouse.command(
        `INSERT INTO funnels (project_id, name, definition, version)
         SELECT 'full', toString(number), {definition:String}, 1 FROM numbers(${MAXIMUM_FUNNELS})`,
        { definition },
      );
      const full = (method: string, path: string, body?: object) =>
        Effect.promise(() => send(method, path, body));
      const refused = yield* full("POST", "/v1/funnels", { project: "full", name: "more", steps });
      expect([refused.status, refused.body.code]).toEqual([409, "too_many_funnels"]);
      expect((yield* full("PUT", "/v1/funnels/more?project=full", { steps })).status).toBe(409);
      expect((yield* full("PUT", "/v1/funnels/7?project=full", { steps })).status).toBe(200);
      expect((yield* full("DELETE", "/v1/funnels/7?project=full")).status).toBe(204);
      expect((yield* full("POST", "/v1/funnels", { project: "full", name: "more", steps })).status).toBe(201);
    }));
});
