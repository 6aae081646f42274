import { expect, test } from "bun:test";
import { Deferred, Effect, Layer, ManagedRuntime } from "effect";
import { ClickHouse, type ClickHouseShape } from "../store/clickhouse.ts";
import { ClickHouseError } from "../store/clickhouse-error.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import { EventQueue, makeEventQueue } from "../writer/event-queue.ts";
import { EventWriter, type WriterState } from "../writer/event-writer.ts";
import { healthRoutes } from "./health.ts";
import { makeRun } from "./run.ts";

const well: WriterState = { alive: true, stored: 12, failing: undefined };
const down = new ClickHouseError({
  failure: "unavailable",
  retryable: true,
  code: undefined,
  message: "refused",
});

// Only what the readiness asks: one ping.
const answering = (ping: Effect.Effect<ReadonlyArray<never>, ClickHouseError>): ClickHouseShape => ({
  engine: "embedded",
  database: "unused",
  createDatabase: Effect.die("unused"),
  query: () => ping,
  command: () => Effect.die("unused"),
  insertRows: () => Effect.die("unused"),
});

const ready = async (
  ping: Effect.Effect<ReadonlyArray<never>, ClickHouseError>,
  state: WriterState = well,
  stopping = false,
) => {
  const layer = Layer.mergeAll(
    Layer.succeed(ClickHouse, answering(ping)),
    Layer.succeed(EventWriter, { state: () => state }),
    Layer.effect(EventQueue, makeEventQueue(100)),
    // A ping is given three seconds; here they are a tenth of one.
    fastClock(30),
  );
  const app = healthRoutes(makeRun(await ManagedRuntime.make(layer).runtime()), () => stopping);
  const [health, answer] = await Promise.all(
    ["/health", "/ready"].map((path) => app.handle(new Request(`http://localhost${path}`))),
  );
  expect([health?.status, await health?.json()]).toEqual([200, { status: "ok" }]);
  return { status: answer?.status, body: await answer?.json() };
};

const ok = Effect.succeed([]);

test("ready: the engine answers and the writer lives", async () => {
  expect(await ready(ok)).toEqual({
    status: 200,
    body: { ready: true, clickhouse: "ok", writer: "ok", stored: 12, queued: 0 },
  });
});

test("ready, and said so: a writer that waits for something to heal still takes events", async () => {
  expect(await ready(ok, { ...well, failing: "Too many parts" })).toMatchObject({
    status: 200,
    body: { ready: true, writer: "Too many parts" },
  });
});

test("not ready: told to stop", async () => {
  expect(await ready(ok, well, true)).toMatchObject({ status: 503, body: { ready: false } });
});

test("not ready: the writer's fiber is gone", async () => {
  expect(await ready(ok, { ...well, alive: false })).toMatchObject({
    status: 503,
    body: { ready: false, writer: "stopped" },
  });
});

test("not ready: the engine cannot be reached", async () => {
  expect(await ready(down)).toMatchObject({ status: 503, body: { ready: false, clickhouse: "refused" } });
});

test("not ready, and said soon: the engine does not answer", async () => {
  const never = Effect.flatMap(Deferred.make<ReadonlyArray<never>>(), Deferred.await);
  const startedAt = performance.now();
  expect(await ready(never)).toMatchObject({ status: 503, body: { clickhouse: "no answer in time" } });
  expect(performance.now() - startedAt).toBeLessThan(2000);
});
