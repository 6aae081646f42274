import { expect, test } from "bun:test";
import { Effect } from "effect";
import { makeRun } from "../../http/run.ts";
import { onSealedDays } from "../../sealing/sample.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { authorizeKey } from "../../testing/authorize.ts";
import { testClickHouse, testRetention } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import type { Anomalies } from "./anomalies.ts";
import { anomaliesDocumentation } from "./documentation.ts";
import { anomalyRoutes } from "./routes.ts";

const { it, runtime } = testsOn(onSealedDays(testClickHouse(), testRetention));

const app = anomalyRoutes(makeRun(await runtime.runtime()), authorizeKey);

const get = async <Body>(query: string, headers: Record<string, string> = { "x-admin-key": "key" }) => {
  const response = await app.handle(new Request(`http://localhost/v1/stats/anomalies?${query}`, { headers }));
  return { status: response.status, headers: response.headers, body: (await response.json()) as Body };
};

/** Names of an object and of those in it, with the kinds of their values. */
const shape = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, 1).map(shape);
  if (typeof value !== "object" || value === null) return value === null ? "null" : typeof value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, shape(inner)]));
};

it("answers what the documentation shows: an hour of silence after weeks of traffic", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    // Every hour of nine weeks but the last whole one.
    yield* clickhouse.command(
      `INSERT INTO landing (project_id, site_id, event_type, occurred_at, visitor_id)
       SELECT 'default', 'a.example', 'page_view',
              toStartOfHour(now('UTC')) - toIntervalHour(2 + intDiv(number, 40)) + toIntervalSecond(number % 40 * 60),
              number % 40 FROM numbers(40 * 24 * 63)`,
    );
    const { status, headers, body } = yield* Effect.promise(() =>
      get<Anomalies>(
        "metrics=pageviews,sessions,conversions&goal=page_view&timezone=Europe/Berlin&site_id=a.example",
      ),
    );
    expect(status).toBe(200);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body.threshold).toBe(3.5);
    const silence = { value: 0, anomalous: true, direction: "down", expected: 40, weeks: 8 };
    expect(body.data.map(({ metric, hour }) => ({ metric, ...hour }))).toMatchObject([
      { metric: "pageviews", ...silence },
      { metric: "sessions", ...silence },
      { metric: "conversions", ...silence },
    ]);
    const { example } = anomaliesDocumentation.responses[200].content["application/json"];
    expect(shape(body.data[0]?.hour)).toEqual(shape(example.data[0]?.hour));
    expect(Object.keys(body)).toEqual(Object.keys(example));
    expect(Object.keys(body.data[0] ?? {})).toEqual(Object.keys(example.data[0] ?? {}));
  }));

test.each([
  ["from=2024-01-01", "from", "is not a parameter"],
  ["metrics=sessions_per_moon", "metrics", "takes any of events, pageviews, visitors"],
  ["goal=a%27b", "goal", "takes event types"],
  ["threshold=0", "threshold", "takes a number from 1 to 100"],
  ["threshold=NaN", "threshold", "takes a number"],
  ["timezone=Mars/Olympus", "timezone", "IANA"],
  [`project=${"p".repeat(65)}`, "project", "1 to 64"],
  ["site_id=", "site_id", "1 to 253"],
])("%s is a problem that names %s", async (query, parameter, says) => {
  const { status, body } = await get<{ parameter: string; detail: string }>(query);
  expect([status, body.parameter]).toEqual([400, parameter]);
  expect(body.detail).toContain(says);
});

test("judges what one question to the rollup tells, unless metrics are named", async () => {
  const { body } = await get<Anomalies>("project=nobody");
  expect(body.data.map(({ metric }) => metric)).toEqual(["events", "pageviews", "visitors", "conversions"]);
});

test("tells nothing without the key, whatever is asked", async () => {
  expect((await get("nonsense=1", {})).status).toBe(401);
});

test("what looks like SQL is only a value", async () => {
  const value = encodeURIComponent("x') OR 1=1 -- {edges:Array(UInt32)}");
  for (const name of ["project", "site_id"]) {
    const { status, body } = await get<Anomalies>(`${name}=${value}&metrics=visitors,conversions,sessions`);
    expect([status, body.data.map(({ value }) => value)]).toEqual([200, [0, 0, 0]]);
  }
});
