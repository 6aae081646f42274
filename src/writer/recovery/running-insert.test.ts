import { expect, setDefaultTimeout } from "bun:test";
import { Effect, Fiber } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testClickHouseServer } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { completeBatch, inspectBatch } from "./recovery.ts";
import { allSlices, fingerprintOf, firstInsert, sampleBatch } from "./sample-batches.ts";

setDefaultTimeout(30_000);
const { it } = testsOn(testClickHouseServer());

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
const rowsOf = (project: string, number: number, ledgerId = "ledger") =>
  sampleBatch({ project, number, count, ledgerId });

/** A view that takes 40 ms for every row of the project, so that an insert takes 2 s. */
const slowView = (project: string, table: string, columns: string) =>
  Effect.gen(function* () {
    const { command } = yield* ClickHouse;
    const types = columns.replaceAll(/\w+/g, "$& UInt64");
    yield* command(`CREATE TABLE ${table} (${types}) ENGINE = MergeTree ORDER BY n`);
    yield* command(
      `CREATE MATERIALIZED VIEW landing_to_${table} TO ${table} AS
       SELECT sleepEachRow(0.04) AS ${columns} FROM landing WHERE project_id = '${project}'`,
    );
  });

it("an insert that is still running is ended first, and other writers' are not", () =>
  Effect.gen(function* () {
    yield* slowView("slow insert", "slow", "n");
    const batch = rowsOf("slow insert", 1);
    const insert = yield* Effect.fork(firstInsert(batch));
    yield* waitUntilRunning("INTO writer_");
    yield* Fiber.interrupt(insert);
    // Its sender has gone and the insert goes on.
    expect(yield* running("INTO writer_")).toBe(1);
    expect((yield* inspectBatch(batch)).expected).toBe(allSlices.length);
    expect(yield* running("INTO writer_")).toBe(0);
    const other = yield* Effect.fork(firstInsert(rowsOf("slow insert", 2, "another ledger")));
    yield* waitUntilRunning("INTO writer_");
    yield* inspectBatch(batch);
    // Had it been killed, this would fail.
    yield* Fiber.join(other);
  }));

it("a slice that an earlier attempt is still writing is ended first", () =>
  Effect.gen(function* () {
    const { query } = yield* ClickHouse;
    yield* slowView("slow slice", "slow_and_traced", "n, batch");
    const batch = rowsOf("slow slice", 3);
    const first = yield* Effect.fork(completeBatch(batch));
    yield* waitUntilRunning("`slow_and_traced`");
    // As if its process had ended: the drop of its table is not waited for.
    yield* Fiber.interruptFork(first);
    expect(yield* running("`slow_and_traced`")).toBe(1);
    expect((yield* completeBatch(batch)).expected).toBe(allSlices.length + 1);
    expect(yield* running("`slow_and_traced`")).toBe(0);
    expect(yield* completeBatch(batch)).toEqual({ written: 0, expected: allSlices.length + 1 });
    expect(yield* query("SELECT count() AS n FROM slow_and_traced")).toEqual([{ n: count }]);
    yield* firstInsert(rowsOf("plain", 4));
    expect(yield* fingerprintOf("slow slice")).toEqual(yield* fingerprintOf("plain"));
    yield* Fiber.await(first);
    expect(yield* query("SELECT count() AS n FROM slow_and_traced")).toEqual([{ n: count }]);
  }));
