import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Context, Effect, Layer, ManagedRuntime } from "effect";
import { Spool } from "../../spool/spool.ts";
import { ClickHouse, type ClickHouseShape } from "../../store/clickhouse.ts";
import { ClickHouseError } from "../../store/clickhouse-error.ts";
import { testClickHouse } from "../../testing/clickhouse.ts";
import { fastClock } from "../../testing/service/fast-clock.ts";
import { type InProcessOptions, serviceForTests } from "../../testing/service/in-process.ts";

setDefaultTimeout(30_000);

interface Answer {
  readonly accepted: number;
  readonly rejected: number;
  readonly duplicates?: number;
}

const batchOf = (type: string, ids: ReadonlyArray<number | string>) => ({
  events: ids.map((id) => ({ event_type: type, event_id: `${type} ${id}` })),
});

/** How often each event of a type lies in the store, and how often the rollup has counted the type. */
const storedOf = async (service: ReturnType<typeof serviceForTests>, type: string) => {
  const [row] = await service.rows<{ raw: number; ids: number; hourly: number }>(
    `SELECT count() AS raw, uniqExact(event_id) AS ids,
       (SELECT sum(events) FROM hourly_event_stats WHERE event_type = {type:String}) AS hourly
     FROM events WHERE event_type = {type:String}`,
    { type },
  );
  return row;
};
const once = (count: number) => ({ raw: count, ids: count, hourly: count });

describe("an event that is sent again", () => {
  const service = serviceForTests({ settings: { spoolMaxBytes: 40_000 } });
  const send = async (body: object) => (await service.post<Answer>(body)).body;

  test("is accepted as a duplicate, and stored and counted once", async () => {
    const batch = batchOf("again", [1, 2, 3]);
    expect(await send(batch)).toEqual({ accepted: 3, rejected: 0 });
    expect(await send(batch)).toEqual({ accepted: 3, rejected: 0, duplicates: 3 });
    await service.settled();
    expect(await send(batchOf("again", [3, 4, "x".repeat(200)]))).toMatchObject({
      accepted: 2,
      rejected: 1,
      duplicates: 1,
    });
    expect(await storedOf(service, "again")).toEqual(once(4));
  });

  test("is one at once with its first copy, in whatever order they come", async () => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => send(batchOf("at once", [1, 2, 3]))));
    expect(answers.map(({ accepted }) => accepted)).toEqual(Array(20).fill(3));
    expect(answers.reduce((sum, { duplicates = 0 }) => sum + duplicates, 0)).toBe(19 * 3);
    expect(await storedOf(service, "at once")).toEqual(once(3));
  });

  test("in the same batch is stored once", async () => {
    expect(await send(batchOf("within", [1, 1, 2, 1]))).toEqual({ accepted: 4, rejected: 0, duplicates: 2 });
    expect(await storedOf(service, "within")).toEqual(once(2));
  });

  test("without an id of its own is another event", async () => {
    const batch = { events: [{ event_type: "nameless" }, { event_type: "nameless" }] };
    expect(await send(batch)).toEqual({ accepted: 2, rejected: 0 });
    expect(await send(batch)).toEqual({ accepted: 2, rejected: 0 });
    expect(await storedOf(service, "nameless")).toEqual(once(4));
  });

  test("is taken when its first copy was rejected", async () => {
    const [event] = batchOf("mended", [1]).events;
    expect(await send({ events: [{ ...event, occurred_at: 0 }] })).toMatchObject({
      accepted: 0,
      rejected: 1,
    });
    expect(await send({ events: [event] })).toEqual({ accepted: 1, rejected: 0 });
    expect(await storedOf(service, "mended")).toEqual(once(1));
  });

  test("is taken when its first copy was refused with its whole batch", async () => {
    const many = batchOf("refused", [...Array(400).keys()]);
    const refused = await service.post(many);
    expect(refused.status).toBe(503);
    const few = { events: many.events.slice(0, 3) };
    expect(await send(few)).toEqual({ accepted: 3, rejected: 0 });
    expect(await send(few)).toEqual({ accepted: 3, rejected: 0, duplicates: 3 });
    expect(await storedOf(service, "refused")).toEqual(once(3));
  });
});

const unavailable = new ClickHouseError({
  failure: "unavailable",
  retryable: true,
  code: undefined,
  message: "away for the test",
});

describe("after a restart on the same data directory, an event that is sent again", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "footfall-duplicates-"));
  const engine = ManagedRuntime.make(Layer.orDie(testClickHouse()));
  let clickhouse: ClickHouseShape;
  beforeAll(async () => {
    clickhouse = Context.get((await engine.runtime()).context, ClickHouse);
  });
  afterAll(async () => {
    await engine.dispose();
    rmSync(dataDir, { recursive: true, force: true });
  });
  const lifeOn = (use: (engine: ClickHouseShape) => ClickHouseShape, more: InProcessOptions = {}) =>
    serviceForTests({
      ...more,
      settings: { dataDir },
      clickhouse: Layer.suspend(() => Layer.succeed(ClickHouse, use(clickhouse))),
    });
  const inClickHouse = batchOf("in clickhouse", [1, "ü '\\"]);
  const inSpool = batchOf("in the spool", [1, 'a "quote", and more', 3]);

  describe("in the first life", () => {
    const service = lifeOn((engine) => engine);
    test("the first events are stored", async () => {
      expect((await service.post<Answer>(inClickHouse)).body).toEqual({ accepted: 2, rejected: 0 });
      expect(await storedOf(service, "in clickhouse")).toEqual(once(2));
    });
  });

  describe("in the second life", () => {
    // Nothing can be stored; at its end the writer's deadline passes at once.
    const service = lifeOn((engine) => ({ ...engine, insertRows: () => Effect.fail(unavailable) }), {
      ground: fastClock(100),
    });
    test("is a duplicate when it is in ClickHouse, and others wait in the spool", async () => {
      expect((await service.post<Answer>(inClickHouse)).body).toMatchObject({ duplicates: 2 });
      expect((await service.post<Answer>(inSpool)).body).toEqual({ accepted: 3, rejected: 0 });
      const { waiting } = (await service.run(Spool)).state();
      expect(waiting).toBe(3);
    });
  });

  describe("in the third life", () => {
    const service = lifeOn((engine) => engine);
    test("is a duplicate also when it was only in the spool, and all is stored once", async () => {
      expect((await service.post<Answer>(inSpool)).body).toMatchObject({ accepted: 3, duplicates: 3 });
      expect((await service.post<Answer>(inClickHouse)).body).toMatchObject({ accepted: 2, duplicates: 2 });
      expect(await storedOf(service, "in clickhouse")).toEqual(once(2));
      expect(await storedOf(service, "in the spool")).toEqual(once(3));
    });
  });
});
