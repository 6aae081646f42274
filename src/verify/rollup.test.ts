import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { testClickHouse, testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { readRollups, WATERMARK } from "./rollup.ts";
import { asked, changed, dayText, inserted, storeDay, verified } from "./sample.ts";

const TIMEOUT_MS = 30_000;

const measured = "n SimpleAggregateFunction(sum, UInt64), watermark SimpleAggregateFunction(max, UInt64)";
const sound = "AggregatingMergeTree PARTITION BY toYYYYMM(date) ORDER BY (site_id, date)";
const select = "SELECT site_id, toDate(occurred_at, 'UTC') AS date, count() AS n, max(batch) AS watermark";

/** A rollup of a later migration, as long as `body` runs. */
const withLater = <A, E, R>(columns: string, engine: string, view: string, body: Effect.Effect<A, E, R>) =>
  changed(`CREATE TABLE later (${columns}) ENGINE = ${engine}`).pipe(
    Effect.zipRight(changed(`CREATE MATERIALIZED VIEW landing_to_later TO later AS ${view}`)),
    Effect.zipRight(body),
    Effect.ensuring(
      Effect.orDie(
        Effect.forEach(["VIEW landing_to_later", "TABLE later"], (it) => changed(`DROP ${it} SYNC`)),
      ),
    ),
  );

const unsound = [
  {
    name: "numbers that a merge loses",
    columns: `site_id String, date Date, ${measured}`,
    engine: sound.replace("Aggregating", "Summing"),
    view: `${select} FROM landing GROUP BY site_id, date`,
    says: "later cannot be verified: its engine is SummingMergeTree, not AggregatingMergeTree.",
  },
  {
    name: "no time to compare by",
    columns: `site_id String, ${measured}`,
    engine: "AggregatingMergeTree ORDER BY site_id",
    view: "SELECT site_id, count() AS n, max(batch) AS watermark FROM landing GROUP BY site_id",
    says: "later cannot be verified: it is not partitioned by a time that is in its key.",
  },
  {
    name: "a measure that depends on the order of events",
    columns: `site_id String, date Date, entry AggregateFunction(any, String), ${measured}`,
    engine: sound,
    view: `${select}, anyState(page_path) AS entry FROM landing GROUP BY site_id, date`,
    says: "later cannot be verified: its entry depends on the order of events.",
  },
  {
    name: "a view that joins its events with themselves",
    columns: `site_id String, date Date, ${measured}`,
    engine: sound,
    view: `${select} FROM landing WHERE site_id IN (SELECT site_id FROM landing) GROUP BY site_id, date`,
    says: "later cannot be verified: landing_to_later does not read FROM landing once.",
  },
];

describe.each(testEngines)("rollups on $engine", ({ layer }) => {
  const { it } = testsOn(layer());

  it("everything that a view of landing feeds is one, but for the events", () =>
    Effect.gen(function* () {
      const fed = yield* asked<{ name: string }>(
        `SELECT replaceOne(view, 'landing_to_', '') AS name FROM system.tables ARRAY JOIN dependencies_table AS view
         WHERE database = currentDatabase() AND system.tables.name = 'landing' AND name != 'events' ORDER BY name`,
      );
      const rollups = yield* readRollups;
      expect(rollups.map(({ name }) => name)).toEqual(fed.map(({ name }) => name));
      expect(rollups.length).toBeGreaterThan(2);
    }));

  it("all of their columns are compared, but for the watermark", () =>
    Effect.gen(function* () {
      for (const { name, keys, measures } of yield* readRollups) {
        const columns = yield* asked<{ name: string }>(
          `SELECT name FROM system.columns WHERE database = currentDatabase() AND table = '${name}'`,
        );
        expect([...keys, ...measures.map((measure) => measure.name), WATERMARK].sort()).toEqual(
          columns.map((column) => column.name).sort(),
        );
      }
    }));

  it(
    "one of a later migration is verified and repaired as it is, whatever it measures",
    () =>
      withLater(
        `project_id LowCardinality(String), hour DateTime('UTC'), site_id LowCardinality(String),
         n SimpleAggregateFunction(sum, UInt64), first SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
         last SimpleAggregateFunction(max, DateTime64(3, 'UTC')), paths AggregateFunction(uniqExact, String),
         n_twice UInt64 ALIAS n * 2, watermark SimpleAggregateFunction(max, UInt64)`,
        "AggregatingMergeTree PARTITION BY toYYYYMM(hour) ORDER BY (project_id, hour, site_id)",
        `SELECT project_id, toStartOfHour(toDateTime(occurred_at, 'UTC')) AS hour, site_id, count() AS n,
           min(occurred_at) AS first, max(occurred_at) AS last, uniqExactState(page_path) AS paths, max(batch) AS watermark
         FROM landing AS l WHERE NOT is_bot GROUP BY project_id, hour, site_id`,
        Effect.gen(function* () {
          yield* storeDay(3, 1);
          yield* storeDay(3, 2);
          yield* storeDay(2, 3);
          expect(yield* verified()).toMatchObject({ agrees: true, rollups: 5 });
          for (const [column, value] of [
            ["n", "2"],
            ["last", "now64(3, 'UTC')"],
            ["paths", "uniqExactState('/x')"],
          ] as const) {
            yield* inserted(
              "later",
              `(project_id, hour, site_id, first, ${column})
               SELECT 'default', '${dayText(2)} 07:00:00', 'one.example', now64(3, 'UTC'), ${value}`,
            );
            const found = yield* verified({ repair: true });
            expect(
              found.differences.map(({ table, values }) => [table, values.map(({ name }) => name)]),
            ).toEqual([["later", [column]]]);
            expect(found).toMatchObject({ agrees: true, differing: 1, left: 0 });
          }
          expect(yield* verified()).toMatchObject({ agrees: true, differing: 0 });
        }),
      ),
    TIMEOUT_MS,
  );
});

describe("a rollup that cannot be counted again stops the verification", () => {
  const { it } = testsOn(testClickHouse());

  for (const { name, columns, engine, view, says } of unsound) {
    it(name, () =>
      withLater(
        columns,
        engine,
        view,
        Effect.gen(function* () {
          expect(yield* Effect.flip(verified())).toMatchObject({
            _tag: "RollupNotUnderstood",
            message: says,
          });
        }),
      ),
    );
  }
});
