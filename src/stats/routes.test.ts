import { expect, test } from "bun:test";
import { Effect, Layer } from "effect";
import { makeRun } from "../http/run.ts";
import { layerSealedDays } from "../sealing/sealed-days.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { authorizeKey } from "../testing/authorize.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { testSettings } from "../testing/settings.ts";
import { statsRoutes } from "./routes.ts";

const { it, runtime } = testsOn(
  Layer.provideMerge(layerSealedDays, Layer.merge(testClickHouse(), testSettings())),
);

const app = statsRoutes(makeRun(await runtime.runtime()), authorizeKey);

const get = async (path: string, headers: Record<string, string> = { "x-admin-key": "key" }) => {
  const response = await app.handle(new Request(`http://localhost${path}`, { headers }));
  return { status: response.status, headers: response.headers, body: await response.json() };
};

const today = new Date().toISOString().slice(0, 10);
const range = `from=${today}&to=${today}`;

it("each route answers the rows of its issue, today's events included", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    yield* clickhouse.command(
      `INSERT INTO landing (project_id, event_type, occurred_at, visitor_id, mapping_id, post_id, device_slug)
       SELECT 'default', if(number < 40, 'widget_impression', 'widget_click'), '${today} 12:00:00', number % 30,
              456, 123, 'iphone-15-pro' FROM numbers(43)`,
    );
    const widgets = yield* Effect.promise(() => get(`/v1/stats/widgets?${range}`));
    expect(widgets.body).toEqual({
      data: [
        {
          mapping_id: 456,
          device_slug: "iphone-15-pro",
          impressions: 40,
          clicks: 3,
          unique_visitors: 30,
          ctr: 0.075,
        },
      ],
    });
    expect(widgets.headers.get("cache-control")).toBe("no-store");
    expect(widgets.headers.get("content-type")).toStartWith("application/json");

    const posts = yield* Effect.promise(() => get(`/v1/stats/posts?${range}&group_by=date`));
    expect(posts.body).toEqual({
      data: [{ post_id: 123, widget_impressions: 40, widget_clicks: 3, unique_visitors: 30, date: today }],
    });

    const series = yield* Effect.promise(() => get(`/v1/stats/timeseries?${range}&event_type=widget_click`));
    expect(series.body).toEqual({ data: [{ bucket: today, count: 3, unique_visitors: 3 }] });
  }));

test("a wrong parameter is a problem that names it", async () => {
  const { status, headers, body } = await get(`/v1/stats/widgets?${range}&limit=0`);
  expect(status).toBe(400);
  expect(headers.get("content-type")).toBe("application/problem+json");
  expect(body).toMatchObject({
    code: "invalid_parameter",
    parameter: "limit",
    detail: "limit takes a whole number from 1 to 1000.",
  });
});

test.each(["widgets", "posts", "timeseries"])("%s tells nothing without the key", async (route) => {
  expect((await get(`/v1/stats/${route}?nonsense=1`, {})).status).toBe(401);
});

test("what looks like SQL is only a value", async () => {
  const value = encodeURIComponent("x') OR 1=1 -- {range_from:String}");
  for (const name of ["project", "site_id", "source", "device_slug"]) {
    const { status, body } = await get(`/v1/stats/widgets?${range}&${name}=${value}`);
    expect({ status, body }).toEqual({ status: 200, body: { data: [] } });
  }
});
