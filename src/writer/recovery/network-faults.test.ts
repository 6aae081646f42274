import { expect, setDefaultTimeout } from "bun:test";
import { Effect, Exit, Fiber, Layer, Redacted } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { migrate } from "../../store/migrator.ts";
import { makeServer, READ_ATTEMPTS } from "../../store/server.ts";
import { testRetention } from "../../testing/clickhouse.ts";
import type { Fault, FaultMode } from "../../testing/clickhouse-http/faults.ts";
import { type ClickHouseHttp, startClickHouseHttp } from "../../testing/clickhouse-http/start.ts";
import { testsOn } from "../../testing/effect.ts";
import { completeBatch, inspectBatch } from "./recovery.ts";
import { allSlices, fingerprints, firstInsert, sampleBatch, writersTables } from "./sample-batches.ts";

setDefaultTimeout(60_000);

// Always the stand-in, because a real server does not fail on demand.
let server: ClickHouseHttp;
const { it } = testsOn(
  Layer.scoped(
    ClickHouse,
    Effect.gen(function* () {
      server = yield* Effect.acquireRelease(
        Effect.promise(() => startClickHouseHttp()),
        ({ stop }) => Effect.promise(stop),
      );
      const clickhouse = yield* makeServer({
        url: server.url,
        username: "default",
        password: Redacted.make(""),
        database: "faults",
      });
      yield* Effect.provideService(migrate(testRetention), ClickHouse, clickhouse);
      return clickhouse;
    }),
  ),
);
const fault = (next: Fault | undefined) => Effect.promise(() => server.fault(next));

let number = 0;
const nextBatch = (project: string) => sampleBatch({ project, number: ++number });

it("a batch without faults", () => firstInsert(nextBatch("plain")));

const endings: ReadonlyArray<readonly [FaultMode, written: number]> = [
  ["error", allSlices.length],
  ["drop", allSlices.length],
  ["hang", allSlices.length],
  ["late", allSlices.length],
  ["drop_after", 0],
  ["hang_after", 0],
];
for (const [mode, written] of endings) {
  it(`an insert that ended with '${mode}' is completed with ${written} slices`, () =>
    Effect.gen(function* () {
      const batch = nextBatch(mode);
      yield* fault({ mode, statement: "INSERT", times: 1 });
      const insert = yield* Effect.fork(firstInsert(batch));
      yield* Effect.repeat(
        Effect.promise(() => server.met()),
        { until: (n) => n === 1 },
      );
      // Otherwise it would wait for its minute.
      const ended = mode.startsWith("hang") ? Fiber.interrupt(insert) : Fiber.await(insert);
      expect(Exit.isFailure(yield* ended)).toBe(true);
      expect((yield* inspectBatch(batch)).missing.length).toBe(written);
      expect(yield* completeBatch(batch)).toEqual({ written, expected: allSlices.length });
      // What was late arrives now.
      yield* fault(undefined);
      const found = yield* fingerprints;
      expect(found[mode]).toEqual(found.plain);
      expect(yield* writersTables).toEqual([]);
    }));
}

const statements = ["KILL", "CREATE", "INSERT INTO writer_", "INSERT INTO `", "SELECT", "DROP"];
for (const mode of ["error", "drop", "drop_after", "late"] as const) {
  it(`a recovery that meets '${mode}' itself is repeated until it is through`, () =>
    Effect.gen(function* () {
      for (const statement of statements) {
        const batch = nextBatch(`${mode} ${statement}`);
        // A read whose connection ended is asked once more.
        const times = statement === "SELECT" && mode !== "error" ? READ_ATTEMPTS : 1;
        yield* fault({ mode, statement, times });
        const attempt = yield* Effect.either(completeBatch(batch));
        // The table that is dropped at the end is dropped by the next attempt too.
        if (statement !== "DROP") expect(attempt).toMatchObject({ left: { retryable: true } });
        yield* completeBatch(batch);
        yield* fault(undefined);
        expect(yield* completeBatch(batch)).toEqual({ written: 0, expected: allSlices.length });
      }
      const found = yield* fingerprints;
      for (const statement of statements) {
        expect([statement, found[`${mode} ${statement}`]]).toEqual([statement, found.plain]);
      }
      expect(yield* writersTables).toEqual([]);
    }));
}
