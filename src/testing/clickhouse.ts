import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Layer, type Scope } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { makeEmbedded } from "../store/embedded.ts";
import { migrate } from "../store/migrator.ts";
import type { RetentionSettings } from "../store/retention.ts";

/** The retention that test databases have unless they ask for another: the defaults of the settings. */
export const testRetention: RetentionSettings = { rawRetentionDays: 90, rollupRetentionYears: 2 };

let directory: string | undefined;
let users = 0;

/**
 * The one data directory of this process; the engine takes no second one while it is open. It is removed when its last
 * user's scope closes, because the test runner ends without running exit handlers.
 */
export const testDataDirectory: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.sync(() => {
    users += 1;
    directory ??= mkdtempSync(join(tmpdir(), "footfall-test-"));
    return directory;
  }),
  (path) =>
    Effect.sync(() => {
      users -= 1;
      if (users > 0) return;
      directory = undefined;
      rmSync(path, { recursive: true, force: true });
    }),
);

let databases = 0;

/**
 * The embedded engine with a fresh, migrated database, dropped when the layer's scope closes. Each test file builds its
 * own; several may be open at the same time. The engine itself stops when the last of them is closed.
 */
export const testClickHouse = (database?: string, retention: RetentionSettings = testRetention) =>
  Layer.scoped(
    ClickHouse,
    Effect.gen(function* () {
      databases += 1;
      const name = database ?? `test_${databases}`;
      const clickhouse = yield* makeEmbedded(yield* testDataDirectory, name);
      yield* Effect.addFinalizer(() => Effect.ignore(clickhouse.command(`DROP DATABASE ${name} SYNC`)));
      yield* Effect.provideService(migrate(retention), ClickHouse, clickhouse);
      return clickhouse;
    }),
  );
