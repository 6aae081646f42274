import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Layer, Redacted, type Scope } from "effect";
import { ClickHouse, type ClickHouseShape } from "../store/clickhouse.ts";
import { makeEmbedded } from "../store/embedded.ts";
import { migrate } from "../store/migrator.ts";
import type { RetentionSettings } from "../store/retention.ts";
import { makeServer, type ServerAddress } from "../store/server.ts";
import { type ClickHouseHttp, startClickHouseHttp } from "./clickhouse-http/start.ts";

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

const nextDatabase = (): string => {
  databases += 1;
  // On a server that outlives this process a name must not come back.
  return realServer === undefined ? `test_${databases}` : `test_${crypto.randomUUID().replaceAll("-", "")}`;
};

const migrated = (clickhouse: ClickHouseShape, retention: RetentionSettings) =>
  Effect.gen(function* () {
    yield* Effect.addFinalizer(() =>
      Effect.ignore(clickhouse.command(`DROP DATABASE IF EXISTS ${clickhouse.database} SYNC`)),
    );
    yield* Effect.provideService(migrate(retention), ClickHouse, clickhouse);
    return clickhouse;
  });

/**
 * The embedded engine with a fresh, migrated database, dropped when the layer's scope closes. Each test file builds its
 * own; several may be open at the same time. The engine itself stops when the last of them is closed.
 */
export const testClickHouse = (database?: string, retention: RetentionSettings = testRetention) =>
  Layer.scoped(
    ClickHouse,
    Effect.gen(function* () {
      const clickhouse = yield* makeEmbedded(yield* testDataDirectory, database ?? nextDatabase());
      return yield* migrated(clickhouse, retention);
    }),
  );

const { CLICKHOUSE_TEST_URL, CLICKHOUSE_TEST_USERNAME, CLICKHOUSE_TEST_PASSWORD } = process.env;

/** The ClickHouse server that `CLICKHOUSE_TEST_URL` names, if it does. */
const realServer =
  CLICKHOUSE_TEST_URL === undefined
    ? undefined
    : {
        url: CLICKHOUSE_TEST_URL,
        username: CLICKHOUSE_TEST_USERNAME ?? "default",
        password: Redacted.make(CLICKHOUSE_TEST_PASSWORD ?? ""),
      };

let server: Promise<ClickHouseHttp> | undefined;
let serverUsers = 0;

/**
 * A ClickHouse server for this process's tests: the one `CLICKHOUSE_TEST_URL` names, else the embedded engine behind
 * the HTTP interface in a child process, which ends with its last user.
 */
export const testServer: Effect.Effect<Omit<ServerAddress, "database">, never, Scope.Scope> = realServer !==
undefined
  ? Effect.succeed(realServer)
  : Effect.acquireRelease(
      Effect.promise(async () => {
        serverUsers += 1;
        server ??= startClickHouseHttp();
        return { url: (await server).url, username: "default", password: Redacted.make("") };
      }),
      () =>
        Effect.promise(async () => {
          serverUsers -= 1;
          if (serverUsers > 0) return;
          const ending = server;
          server = undefined;
          await (await ending)?.stop();
        }),
    );

/** The same as `testClickHouse`, through the server layer. */
export const testClickHouseServer = (database?: string, retention: RetentionSettings = testRetention) =>
  Layer.scoped(
    ClickHouse,
    Effect.gen(function* () {
      const clickhouse = yield* makeServer({ ...(yield* testServer), database: database ?? nextDatabase() });
      return yield* migrated(clickhouse, retention);
    }),
  );

/** Both layers, for `describe.each`: what holds for one has to hold for the other. */
export const testEngines = [
  { engine: "embedded", layer: testClickHouse },
  { engine: "server", layer: testClickHouseServer },
] as const;
