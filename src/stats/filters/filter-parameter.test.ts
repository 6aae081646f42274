import { expect, test } from "bun:test";
import { Effect, Layer } from "effect";
import { makeRun } from "../../http/run.ts";
import { layerSealedDays } from "../../sealing/sealed-days.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { authorizeKey } from "../../testing/authorize.ts";
import { testClickHouse } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import { statsRoutes } from "../routes.ts";
import { filterDescription, filterExample } from "./documentation.ts";

const { it, runtime } = testsOn(
  Layer.provideMerge(layerSealedDays, Layer.merge(testClickHouse(), testSettings())),
);

const app = statsRoutes(makeRun(await runtime.runtime()), authorizeKey);

const today = new Date().toISOString().slice(0, 10);

const get = async (...filters: ReadonlyArray<string>) => {
  const params = new URLSearchParams([
    ["from", today],
    ["to", today],
    ...filters.map((filter) => ["filter", filter]),
  ]);
  const response = await app.handle(
    new Request(`http://localhost/v1/stats/timeseries?${params}`, { headers: { "x-admin-key": "key" } }),
  );
  return { status: response.status, body: await response.json() };
};

const refused = async (filter: string) => {
  const { status, body } = await get(filter);
  expect({ status, body }).toMatchObject({
    status: 400,
    body: { code: "invalid_parameter", parameter: "filter" },
  });
  return String(body.detail);
};

// Before there are any rows, and after.
const refusedPatterns = () =>
  Effect.gen(function* () {
    const told = (filter: string) => Effect.promise(() => refused(filter));
    const start = "filter has a regular expression that cannot be used:";
    expect(yield* told('page:matches:"(a"')).toBe(`${start} missing ): (a`);
    expect(yield* told('country:is:DE;(site:exists|page:matches:a,"^(b")')).toBe(`${start} missing ): ^(b`);
    expect(yield* told("country:matches:a**")).toBe(`${start} bad repetition operator: **`);
    expect(yield* told('property:a:matches:"(?<=x)y"')).toBe(`${start} invalid perl operator: (?<=`);
    expect(yield* told("title:matches:\\pX")).toBe(`${start} invalid character class range: \\pX`);
    const long = yield* told(`title:matches:[${"a".repeat(499)}`);
    expect(long).toStartWith(`${start} missing ]: [aaa`);
    expect(long).not.toContain("SELECT");
  });

it("a pattern that RE2 refuses is a wrong filter where there are no rows", refusedPatterns);

it("a filter counts only what it holds for", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    yield* clickhouse.command(
      `INSERT INTO landing (project_id, event_type, occurred_at, visitor_id, country, page_path, properties)
       SELECT 'default', 'page_view', '${today} 12:00:00', number, ['DE', 'FR', 'US'][number % 3 + 1],
              if(number < 10, '/post/a', '/'), if(number < 4, '{"plan":"free"}', '{}') FROM numbers(30)`,
    );
    const count = (...filters: ReadonlyArray<string>) =>
      Effect.promise(async () => (await get(...filters)).body.data?.[0]?.count);
    expect(yield* count()).toBe(30);
    expect(yield* count("country:is:DE")).toBe(10);
    expect(yield* count("country:is:DE,FR")).toBe(20);
    expect(yield* count("country:is:DE", "country:is:FR")).toBe(0);
    expect(yield* count("country:is:DE|page:starts_with:/post/")).toBe(16);
    // Of 0 to 9 without 0 to 3, those that are not of the US: 4, 6, 7 and 9.
    expect(yield* count(filterExample)).toBe(4);
    expect(yield* count("hour_of_day:is:12;weekday:gte:1")).toBe(30);
    expect(yield* count("hour_of_day:is_not:12")).toBe(0);
    expect(yield* count('page:matches:"^/(post|nothing)/[ab]$"')).toBe(10);
  }));

it("a pattern that RE2 refuses is a wrong filter where there are rows", refusedPatterns);

test("a wrong filter is told with its place", async () => {
  expect(await refused("country:iss:DE")).toBe(
    'filter is wrong at character 9: "iss" is no operator. Did you mean is?',
  );
  expect(await refused("")).toStartWith("filter is empty");
});

test("what only sessions have is not asked of events", async () => {
  expect(await refused("country:is:DE|exit_page:is:/")).toBe(
    "filter asks for exit_page, which single events do not have; ask for page.",
  );
});

test("what looks like SQL is only a value or a name", async () => {
  for (const text of ["x') OR 1=1 --", "{filter:String}", "\\') OR ('1'='1", "`; DROP TABLE events"]) {
    const quoted = `"${text.replaceAll(/["\\]/g, "\\$&")}"`;
    for (const filter of [`page:is:${quoted}`, `property:${quoted}:exists`, `title:starts_with:${quoted}`]) {
      expect((await get(filter)).body).toMatchObject({ data: [{ count: 0 }] });
    }
  }
});

test("the document tells all operators and fields", () => {
  expect(filterDescription).toContain("| `not_contains` | None of these stands in the value. |");
  expect(filterDescription).toContain("`hour_of_day`");
});
