import { describe, expect, setDefaultTimeout } from "bun:test";
import { Effect } from "effect";
import { ClickHouse, type ClickHouseShape } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { splitRows } from "../../store/event-row.ts";
import { testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { makeFirstInsert } from "./first-insert.ts";
import { completeBatch, inspectBatch, type Slice } from "./recovery.ts";
import {
  allSlices,
  fingerprintOf,
  fingerprints,
  firstInsert,
  insertSlices,
  sampleBatch,
  tablesWithBatches,
  writersTables,
} from "./sample-batches.ts";
import { withStagedRows } from "./staging.ts";
import { recoveryTargets } from "./targets.ts";

setDefaultTimeout(60_000);

const sorted = (slices: ReadonlyArray<Slice>) =>
  slices.map(({ table, partition }) => `${table} ${partition}`).toSorted();

// Nothing, everything, one, all but one, a table, all but a table, a month, and some more.
const everything = (1 << allSlices.length) - 1;
const subsets = new Set([
  0,
  everything,
  0b100_000,
  everything ^ 1,
  0b111,
  0b111_111_111_000_111,
  0b001_001_001_001_001,
  ...Array.from({ length: 3 }, (_, n) => Number(Bun.hash.xxHash64(String(n)) & BigInt(everything))),
]);

const nothingLeft = Effect.map(writersTables, (tables) => expect(tables).toEqual([]));

describe.each(testEngines)("the recovery on $engine", ({ layer }) => {
  const { it } = testsOn(layer());
  let number = 0;
  const nextBatch = (project: string, more: { readonly userAgent?: string; readonly months?: number } = {}) =>
    sampleBatch({ project, number: ++number, ...more });

  it("knows every table that Footfall feeds from landing", () =>
    Effect.gen(function* () {
      const { query } = yield* ClickHouse;
      const views = yield* query(
        "SELECT name FROM system.tables WHERE engine = 'MaterializedView' AND database = currentDatabase()",
      );
      const targets = yield* recoveryTargets;
      expect(targets.length).toBe(views.length);
      expect(targets.map(({ name }) => name).toSorted()).toEqual(tablesWithBatches);
      for (const { name, reached } of targets)
        expect([name, reached]).toEqual([
          name,
          name === "events" ? "batch = {batch:UInt64}" : "watermark >= {batch:UInt64}",
        ]);
    }));

  it("completes a batch whatever of it arrived, to what a plain insert gives, and once", () =>
    Effect.gen(function* () {
      yield* firstInsert(nextBatch("plain"));
      const plain = yield* fingerprintOf("plain");
      expect(Object.keys(plain).toSorted()).toEqual(tablesWithBatches);
      for (const subset of subsets) {
        const batch = nextBatch(`arrived ${subset}`);
        const arrived = allSlices.filter((_, n) => (subset & (1 << n)) !== 0);
        const missing = allSlices.filter((slice) => !arrived.includes(slice));
        yield* insertSlices(batch, arrived);
        expect(yield* completeBatch(batch)).toEqual({ written: missing.length, expected: allSlices.length });
        expect(yield* completeBatch(batch)).toEqual({ written: 0, expected: allSlices.length });
      }
      const found = yield* fingerprints;
      for (const subset of subsets) expect(found[`arrived ${subset}`]).toEqual(plain);
      yield* nothingLeft;
    }));

  it("finds nothing missing after a plain insert, and everything before it", () =>
    Effect.gen(function* () {
      const batch = nextBatch("before and after");
      const before = yield* inspectBatch(batch);
      expect([before.expected, sorted(before.missing)]).toEqual([allSlices.length, sorted(allSlices)]);
      yield* firstInsert(batch);
      expect(yield* inspectBatch(batch)).toEqual({ expected: allSlices.length, missing: [] });
      expect(yield* completeBatch(batch)).toEqual({ written: 0, expected: allSlices.length });
      expect(yield* fingerprintOf("before and after")).toEqual(yield* fingerprintOf("plain"));
    }));

  it("says which slices are missing, and the next batch arrives as ever", () =>
    Effect.gen(function* () {
      const batch = nextBatch("followed");
      const arrived = allSlices.slice(1, 6);
      yield* insertSlices(batch, arrived);
      const { expected, missing } = yield* inspectBatch(batch);
      expect([expected, sorted(missing)]).toEqual([
        allSlices.length,
        sorted([...allSlices.slice(0, 1), ...allSlices.slice(6)]),
      ]);
      yield* completeBatch(batch);
      const next = nextBatch("following");
      yield* firstInsert(next);
      expect(yield* inspectBatch(next)).toEqual({ expected: allSlices.length, missing: [] });
      const plain = yield* fingerprintOf("plain");
      expect(yield* fingerprintOf("followed")).toEqual(plain);
      expect(yield* fingerprintOf("following")).toEqual(plain);
    }));

  it("completes what an insert left that a view broke off", () =>
    Effect.gen(function* () {
      const { command } = yield* ClickHouse;
      yield* command("CREATE TABLE breaking (n UInt8) ENGINE = Null");
      yield* command(
        "CREATE MATERIALIZED VIEW landing_to_breaking TO breaking AS SELECT throwIf(event_id = 'e77') AS n FROM landing",
      );
      const attached = nextBatch("broken off");
      expect((yield* Effect.flip(firstInsert(attached))).message).toContain("throwIf");
      // The view keeps no trace of batches; what Footfall counts does not wait for it.
      expect((yield* completeBatch(attached)).expected).toBe(allSlices.length);
      const detached = nextBatch("broken off before");
      yield* Effect.flip(firstInsert(detached));
      yield* command("DROP VIEW landing_to_breaking SYNC");
      yield* completeBatch(detached);
      expect(yield* completeBatch(detached)).toEqual({ written: 0, expected: allSlices.length });
      const plain = yield* fingerprintOf("plain");
      expect(yield* fingerprintOf("broken off")).toEqual(plain);
      expect(yield* fingerprintOf("broken off before")).toEqual(plain);
    }));

  it("completes every table that knows its batches, and fails as the insert does while one cannot be fed", () =>
    Effect.gen(function* () {
      const { command, query } = yield* ClickHouse;
      // Its day is a text in the view, and its partitions have two parts.
      yield* command(
        `CREATE TABLE counted (day Date, site_id String, batch UInt64, n UInt64, twice UInt64 MATERIALIZED 2 * n)
         ENGINE = MergeTree PARTITION BY (toYYYYMM(day), site_id) ORDER BY day`,
      );
      yield* command(
        `CREATE MATERIALIZED VIEW landing_to_counted TO counted AS
         SELECT toString(toDate(occurred_at)) AS day, site_id, batch, count() AS n FROM landing
         WHERE NOT throwIf(project_id = 'thrown') GROUP BY ALL`,
      );
      const counted = nextBatch("counted");
      expect(yield* completeBatch(counted)).toEqual({
        written: allSlices.length + 9,
        expected: allSlices.length + 9,
      });
      expect(yield* completeBatch(counted)).toEqual({ written: 0, expected: allSlices.length + 9 });
      expect(yield* query("SELECT sum(n) AS n, sum(twice) AS twice FROM counted")).toEqual([
        { n: 90, twice: 180 },
      ]);
      const thrown = nextBatch("thrown");
      expect((yield* Effect.flip(firstInsert(thrown))).message).toContain("throwIf");
      expect((yield* Effect.flip(completeBatch(thrown))).message).toContain("throwIf");
      yield* command("DROP VIEW landing_to_counted SYNC");
      yield* completeBatch(thrown);
      const plain = yield* fingerprintOf("plain");
      expect(yield* fingerprintOf("counted")).toEqual(plain);
      expect(yield* fingerprintOf("thrown")).toEqual(plain);
    }));

  it("expects nothing of the rollups when all rows are bots", () =>
    Effect.gen(function* () {
      const batch = nextBatch("bots", { userAgent: "Googlebot/2.1 (+http://www.google.com/bot.html)" });
      const { expected, missing } = yield* inspectBatch(batch);
      expect([expected, sorted(missing)]).toEqual([
        3,
        sorted(allSlices.filter(({ table }) => table === "events")),
      ]);
      expect(yield* completeBatch(batch)).toEqual({ written: 3, expected: 3 });
      expect(yield* completeBatch(batch)).toEqual({ written: 0, expected: 3 });
      expect(Object.keys(yield* fingerprintOf("bots"))).toEqual(["events"]);
    }));

  it("says when a row cannot be read, and writes nothing", () =>
    Effect.gen(function* () {
      const batch = nextBatch("poison");
      const poisoned = { ...batch, rows: Buffer.concat([batch.rows, Buffer.from("[1]\n")]) };
      for (const attempt of [completeBatch(poisoned), inspectBatch(poisoned)]) {
        expect(yield* Effect.flip<unknown, ClickHouseError, ClickHouse>(attempt)).toMatchObject({
          failure: "bad_row",
          retryable: false,
        });
      }
      expect(yield* fingerprintOf("poison")).toEqual({});
      yield* nothingLeft;
    }));

  it("refuses rows that carry another number", () =>
    Effect.gen(function* () {
      const batch = nextBatch("misnumbered");
      const exit = yield* Effect.exit(completeBatch({ ...batch, number: ++number }));
      expect(String(exit)).toContain("carry another number");
      expect(yield* fingerprintOf("misnumbered")).toEqual({});
    }));

  it("writes nothing where only some of the rows can be read back, as behind an address of several servers", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const batch = nextBatch("elsewhere");
      const half = splitRows(batch.rows).slice(0, 45);
      const elsewhere: ClickHouseShape = {
        ...clickhouse,
        insertRows: (insert) => clickhouse.insertRows({ ...insert, rows: Buffer.concat(half) }),
      };
      const error = yield* Effect.flip(Effect.provideService(completeBatch(batch), ClickHouse, elsewhere));
      expect(error).toMatchObject({ retryable: true, message: expect.stringContaining("45 of 90 rows") });
      expect(yield* fingerprintOf("elsewhere")).toEqual({});
      expect(yield* completeBatch(batch)).toEqual({ written: allSlices.length, expected: allSlices.length });
    }));

  it("is not needed for an insert that a proxy delivers twice", () =>
    Effect.gen(function* () {
      const insert = yield* makeFirstInsert;
      const batch = nextBatch("twice");
      yield* insert(batch);
      yield* insert(batch);
      yield* insert(nextBatch("after twice"));
      const plain = yield* fingerprintOf("plain");
      expect(yield* fingerprintOf("twice")).toEqual(plain);
      expect(yield* fingerprintOf("after twice")).toEqual(plain);
    }).pipe(Effect.scoped, Effect.zipRight(nothingLeft)));

  it("removes what a crash left of its own ledger, and leaves the others' alone", () =>
    Effect.gen(function* () {
      const { command } = yield* ClickHouse;
      const others = sampleBatch({ project: "others", number: ++number, ledgerId: "it's another; --" });
      const batch = nextBatch("left behind");
      yield* withStagedRows(others, (theirs) =>
        Effect.gen(function* () {
          // As if the end of its recovery had never come.
          yield* withStagedRows(batch, (own) => command(`RENAME TABLE ${own} TO ${own}_left`));
          expect((yield* writersTables).length).toBe(2);
          yield* completeBatch(batch);
          expect(yield* writersTables).toEqual([theirs]);
        }),
      );
      expect(yield* fingerprintOf("left behind")).toEqual(yield* fingerprintOf("plain"));
      yield* nothingLeft;
    }));
});
