import { expect, test } from "bun:test";
import { Layer } from "effect";
import { makeRun } from "../../http/run.ts";
import { layerSealedDays } from "../../sealing/sealed-days.ts";
import { authorizeKey } from "../../testing/authorize.ts";
import { testClickHouse } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import { statsRoutes } from "../routes.ts";

const { runtime } = testsOn(
  layerSealedDays.pipe(Layer.provideMerge(testClickHouse()), Layer.provideMerge(testSettings())),
);

const app = statsRoutes(makeRun(await runtime.runtime()), authorizeKey);

const get = async (path: string, headers: Record<string, string> = { "x-admin-key": "key" }) => {
  const response = await app.handle(new Request(`http://localhost/v1/stats/${path}`, { headers }));
  return { status: response.status, body: await response.json() };
};

const today = new Date().toISOString().slice(0, 10);
const range = `from=${today}&to=${today}`;

test("retention and paths are answered below the stats", async () => {
  expect(await get(`retention?${range}`)).toMatchObject({
    status: 200,
    body: { interval: "day", cohorts: [{ cohort: today, size: 0 }] },
  });
  expect(await get(`paths?start=/&${range}`)).toMatchObject({
    status: 200,
    body: { by: "page", start: "/", sessions: 0, nodes: [], links: [] },
  });
});

test.each(["retention", "paths"])("%s tells nothing without the key", async (route) => {
  expect((await get(`${route}?nonsense=1`, {})).status).toBe(401);
});

test.each(["retention", "paths?start=/"])(
  "%s fails where single events are gone, and says so",
  async (route) => {
    const asked = `${route}${route.includes("?") ? "&" : "?"}bots=include&from=2026-01-01&to=2026-01-02`;
    expect(await get(asked)).toMatchObject({
      status: 400,
      body: { parameter: "from", detail: "from needs single events, which are kept for 90 days." },
    });
  },
);

test("what looks like SQL is only a value", async () => {
  const value = encodeURIComponent("x') OR 1=1 -- {range_from:String}");
  expect(await get(`paths?${range}&start=${value}`)).toMatchObject({ status: 200, body: { sessions: 0 } });
  expect(await get(`retention?${range}&cohort_by=property:${value}`)).toMatchObject({ status: 200 });
});
