import { afterAll, describe, expect, test } from "bun:test";
import { Effect, Exit, Scope } from "effect";
import { testDataDirectory, testRetention, testServer } from "../testing/clickhouse.ts";
import { ClickHouse, type ClickHouseShape } from "./clickhouse.ts";
import { makeEmbedded } from "./embedded.ts";
import { type Migration, readMigrations } from "./migrations.ts";
import { migrate, migrationStatus, requireMigrated } from "./migrator.ts";
import { makeServer } from "./server.ts";

const engines = [
  {
    engine: "embedded",
    open: (database: string) =>
      Effect.flatMap(testDataDirectory, (directory) => makeEmbedded(directory, database)),
  },
  {
    engine: "server",
    open: (database: string) => Effect.flatMap(testServer, (server) => makeServer({ ...server, database })),
  },
] as const;

const on = <A, E>(clickhouse: ClickHouseShape, effect: Effect.Effect<A, E, ClickHouse>) =>
  Effect.provideService(effect, ClickHouse, clickhouse);

const all = readMigrations();
const names = all.map(({ name }) => name);
/** Tables that views feed, and those that sealing does. */
const fed = ["daily_identities", "daily_post_stats", "daily_widget_stats", "events", "hourly_event_stats"];
const targets = [...fed, "daily_field_stats", "sealed_days", "sessions"].sort();
const timeOf = (name: string) => (name === "hourly_event_stats" ? "hour" : "date");

const withStatements = (name: string, statements: ReadonlyArray<string>, checksum = "0"): Migration => ({
  name,
  checksum,
  statements,
});

describe.each(engines)("the migrator on $engine", ({ open }) => {
  // Keeps the engine (or the server process) up between the tests.
  const kept = Effect.runSync(Scope.make());
  afterAll(() => Effect.runPromise(Scope.close(kept, Exit.void)));

  /** A test on a database that does not exist yet; `again` opens a second client to it. */
  const it = (
    name: string,
    body: (
      clickhouse: ClickHouseShape,
      again: Effect.Effect<ClickHouseShape, unknown, Scope.Scope>,
    ) => Effect.Effect<unknown, unknown, Scope.Scope>,
  ): void =>
    test(name, async () => {
      const database = `migrated_${crypto.randomUUID().replaceAll("-", "")}`;
      const again = open(database);
      await Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            yield* Scope.extend(Effect.asVoid(Effect.orDie(open("default"))), kept);
            const clickhouse = yield* again;
            yield* Effect.addFinalizer(() =>
              Effect.ignore(clickhouse.command(`DROP DATABASE IF EXISTS ${database} SYNC`)),
            );
            yield* body(clickhouse, again);
          }),
        ),
      );
    });

  it("applies everything to a fresh database, and nothing the second time", (clickhouse) =>
    Effect.gen(function* () {
      const before = yield* on(clickhouse, migrationStatus());
      expect(before.map(({ appliedAt }) => appliedAt)).toEqual(all.map(() => undefined));
      const first = yield* on(clickhouse, migrate(testRetention));
      expect(first.applied).toEqual(names);
      expect([...first.retentionChanged].sort()).toEqual(targets);
      expect(yield* on(clickhouse, migrate(testRetention))).toEqual({ applied: [], retentionChanged: [] });
      const after = yield* on(clickhouse, migrationStatus());
      expect(after.map(({ migration }) => migration.name)).toEqual(names);
      for (const { appliedAt } of after) expect(appliedAt).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/);
    }));

  it("two at once leave the same database as one", (clickhouse, again) =>
    Effect.gen(function* () {
      const other = yield* again;
      yield* Effect.all([on(clickhouse, migrate(testRetention)), on(other, migrate(testRetention))], {
        concurrency: 2,
      });
      expect(yield* on(clickhouse, migrate(testRetention))).toEqual({ applied: [], retentionChanged: [] });
      yield* on(other, requireMigrated);
      const [tables] = yield* clickhouse.query<{ n: number }>(
        "SELECT count() AS n FROM system.tables WHERE database = currentDatabase() AND name LIKE 'landing_to_%'",
      );
      expect(tables?.n).toBe(fed.length);
    }));

  it("a file that changed after it was applied is refused, and nothing is done", (clickhouse) =>
    Effect.gen(function* () {
      yield* on(clickhouse, migrate(testRetention));
      const changed = all.map((migration, index) =>
        index === 1 ? { ...migration, checksum: "f" } : migration,
      );
      const next = withStatements("9999_next", [
        "CREATE TABLE IF NOT EXISTS not_made (n UInt8) ENGINE = Null",
      ]);
      for (const check of [
        Effect.asVoid(migrate(testRetention, [...changed, next])),
        Effect.asVoid(migrationStatus(changed)),
      ]) {
        const error = yield* Effect.flip(on(clickhouse, check));
        expect(error).toMatchObject({ _tag: "MigrationMismatch", reason: "changed", migration: names[1] });
        expect(error.message).toContain("its file has changed");
      }
      expect(yield* clickhouse.query("SELECT name FROM system.tables WHERE name = 'not_made'")).toEqual([]);
    }));

  it("a database of a newer release is refused", (clickhouse) =>
    Effect.gen(function* () {
      const newer = withStatements("9000_from_the_future", ["SELECT 1"]);
      yield* on(clickhouse, migrate(testRetention, [...all, newer]));
      const error = yield* Effect.flip(on(clickhouse, migrate(testRetention)));
      expect(error).toMatchObject({ reason: "unknown", migration: "9000_from_the_future" });
      expect(error.message).toContain("newer Footfall");
    }));

  it("a start without AUTO_MIGRATE is refused while migrations are pending", (clickhouse) =>
    Effect.gen(function* () {
      const fresh = yield* Effect.flip(on(clickhouse, requireMigrated));
      expect(fresh).toMatchObject({ _tag: "MigrationsPending", pending: names });
      yield* on(clickhouse, migrate(testRetention, all.slice(0, 2))).pipe(Effect.exit);
      const half = yield* Effect.flip(on(clickhouse, requireMigrated));
      expect(half).toMatchObject({ _tag: "MigrationsPending", pending: names.slice(2) });
      expect(half.message).toContain("bun run migrate");
      yield* on(clickhouse, migrate(testRetention));
      yield* on(clickhouse, requireMigrated);
    }));

  it("a migration that was cut off in the middle is completed by the next run", (clickhouse) =>
    Effect.gen(function* () {
      const cut = all.map((migration) =>
        migration.name === names[1]
          ? { ...migration, statements: [...migration.statements.slice(0, 1), "NOT A STATEMENT"] }
          : migration,
      );
      const error = yield* Effect.flip(on(clickhouse, migrate(testRetention, cut)));
      expect(error).toMatchObject({ _tag: "ClickHouseError", failure: "bad_statement" });
      const { applied } = yield* on(clickhouse, migrate(testRetention));
      expect(applied).toEqual(names.slice(1));
    }));

  it("a changed setting changes the retention at the next run", (clickhouse) =>
    Effect.gen(function* () {
      const ttls = clickhouse.query<{ name: string; ttl: string }>(
        `SELECT name, extract(engine_full, 'TTL (.*) SETTINGS') AS ttl FROM system.tables
         WHERE database = currentDatabase() AND name IN {targets:Array(String)} ORDER BY name`,
        { targets },
      );
      const expected = (days: number, years: number) =>
        targets.map((name) => ({
          name,
          ttl:
            name === "events"
              ? `toDateTime(occurred_at) + toIntervalDay(${days})`
              : `${timeOf(name)} + toIntervalYear(${years})`,
        }));
      yield* on(clickhouse, migrate(testRetention));
      expect(yield* ttls).toEqual(expected(90, 2));
      const raw = yield* on(clickhouse, migrate({ ...testRetention, rawRetentionDays: 9 }));
      expect(raw.retentionChanged).toEqual(["events"]);
      const rollups = yield* on(clickhouse, migrate({ rawRetentionDays: 9, rollupRetentionYears: 5 }));
      expect([...rollups.retentionChanged].sort()).toEqual(targets.filter((name) => name !== "events"));
      expect(yield* ttls).toEqual(expected(9, 5));
    }));
});
