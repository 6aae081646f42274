import { afterAll, beforeAll, expect, test } from "bun:test";
import { Effect, Fiber, Logger, LogLevel, Redacted, type Scope } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { migrate } from "../../store/migrator.ts";
import { makeServer, type ServerAddress } from "../../store/server.ts";
import { testRetention, testServer } from "../../testing/clickhouse.ts";
import type { FaultMode } from "../../testing/clickhouse-http/faults.ts";
import { type ClickHouseHttp, startClickHouseHttp } from "../../testing/clickhouse-http/start.ts";
import { completeBatch, inspectBatch } from "./recovery.ts";
import { fingerprintOf, plainInsert, sampleBatch, stagedTables } from "./sample-batches.ts";

// The stand-in, because a real server does not fail on demand.
let server: ClickHouseHttp;
beforeAll(async () => {
  server = await startClickHouseHttp();
});
afterAll(() => server.stop());

/** The database of a test of its own. */
const onDatabase = (
  address: Effect.Effect<Omit<ServerAddress, "database">, never, Scope.Scope>,
  database: string,
  body: Effect.Effect<unknown, unknown, ClickHouse>,
) =>
  Effect.gen(function* () {
    const clickhouse = yield* makeServer({ ...(yield* address), database });
    yield* Effect.addFinalizer(() =>
      Effect.ignore(clickhouse.command(`DROP DATABASE IF EXISTS ${database} SYNC`)),
    );
    yield* Effect.provideService(Effect.zipRight(migrate(testRetention), body), ClickHouse, clickhouse);
  }).pipe(Effect.scoped, Logger.withMinimumLogLevel(LogLevel.Error), Effect.runPromise);

const faulty = Effect.sync(() => ({ url: server.url, username: "default", password: Redacted.make("") }));
const onFaulty = (database: string, body: Effect.Effect<unknown, unknown, ClickHouse>) =>
  onDatabase(faulty, database, body);
const onAny = (body: Effect.Effect<unknown, unknown, ClickHouse>) =>
  onDatabase(testServer, `test_${crypto.randomUUID().replaceAll("-", "")}`, body);

/** Inserts that are under way. */
const running = (text: string) =>
  Effect.flatMap(ClickHouse, ({ query, database }) =>
    Effect.map(
      query<{ n: number }>(
        `SELECT count() AS n FROM system.processes
         WHERE query_kind = 'Insert' AND position(query, {text:String}) > 0 AND current_database = {database:String}`,
        { text, database },
      ),
      ([row]) => row?.n ?? 0,
    ),
  );

const waitUntilRunning = (text: string) =>
  Effect.repeat(Effect.zipLeft(running(text), Effect.sleep(20)), { until: (n) => n > 0 }).pipe(
    Effect.timeout(5000),
  );

/** A view that takes 30 ms for every row of one project, so that its insert takes 1.5 s. */
const slowView = (project: string, columns: string) =>
  Effect.gen(function* () {
    const { command } = yield* ClickHouse;
    yield* command("CREATE TABLE slow (n UInt64, batch UInt64) ENGINE = MergeTree ORDER BY n");
    yield* command("CREATE TABLE slow_without_trace (n UInt64) ENGINE = MergeTree ORDER BY n");
    yield* command(
      `CREATE MATERIALIZED VIEW landing_to_slow TO ${columns === "n" ? "slow_without_trace" : "slow"} AS
       SELECT sleepEachRow(0.03) AS ${columns} FROM landing WHERE project_id = '${project}'`,
    );
  });
const count = 50;
const slowMs = count * 30;

test(
  "an insert that is still running is ended first",
  () =>
    onFaulty(
      "running",
      Effect.gen(function* () {
        yield* plainInsert(sampleBatch({ project: "plain", number: 1, count }));
        yield* slowView("slow", "n");
        const batch = sampleBatch({ project: "slow", number: 2, count });
        const insert = yield* Effect.fork(plainInsert(batch));
        yield* waitUntilRunning("INTO landing");
        yield* Fiber.interrupt(insert);
        // Its sender has gone and the insert goes on, on a server as here.
        yield* Effect.sleep(200);
        expect(yield* running("INTO landing")).toBe(1);
        expect((yield* inspectBatch(batch)).expected).toBe(12);
        expect(yield* running("INTO landing")).toBe(0);
        expect((yield* completeBatch(batch)).expected).toBe(12);
        yield* Effect.sleep(slowMs);
        expect(yield* fingerprintOf("slow")).toEqual(yield* fingerprintOf("plain"));
        // Other inserts are not touched: neither the next batch's nor those of a number that begins alike.
        for (const other of [3, 20]) {
          const next = sampleBatch({ project: "slow", number: other, count });
          const inserting = yield* Effect.fork(plainInsert(next));
          yield* waitUntilRunning("INTO landing");
          yield* inspectBatch(batch);
          yield* Fiber.join(inserting);
        }
      }),
    ),
  30_000,
);

test(
  "a slice that an earlier attempt is still writing is ended first",
  () =>
    onFaulty(
      "slices",
      Effect.gen(function* () {
        const { query } = yield* ClickHouse;
        yield* plainInsert(sampleBatch({ project: "plain", number: 1, count }));
        yield* slowView("slow", "n, batch");
        const batch = sampleBatch({ project: "slow", number: 2, count });
        const first = yield* Effect.fork(completeBatch(batch));
        yield* waitUntilRunning("`slow`");
        // As if its process had ended: the drop of its table is not waited for.
        yield* Fiber.interruptFork(first);
        yield* Effect.sleep(100);
        expect(yield* running("`slow`")).toBe(1);
        expect((yield* completeBatch(batch)).expected).toBe(13);
        yield* Effect.sleep(slowMs);
        expect(yield* completeBatch(batch)).toEqual({ written: 0, expected: 13 });
        expect(yield* query("SELECT count() AS n FROM slow")).toEqual([{ n: count }]);
        expect(yield* fingerprintOf("slow")).toEqual(yield* fingerprintOf("plain"));
        yield* Fiber.await(first);
        expect(yield* stagedTables).toEqual([]);
      }),
    ),
  30_000,
);

test.each<readonly [FaultMode, written: number]>([
  ["error", 12],
  ["drop", 12],
  ["hang", 12],
  ["drop_after", 0],
  ["hang_after", 0],
])(
  "an insert that ended with '%s' is completed with %d slices",
  (mode, written) =>
    onFaulty(
      `ended_${mode}`,
      Effect.gen(function* () {
        yield* plainInsert(sampleBatch({ project: "plain", number: 1 }));
        const batch = sampleBatch({ project: mode, number: 2 });
        yield* Effect.promise(() => server.fault({ mode, statement: "INSERT", times: 1 }));
        yield* Effect.flip(Effect.timeout(plainInsert(batch), 1000));
        expect((yield* inspectBatch(batch)).missing.length).toBe(written);
        expect(yield* completeBatch(batch)).toEqual({ written, expected: 12 });
        expect(yield* fingerprintOf(mode)).toEqual(yield* fingerprintOf("plain"));
      }),
    ),
  20_000,
);

test(
  "a recovery that meets faults itself is repeated until it is through",
  () =>
    onFaulty(
      "faults",
      Effect.gen(function* () {
        yield* plainInsert(sampleBatch({ project: "plain", number: 1 }));
        const batch = sampleBatch({ project: "faults", number: 2 });
        for (const mode of ["error", "drop", "drop_after"] as const) {
          for (const statement of ["KILL", "CREATE", "INSERT", "SELECT"]) {
            yield* Effect.promise(() => server.fault({ mode, statement, times: 1 }));
            expect(yield* Effect.flip(completeBatch(batch))).toMatchObject({ retryable: true });
          }
        }
        yield* Effect.promise(() => server.fault(undefined));
        expect(yield* completeBatch(batch)).toEqual({ written: 12, expected: 12 });
        expect(yield* fingerprintOf("faults")).toEqual(yield* fingerprintOf("plain"));
        expect(yield* stagedTables).toEqual([]);
      }),
    ),
  20_000,
);
