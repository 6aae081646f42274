import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { readRollups } from "./rollup.ts";
import { asked, changed, dayMs, dayText, storeDay, verified } from "./sample.ts";

const TIMEOUT_MS = 30_000;

const table = (columns: string, rest: string) => `CREATE TABLE later (${columns}) ENGINE = ${rest}`;
const view = (select: string) => `CREATE MATERIALIZED VIEW landing_to_later TO later AS ${select}`;

const dropLater = Effect.forEach(
  ["DROP VIEW IF EXISTS landing_to_later", "DROP TABLE IF EXISTS later"],
  changed,
);

const sound = "AggregatingMergeTree PARTITION BY toYYYYMM(date) ORDER BY (site_id, date)";
const byDay = "SELECT site_id, toDate(occurred_at, 'UTC') AS date";
const monthly = "SELECT site_id, toStartOfMonth(occurred_at, 'UTC') AS date";
const from = "FROM landing GROUP BY site_id, date";

/** Rollups that a later migration might bring and that cannot be recounted. */
const unsound: ReadonlyArray<{ name: string; sql: ReadonlyArray<string>; says: RegExp }> = [
  {
    name: "numbers that a merge loses",
    sql: [
      table(
        "site_id String, date Date, n UInt64",
        "SummingMergeTree PARTITION BY toYYYYMM(date) ORDER BY (site_id, date)",
      ),
      view(`${byDay}, count() AS n ${from}`),
    ],
    says: /its engine is SummingMergeTree/,
  },
  {
    name: "a dimension outside the key",
    sql: [
      table(
        "site_id String, date Date, source String, n SimpleAggregateFunction(sum, UInt64)",
        `${sound} SETTINGS allow_dimensions_outside_sorting_key = 1`,
      ),
      view(`${byDay}, source, count() AS n ${from}, source`),
    ],
    says: /source is neither in its key nor an aggregate/,
  },
  {
    name: "no time to compare by",
    sql: [
      table(
        "site_id String, n SimpleAggregateFunction(sum, UInt64)",
        "AggregatingMergeTree ORDER BY site_id",
      ),
      view("SELECT site_id, count() AS n FROM landing GROUP BY site_id"),
    ],
    says: /not partitioned by one time column/,
  },
  {
    name: "nothing but a time",
    sql: [
      table(
        "date Date, n SimpleAggregateFunction(sum, UInt64)",
        "AggregatingMergeTree PARTITION BY toYYYYMM(date) ORDER BY date",
      ),
      view("SELECT toDate(occurred_at, 'UTC') AS date, count() AS n FROM landing GROUP BY date"),
    ],
    says: /no key beside its time/,
  },
  {
    name: "a default of its own",
    sql: [
      table(
        "site_id String, date Date, kind String DEFAULT 'x', n SimpleAggregateFunction(sum, UInt64)",
        "AggregatingMergeTree PARTITION BY toYYYYMM(date) ORDER BY (site_id, date, kind)",
      ),
      view(`${byDay}, count() AS n ${from}`),
    ],
    says: /kind is not in its view and has a default/,
  },
  {
    name: "a view that names landing in its expressions",
    sql: [
      table("site_id String, date Date, n SimpleAggregateFunction(sum, UInt64)", sound),
      view(
        `SELECT landing.site_id AS site_id, toDate(landing.occurred_at, 'UTC') AS date, count() AS n ${from}`,
      ),
    ],
    says: /landing_to_later.* does not read plainly FROM landing/,
  },
  {
    name: "buckets longer than a day",
    sql: [
      table("site_id String, date Date, n SimpleAggregateFunction(sum, UInt64)", sound),
      view(`${monthly}, count() AS n ${from}`),
    ],
    says: /its buckets are longer than 24 h/,
  },
];

describe.each(testEngines)("rollups on $engine", ({ layer }) => {
  const { it } = testsOn(layer());

  it("everything that a view of landing feeds is one, but for the events", () =>
    Effect.gen(function* () {
      const fed = yield* asked<{ name: string }>(
        `SELECT replaceOne(view, 'landing_to_', '') AS name FROM system.tables ARRAY JOIN dependencies_table AS view
         WHERE database = currentDatabase() AND system.tables.name = 'landing' ORDER BY view`,
      );
      const rollups = yield* readRollups;
      expect(rollups.map(({ name }) => name)).toEqual(
        fed.map(({ name }) => name).filter((name) => name !== "events"),
      );
      expect(rollups.length).toBeGreaterThan(2);
    }));

  it("all of their columns are compared, but for the watermark", () =>
    Effect.gen(function* () {
      for (const { name, keys, measures, watermark } of yield* readRollups) {
        const columns = yield* asked<{ name: string }>(
          `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '${name}'`,
        );
        const compared = [...keys, ...measures.filter(({ isCompared }) => isCompared)];
        expect([...compared.map((column) => column.name), watermark?.name].sort()).toEqual(
          columns.map((column) => column.name).sort(),
        );
      }
    }));

  it(
    "one of a later migration is covered as it is, fed by two views, with all kinds of measures",
    () =>
      Effect.gen(function* () {
        yield* Effect.forEach(
          [
            table(
              `project_id LowCardinality(String), hour DateTime('UTC'), site_id LowCardinality(String),
               n SimpleAggregateFunction(sum, UInt64), clicks SimpleAggregateFunction(sum, UInt64),
               first SimpleAggregateFunction(min, DateTime64(3, 'UTC')), last SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
               weight SimpleAggregateFunction(sum, Float64), posts SimpleAggregateFunction(groupUniqArrayArray, Array(UInt64)),
               paths AggregateFunction(uniqExact, String), mean AggregateFunction(avg, UInt64),
               entry AggregateFunction(argMin, String, DateTime64(3, 'UTC')), n_twice UInt64 ALIAS n * 2,
               watermark SimpleAggregateFunction(max, UInt64)`,
              "AggregatingMergeTree PARTITION BY toYYYYMM(hour) ORDER BY (project_id, hour, site_id)",
            ),
            view(
              `SELECT project_id, toStartOfHour(toDateTime(occurred_at, 'UTC')) AS hour, site_id, count() AS n,
                 min(occurred_at) AS first, max(occurred_at) AS last, sum(visitor_id / 7) AS weight,
                 groupUniqArray(post_id) AS posts, uniqExactState(page_path) AS paths, avgState(visitor_id) AS mean,
                 argMinState(event_id, occurred_at) AS entry, max(batch) AS watermark
               FROM landing AS l WHERE event_type != 'from landing' AND NOT is_bot GROUP BY project_id, hour, site_id`,
            ),
            view(
              `SELECT project_id, toStartOfHour(toDateTime(occurred_at, 'UTC')) AS hour, site_id, count() AS clicks, max(batch) AS watermark
               FROM landing WHERE event_type = 'widget_click' GROUP BY project_id, hour, site_id`,
            ).replace("landing_to_later", "landing_to_later_clicks"),
          ],
          changed,
        );
        yield* storeDay(3, 1);
        yield* storeDay(3, 2);
        yield* storeDay(2, 3);
        const honest = yield* verified();
        expect(honest).toMatchObject({ agrees: true, rollups: 4 });
        const later = (yield* readRollups).find(({ name }) => name === "later");
        expect(later?.measures.filter(({ isCompared }) => !isCompared).map(({ name }) => name)).toEqual([
          "entry",
        ]);
        for (const [column, value] of [
          ["clicks", "2"],
          ["last", "now64(3, 'UTC')"],
          ["weight", "0.25"],
          ["posts", "[999]"],
          ["paths", "uniqExactState('/x')"],
          ["mean", "avgState(toUInt64(12345))"],
        ] as const) {
          yield* changed(
            `INSERT INTO later (project_id, hour, site_id, first, ${column})
             SELECT 'default', '${dayText(2)} 07:00:00', 'one.example', now64(3, 'UTC') + INTERVAL 1 YEAR, ${value}`,
          );
          const found = yield* verified();
          expect(
            found.differences.map(({ table, values }) => [table, values.map(({ name }) => name)]),
          ).toEqual([["later", [column]]]);
          expect(yield* verified({ repair: true })).toMatchObject({ agrees: true, repaired: 1 });
        }
        expect(yield* verified({ fromMs: dayMs(3) })).toMatchObject({
          agrees: true,
          buckets: honest.buckets,
        });
      }).pipe(
        Effect.ensuring(
          Effect.ignore(Effect.zipRight(changed("DROP VIEW IF EXISTS landing_to_later_clicks"), dropLater)),
        ),
      ),
    TIMEOUT_MS,
  );

  for (const { name, sql, says } of unsound) {
    it(`${name}: one that cannot be recounted stops the verification`, () =>
      Effect.gen(function* () {
        yield* Effect.forEach(sql, changed);
        yield* storeDay(1, 9, 20);
        const error = yield* Effect.flip(verified());
        expect(error).toMatchObject({ _tag: "RollupNotUnderstood", message: expect.stringMatching(says) });
      }).pipe(Effect.ensuring(Effect.orDie(dropLater))));
  }
});
