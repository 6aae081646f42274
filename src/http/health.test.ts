import { expect, test } from "bun:test";
import { Clock, Deferred, Duration, Effect, Layer, ManagedRuntime } from "effect";
import { QueueFull, SpoolFull, SpoolUnavailable } from "../domain/errors.ts";
import type { SpoolRefusal } from "../spool/event-queue.ts";
import { Spool, type SpoolShape, type SpoolState } from "../spool/spool.ts";
import { ClickHouse, type ClickHouseShape } from "../store/clickhouse.ts";
import { ClickHouseError } from "../store/clickhouse-error.ts";
import { EventWriter, type WriterState } from "../writer/event-writer.ts";
import { healthRoutes } from "./health.ts";
import { makeRun } from "./run.ts";

const empty: SpoolState = {
  waiting: 0,
  committing: 0,
  bytes: 0,
  maxBytes: 1000,
  oldestSeconds: 0,
  problem: undefined,
  damages: [],
};

const spoolIn = (state: SpoolState, refusal?: SpoolRefusal) =>
  // Only what the readiness asks.
  ({ state: () => state, refusal: () => refusal }) as SpoolShape;

const well: WriterState = { alive: true, stored: 12, completedBatch: 3, failing: undefined };
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
  queryAs: () => Effect.die("unused"),
  command: () => Effect.die("unused"),
  insertRows: () => Effect.die("unused"),
});

let passedMs = 0;
// A ping is given three seconds; here they are a tenth of one. The time of day is moved by hand.
const live = Clock.make();
const movedClock: Clock.Clock = {
  ...live,
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  currentTimeMillis: Effect.map(live.currentTimeMillis, (now) => now + passedMs),
  sleep: (duration) => live.sleep(Duration.unsafeDivide(duration, 30)),
};

interface Parts {
  readonly ping?: () => Effect.Effect<ReadonlyArray<never>, ClickHouseError>;
  readonly writer?: WriterState;
  readonly stopping?: boolean;
  readonly spool?: SpoolShape;
}

const ok = Effect.succeed([]);

const serve = async ({ ping = () => ok, writer = well, stopping = false, spool = spoolIn(empty) }: Parts) => {
  const layer = Layer.mergeAll(
    Layer.succeed(ClickHouse, answering(Effect.suspend(ping))),
    Layer.succeed(EventWriter, { state: () => writer, betweenBatches: (effect) => effect }),
    Layer.succeed(Spool, spool),
    Layer.setClock(movedClock),
  );
  const app = healthRoutes(makeRun(await ManagedRuntime.make(layer).runtime()), () => stopping);
  return async () => {
    const [health, answer] = await Promise.all(
      ["/health", "/ready"].map((path) => app.handle(new Request(`http://localhost${path}`))),
    );
    expect([health?.status, await health?.json()]).toEqual([200, { status: "ok" }]);
    return { status: answer?.status, body: await answer?.json() };
  };
};

const ready = async (parts: Parts = {}) => await (await serve(parts))();

test("ready: the engine answers, the writer lives, the spool has room", async () => {
  expect(await ready()).toEqual({
    status: 200,
    body: {
      ready: true,
      clickhouse: "ok",
      writer: "ok",
      spool: "ok",
      stored: 12,
      queued: 0,
      spool_bytes: 0,
    },
  });
});

test("what waits is told: durable events, and those whose commit is under way", async () => {
  const spool = spoolIn({ ...empty, waiting: 5, committing: 2, bytes: 700 });
  expect(await ready({ spool })).toMatchObject({ status: 200, body: { queued: 7, spool_bytes: 700 } });
});

test("ready, and said so: a writer that waits for something to heal still takes events", async () => {
  expect(await ready({ writer: { ...well, failing: "Too many parts" } })).toMatchObject({
    status: 200,
    body: { ready: true, writer: "Too many parts" },
  });
});

test("not ready: told to stop", async () => {
  expect(await ready({ stopping: true })).toMatchObject({ status: 503, body: { ready: false } });
});

test("not ready: the writer's fiber is gone", async () => {
  expect(await ready({ writer: { ...well, alive: false } })).toMatchObject({
    status: 503,
    body: { ready: false, writer: "stopped" },
  });
});

test("not ready: the spool is full", async () => {
  const spool = spoolIn(empty, new SpoolFull({ retryAfterSeconds: 2 }));
  expect(await ready({ spool })).toMatchObject({ status: 503, body: { ready: false, spool: "full" } });
});

test("not ready: the disk does not take events, and why", async () => {
  const spool = spoolIn(
    { ...empty, problem: "ENOSPC: no space left on device" },
    new SpoolUnavailable({ retryAfterSeconds: 2 }),
  );
  expect(await ready({ spool })).toMatchObject({
    status: 503,
    body: { ready: false, spool: "events cannot be made durable: ENOSPC: no space left on device" },
  });
});

test("ready: a burst that fills the queue for a moment is no reason to send others away", async () => {
  const spool = spoolIn(empty, new QueueFull({ retryAfterSeconds: 2 }));
  expect(await ready({ spool })).toMatchObject({ status: 200, body: { spool: "ok" } });
});

test("the engine that cannot be reached is told at once, and is a reason after a minute", async () => {
  let ping: Effect.Effect<ReadonlyArray<never>, ClickHouseError> = Effect.fail(down);
  const ask = await serve({ ping: () => ping });
  const told = { ready: true, clickhouse: "refused" };
  expect(await ask()).toMatchObject({ status: 200, body: told });
  passedMs += 50_000;
  expect(await ask()).toMatchObject({ status: 200, body: told });
  passedMs += 11_000;
  expect(await ask()).toMatchObject({ status: 503, body: { ...told, ready: false } });
  ping = ok;
  expect(await ask()).toMatchObject({ status: 200, body: { ready: true, clickhouse: "ok" } });
  // The next time counts from its own beginning.
  ping = Effect.fail(down);
  expect(await ask()).toMatchObject({ status: 200, body: told });
});

test("an engine that does not answer is not waited for", async () => {
  const never = Effect.flatMap(Deferred.make<ReadonlyArray<never>>(), Deferred.await);
  const startedAt = performance.now();
  expect(await ready({ ping: () => never })).toMatchObject({ body: { clickhouse: "no answer in time" } });
  expect(performance.now() - startedAt).toBeLessThan(2000);
});
