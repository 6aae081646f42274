import { Data, Effect } from "effect";
import { ClickHouse } from "./clickhouse.ts";
import { type Migration, readMigrations } from "./migrations.ts";
import { applyRetention, type RetentionSettings } from "./retention.ts";

/** The database and the files of this release do not belong together; nothing was changed. */
export class MigrationMismatch extends Data.TaggedError("MigrationMismatch")<{
  readonly reason: "changed" | "unknown";
  readonly migration: string;
  readonly message: string;
}> {}

/** A server has migrations to come, and start was not told to apply them. */
export class MigrationsPending extends Data.TaggedError("MigrationsPending")<{
  readonly pending: ReadonlyArray<string>;
  readonly message: string;
}> {}

export interface MigrationStatus {
  readonly migration: Migration;
  /** UTC, `2026-11-21 05:00:00`; undefined while pending. */
  readonly appliedAt: string | undefined;
}

interface AppliedRow {
  readonly name: string;
  readonly checksum: string;
  readonly applied_at: string;
}

const UNKNOWN_TABLE = 60;
const UNKNOWN_DATABASE = 81;

const applied = Effect.gen(function* () {
  const clickhouse = yield* ClickHouse;
  // Two processes that migrate at the same time may both have recorded a migration: the first record counts.
  const rows = yield* clickhouse
    .query<AppliedRow>(
      `SELECT name, argMin(checksum, m.applied_at) AS checksum, formatDateTime(min(m.applied_at), '%F %T') AS applied_at
       FROM schema_migrations AS m GROUP BY name`,
    )
    .pipe(
      Effect.catchIf(
        ({ code }) => code === UNKNOWN_TABLE || code === UNKNOWN_DATABASE,
        () => Effect.succeed<ReadonlyArray<AppliedRow>>([]),
      ),
    );
  return new Map(rows.map((row) => [row.name, row]));
});

/**
 * What is applied and what is pending, in order. Fails when an applied file has changed since, or when the database
 * knows migrations that this release does not.
 */
export const migrationStatus = (migrations: ReadonlyArray<Migration> = readMigrations()) =>
  Effect.gen(function* () {
    const rows = yield* applied;
    const known = new Set(migrations.map(({ name }) => name));
    for (const name of rows.keys()) {
      if (!known.has(name)) {
        return yield* new MigrationMismatch({
          reason: "unknown",
          migration: name,
          message: `The database has migration ${name}, which this release does not know. It was made by a newer Footfall; start that one.`,
        });
      }
    }
    const status: Array<MigrationStatus> = [];
    for (const migration of migrations) {
      const row = rows.get(migration.name);
      if (row !== undefined && row.checksum !== migration.checksum) {
        return yield* new MigrationMismatch({
          reason: "changed",
          migration: migration.name,
          message: `Migration ${migration.name} was applied on ${row.applied_at} and its file has changed since. Restore the file and put the change into a new migration.`,
        });
      }
      status.push({ migration, appliedAt: row?.applied_at });
    }
    return status as ReadonlyArray<MigrationStatus>;
  });

export interface MigrationReport {
  readonly applied: ReadonlyArray<string>;
  /** Tables whose retention followed a changed setting. */
  readonly retentionChanged: ReadonlyArray<string>;
}

/**
 * Applies what is pending and brings the retention in line with the settings. Every statement can be repeated, so it
 * does no harm to run it twice, from two processes at once, or again after it was cut off in the middle.
 */
export const migrate = (
  settings: RetentionSettings,
  migrations: ReadonlyArray<Migration> = readMigrations(),
) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    yield* clickhouse.createDatabase;
    yield* clickhouse.command(
      `CREATE TABLE IF NOT EXISTS schema_migrations
       (name String, checksum String, applied_at DateTime64(3, 'UTC') DEFAULT now64(3, 'UTC'))
       ENGINE = MergeTree ORDER BY name`,
    );
    const status = yield* migrationStatus(migrations);
    const pending = status.filter(({ appliedAt }) => appliedAt === undefined);
    for (const { migration } of pending) {
      yield* Effect.forEach(migration.statements, (statement) => clickhouse.command(statement));
      yield* clickhouse.command(
        "INSERT INTO schema_migrations (name, checksum) SELECT {name:String}, {checksum:String}",
        { name: migration.name, checksum: migration.checksum },
      );
    }
    const retentionChanged = yield* applyRetention(settings);
    return { applied: pending.map(({ migration }) => migration.name), retentionChanged } as MigrationReport;
  });

/** For a start that must not change a server on its own: fails while migrations are pending. */
export const requireMigrated = Effect.gen(function* () {
  const pending = (yield* migrationStatus())
    .filter(({ appliedAt }) => appliedAt === undefined)
    .map(({ migration }) => migration.name);
  if (pending.length > 0) {
    return yield* new MigrationsPending({
      pending,
      message: `The ClickHouse server has ${pending.length} pending migration(s), the first is ${pending[0]}. Run \`bun run migrate\`, or start with AUTO_MIGRATE=1.`,
    });
  }
});
