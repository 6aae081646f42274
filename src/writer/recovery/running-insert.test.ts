import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { Effect, Fiber, Logger, LogLevel, Redacted, type Scope } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { migrate } from "../../store/migrator.ts";
import { makeServer, type ServerAddress } from "../../store/server.ts";
import { testRetention, testServer } from "../../testing/clickhouse.ts";
import type { FaultMode } from "../../testing/clickhouse-http/faults.ts";
import { type ClickHouseHttp, startClickHouseHttp } from "../../testing/clickhouse-http/start.ts";
import { completeBatch, inspectBatch } from "./recovery.ts";
import { fingerprintOf, fingerprints, firstInsert, sampleBatch, writersTables } from "./sample-batches.ts";

setDefaultTimeout(30_000);

// The stand-in, because a real server does not fail on demand.
let server: ClickHouseHttp;
beforeAll(async () => {
  server = await startClickHouseHttp();
});
afterAll(() => server.stop());

/** A test on a database of its own. */
const onDatabase = (
  address: Effect.Effect<Omit<ServerAddress, "database">, never, Scope.Scope>,
  body: Effect.Effect<unknown, unknown, ClickHouse>,
) =>
  Effect.gen(function* () {
    const database = `test_${crypto.randomUUID().replaceAll("-", "")}`;
    const clickhouse = yield* makeServer({ ...(yield* address), database });
    yield* Effect.addFinalizer(() =>
      Effect.ignore(clickhouse.command(`DROP DATABASE IF EXISTS ${database} SYNC`)),
    );
    yield* Effect.provideService(Effect.zipRight(migrate(testRetention), body), ClickHouse, clickhouse);
  }).pipe(Effect.scoped, Logger.withMinimumLogLevel(LogLevel.Error), Effect.runPromise);

const onServer = (body: Effect.Effect<unknown, unknown, ClickHouse>) => onDatabase(testServer, body);
const onFaultyServer = (body: Effect.Effect<unknown, unknown, ClickHouse>) =>
  onDatabase(
    Effect.sync(() => ({ url: server.url, username: "default", password: Redacted.make("") })),
    body,
  );

/** Inserts under way whose statement has this text in it. */
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

const count = 50;

/** A view that takes 30 ms for every row of one project, so that an insert takes 1.5 s. */
const slowView = (columns: string) =>
  Effect.gen(function* () {
    const { command } = yield* ClickHouse;
    yield* command(
      `CREATE TABLE slow (${columns.replaceAll(/\w+/g, "$& UInt64")}) ENGINE = MergeTree ORDER BY n`,
    );
    yield* command(
      `CREATE MATERIALIZED VIEW landing_to_slow TO slow AS
       SELECT sleepEachRow(0.03) AS ${columns} FROM landing WHERE project_id = 'slow'`,
    );
  });

const theirs = { ledgerId: "another ledger" };

test("an insert that is still running is ended first, and other writers' are not", () =>
  onServer(
    Effect.gen(function* () {
      yield* firstInsert(sampleBatch({ project: "plain", number: 1, count }));
      yield* slowView("n");
      const batch = sampleBatch({ project: "slow", number: 2, count });
      const insert = yield* Effect.fork(firstInsert(batch));
      yield* waitUntilRunning("INTO writer_");
      yield* Fiber.interrupt(insert);
      // Its sender has gone and the insert goes on.
      expect(yield* running("INTO writer_")).toBe(1);
      expect((yield* inspectBatch(batch)).expected).toBe(12);
      expect(yield* running("INTO writer_")).toBe(0);
      const other = yield* Effect.fork(
        firstInsert(sampleBatch({ project: "slow", number: 2, count, ...theirs })),
      );
      yield* waitUntilRunning("INTO writer_");
      expect(yield* completeBatch(batch)).toMatchObject({ expected: 12 });
      expect(yield* running("INTO writer_")).toBe(1);
      yield* Fiber.join(other);
    }),
  ));

test("a slice that an earlier attempt is still writing is ended first", () =>
  onServer(
    Effect.gen(function* () {
      const { query } = yield* ClickHouse;
      yield* firstInsert(sampleBatch({ project: "plain", number: 1, count }));
      yield* slowView("n, batch");
      const batch = sampleBatch({ project: "slow", number: 2, count });
      const first = yield* Effect.fork(completeBatch(batch));
      yield* waitUntilRunning("`slow`");
      // As if its process had ended: the drop of its table is not waited for.
      yield* Fiber.interruptFork(first);
      expect(yield* running("`slow`")).toBe(1);
      expect((yield* completeBatch(batch)).expected).toBe(13);
      expect(yield* running("`slow`")).toBe(0);
      expect(yield* completeBatch(batch)).toEqual({ written: 0, expected: 13 });
      expect(yield* query("SELECT count() AS n FROM slow")).toEqual([{ n: count }]);
      expect(yield* fingerprintOf("slow")).toEqual(yield* fingerprintOf("plain"));
      yield* Fiber.await(first);
      expect(yield* writersTables).toEqual([]);
    }),
  ));

test.each<readonly [FaultMode, written: number]>([
  ["error", 12],
  ["drop", 12],
  ["hang", 12],
  ["late", 12],
  ["drop_after", 0],
  ["hang_after", 0],
])("an insert that ended with '%s' is completed with %d slices", (mode, written) =>
  onFaultyServer(
    Effect.gen(function* () {
      yield* firstInsert(sampleBatch({ project: "plain", number: 1 }));
      const batch = sampleBatch({ project: mode, number: 2 });
      yield* Effect.promise(() => server.fault({ mode, statement: "INSERT", times: 1 }));
      yield* Effect.flip(Effect.timeout(firstInsert(batch), 1000));
      expect((yield* inspectBatch(batch)).missing.length).toBe(written);
      expect(yield* completeBatch(batch)).toEqual({ written, expected: 12 });
      // What was late arrives now.
      yield* Effect.promise(() => server.fault(undefined));
      expect(yield* fingerprintOf(mode)).toEqual(yield* fingerprintOf("plain"));
      expect(yield* writersTables).toEqual([]);
    }),
  ),
);

const statements = ["KILL", "CREATE", "INSERT INTO writer_", "INSERT INTO `", "SELECT", "DROP"];

test.each<readonly [FaultMode]>([["error"], ["drop"], ["drop_after"], ["late"]])(
  "a recovery that meets '%s' itself is repeated until it is through",
  (mode) =>
    onFaultyServer(
      Effect.gen(function* () {
        yield* firstInsert(sampleBatch({ project: "plain", number: 1 }));
        let number = 1;
        for (const statement of statements) {
          const batch = sampleBatch({ project: statement, number: ++number });
          yield* Effect.promise(() => server.fault({ mode, statement, times: 1 }));
          const attempt = yield* Effect.either(completeBatch(batch));
          // The tables that are dropped at the end are dropped by the next attempt too.
          if (statement !== "DROP") expect(attempt).toMatchObject({ left: { retryable: true } });
          const { written } = yield* completeBatch(batch);
          expect(written).toBeLessThanOrEqual(12);
          yield* Effect.promise(() => server.fault(undefined));
          expect(yield* completeBatch(batch)).toEqual({ written: 0, expected: 12 });
        }
        const found = yield* fingerprints;
        for (const statement of statements)
          expect([statement, found[statement]]).toEqual([statement, found.plain]);
        expect(yield* writersTables).toEqual([]);
      }),
    ),
);
