import { describe, expect, test } from "bun:test";
import { Effect, Layer, Logger } from "effect";
import { Elysia } from "elysia";
import { makeRun } from "../http/run.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { authorizeKey } from "../testing/authorize.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { testSettings } from "../testing/settings.ts";
import { exampleWebhook, exampleWish } from "./documentation.ts";
import { isPublicAddress } from "./public-address.ts";
import { webhookRoutes } from "./routes.ts";
import { WebhookTargets } from "./target.ts";

const lines: Array<string> = [];
const logger = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ message, cause }) => void lines.push(Bun.inspect([message, cause]))),
);
const names: Readonly<Record<string, string>> = {
  "hooks.example.org": "93.184.215.14",
  "inside.example": "10.0.0.1",
};
const targets = Layer.succeed(WebhookTargets, {
  schemes: ["https:"],
  allows: isPublicAddress,
  resolve: (name) => Effect.succeed(names[name] === undefined ? [] : [names[name]]),
});

const { it, runtime } = testsOn(Layer.mergeAll(testClickHouse(), testSettings(), targets, logger));

// Under another instance, as in the service.
const app = new Elysia().use(webhookRoutes(makeRun(await runtime.runtime()), authorizeKey));

const call = async (method: string, path: string, body?: string | object, key = "key") => {
  const response = await app.handle(
    new Request(`http://localhost/v1/webhooks${path}`, {
      method,
      headers: key === "" ? {} : { "x-admin-key": key },
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    }),
  );
  const text = await response.text();
  return { status: response.status, body: text === "" ? undefined : JSON.parse(text) };
};

test("a webhook is made, shown without its secret, and deleted", async () => {
  const made = await call("POST", "", { ...exampleWish, project: "shop", site_id: ["a.example"] });
  expect(made.status).toBe(201);
  const { secret, ...webhook } = made.body;
  expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{43}=$/);
  expect(Object.keys(webhook).sort()).toEqual(Object.keys(exampleWebhook).sort());
  expect(webhook).toMatchObject({ ...exampleWish, project: "shop", site_id: ["a.example"], threshold: 5 });

  const listed = await call("GET", "?project=shop");
  expect(listed.body).toEqual({ data: [{ ...webhook, last_delivery: null }] });
  expect((await call("GET", "")).body).toEqual({ data: [] });

  // Another project has no such webhook.
  expect((await call("DELETE", `/${webhook.id}`)).status).toBe(404);
  expect((await call("DELETE", `/${webhook.id}?project=shop`)).status).toBe(204);
  expect((await call("DELETE", `/${webhook.id}?project=shop`)).body.code).toBe("not_found");
  expect((await call("GET", "?project=shop")).body).toEqual({ data: [] });
  expect(lines.join("\n")).not.toContain(secret);
});

it("a deleted webhook's secret leaves the table", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const made = yield* Effect.promise(() => call("POST", "", { ...exampleWish, project: "leaves" }));
    const secrets = clickhouse.query<{ secret: string }>(
      "SELECT secret FROM webhooks WHERE project_id = 'leaves'",
    );
    expect(yield* secrets).toEqual([{ secret: made.body.secret }]);
    yield* Effect.promise(() => call("DELETE", `/${made.body.id}?project=leaves`));
    expect(yield* secrets).toEqual([{ secret: "" }]);
  }));

const wrong: ReadonlyArray<readonly [string, string | object, string, RegExp]> = [
  ["no body", "", "body", /JSON object/],
  ["no JSON", "{", "body", /JSON object/],
  ["a list", "[]", "body", /JSON object/],
  ["no text", Buffer.from([0xff, 0xfe]).toString("latin1"), "body", /JSON object/],
  ["no URL", {}, "url", /is required/],
  ["two URLs", { url: ["https://a.example", "https://b.example"] }, "url", /2 times/],
  ["an object for a URL", { url: {} }, "url", /texts and numbers/],
  ["null", { url: null }, "url", /texts and numbers/],
  ["plain HTTP", { url: "http://hooks.example.org/" }, "url", /https/],
  ["this machine", { url: "https://localhost/" }, "url", /no address/],
  ["loopback", { url: "https://127.0.0.1/" }, "url", /public/],
  ["a name inside", { url: "https://inside.example/" }, "url", /public/],
  ["no such name", { url: "https://nowhere.example/" }, "url", /no address/],
  ["no such event", { ...exampleWish, events: ["everything"] }, "events", /anomaly/],
  ["a secret of one's own", { ...exampleWish, secret: "x" }, "secret", /not a parameter/],
  ["no such zone", { ...exampleWish, timezone: "Mars" }, "timezone", /IANA/],
  ["no such metric", { ...exampleWish, metrics: ["bounces"] }, "metrics", /events, pageviews/],
  ["a goal of its own", { ...exampleWish, goal: "signup" }, "goal", /not a parameter/],
  ["too low", { ...exampleWish, threshold: 0.5 }, "threshold", /1 to 100/],
  ["a name that is no name", { ...exampleWish, __proto__x: 1 }, "__proto__x", /not a parameter/],
];

test.each(wrong)("%s is a problem that names what is wrong", async (_, body, parameter, says) => {
  const answer = await call("POST", "", body);
  expect([answer.status, answer.body.parameter]).toEqual([400, parameter]);
  expect(answer.body.detail).toMatch(says);
});

test("a body beyond 64 KiB is not read", async () => {
  expect((await call("POST", "", `{"url":"${"x".repeat(70_000)}"}`)).status).toBe(413);
});

test("a project has 20 webhooks at most", async () => {
  const make = () => call("POST", "", { ...exampleWish, project: "many" });
  for (let n = 0; n < 20; n++) expect((await make()).status).toBe(201);
  const { status, body } = await make();
  expect([status, body.code]).toEqual([409, "too_many_webhooks"]);
});

describe("without the key", () => {
  test.each([
    ["GET", ""],
    ["POST", ""],
    ["DELETE", "/01KAM4WQJB6T7ZCN2V0E5H8XYD"],
  ])("%s %s does nothing, whatever is asked", async (method, path) => {
    expect((await call(method, `${path}?nonsense=1`, method === "POST" ? "{" : undefined, "")).status).toBe(
      401,
    );
  });
});
