import { afterAll, describe, expect, test } from "bun:test";
import { Context, Effect, Exit, Layer, Logger, ManagedRuntime, Scope } from "effect";
import { layerMetrics } from "../metrics/metrics.ts";
import { layerSpool } from "../spool/layer.ts";
import { Spool } from "../spool/spool.ts";
import { ClickHouse, type ClickHouseShape } from "../store/clickhouse.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { appendRows } from "../testing/service/append-rows.ts";
import { encodedRows } from "../testing/service/encoded-rows.ts";
import { serviceForTests } from "../testing/service/in-process.ts";
import { testSettings } from "../testing/settings.ts";
import { latestBatch } from "./batch-number.ts";
import { EventWriter, layerEventWriter } from "./event-writer.ts";

const events = (count: number, type: string, from = 0) => ({
  events: Array.from({ length: count }, (_, n) => ({ event_type: type, event_id: `${type}-${from + n}` })),
});

interface BatchRow {
  readonly batch: number;
  readonly n: number;
}

const batchesOf = (type: string) =>
  `SELECT batch, count() AS n FROM events WHERE event_type = '${type}' GROUP BY batch ORDER BY batch`;

describe("a flush that may wait for a minute", () => {
  const service = serviceForTests({ settings: { flushIntervalMs: 60_000, batchSize: 100 } });

  test("comes at once after a quiet time", async () => {
    await service.post(events(1, "first"));
    await service.settled();
  });

  test("comes before its time when several batches are full", async () => {
    for (let n = 0; n < 5; n++) await service.post(events(60, "many", n * 60));
    const { state } = await service.run(Spool);
    while (state().waiting > 0) await Bun.sleep(5);
    await service.post(events(120, "waiting"));
    const many = Effect.flatMap(ClickHouse, ({ query }) => query<BatchRow>(batchesOf("many")));
    expect(await service.run(many)).toMatchObject([{ n: 100 }, { n: 100 }, { n: 100 }]);
    expect(state().waiting).toBe(120);
  });
});

describe("a flush", () => {
  const service = serviceForTests({ settings: { flushIntervalMs: 2000, batchSize: 100 } });

  test("comes when its time is up, and takes what has come by then", async () => {
    await service.post(events(1, "opening"));
    await service.settled();
    for (let n = 0; n < 5; n++) await service.post(events(3, "gathered", n * 3));
    const batches = await service.rows<BatchRow>(batchesOf("gathered"));
    expect(batches.reduce((sum, { n }) => sum + n, 0)).toBe(15);
    // The time may be up once in between on a busy machine.
    expect(batches.length).toBeLessThanOrEqual(2);
  });

  test("of a request larger than a batch is several inserts", async () => {
    await service.post(events(250, "large"));
    expect(await service.rows<BatchRow>(batchesOf("large"))).toMatchObject([
      { n: 100 },
      { n: 100 },
      { n: 50 },
    ]);
  });

  test("numbers batches upwards, and every table knows the last number", async () => {
    const numbers = (
      await service.rows<BatchRow>(
        "SELECT batch, count() AS n FROM events GROUP BY batch ORDER BY min((received_at, batch))",
      )
    ).map(({ batch }) => batch);
    expect(numbers.length).toBeGreaterThan(3);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    expect(await service.run(latestBatch)).toBe(numbers.at(-1) as number);
    expect(await service.rows("SELECT max(watermark) AS last FROM hourly_event_stats")).toEqual([
      { last: numbers.at(-1) },
    ]);
  });
});

/** A writer of its own on a shared store, so that its end can be watched. */
const openWriter = async (clickhouse: ClickHouseShape, flushIntervalMs = 60_000) => {
  const scope = Effect.runSync(Scope.make());
  const layer = layerEventWriter.pipe(
    Layer.provideMerge(layerSpool),
    Layer.provideMerge(layerMetrics),
    Layer.provideMerge(Layer.succeed(ClickHouse, clickhouse)),
    Layer.provideMerge(testSettings({ durability: "none", flushIntervalMs })),
    Layer.provideMerge(Logger.remove(Logger.defaultLogger)),
  );
  const context = await Effect.runPromise(Layer.buildWithScope(layer, scope));
  return {
    offer: (count: number, type: string) =>
      Effect.runPromise(Effect.provide(appendRows(encodedRows(events(count, type).events)), context)),
    state: Context.get(context, EventWriter).state,
    close: () => Effect.runPromise(Scope.close(scope, Exit.void)),
  };
};

describe("a writer", () => {
  const store = ManagedRuntime.make(testClickHouse());
  const sharedStore = () => store.runPromise(ClickHouse);
  afterAll(() => store.dispose());

  const ids = async (type: string) => {
    const { query } = await sharedStore();
    const rows = await Effect.runPromise(
      query<{ event_id: string }>(
        `SELECT event_id FROM events WHERE event_type = '${type}' ORDER BY event_id`,
      ),
    );
    return rows.map(({ event_id }) => event_id);
  };
  const idsOf = (count: number, type: string) =>
    events(count, type)
      .events.map(({ event_id }) => event_id)
      .toSorted();

  test("that ends stores all that was accepted, and takes no more", async () => {
    const writer = await openWriter(await sharedStore());
    // The first one goes at once; the rest would wait for a minute.
    for (let n = 0; n < 20; n++) await writer.offer(10, `drained ${n}`);
    await writer.close();
    for (let n = 0; n < 20; n++) expect(await ids(`drained ${n}`)).toEqual(idsOf(10, `drained ${n}`));
    await expect(writer.offer(1, "too late")).rejects.toThrow();
    expect(writer.state()).toMatchObject({ alive: false, stored: 200, failing: undefined });
  });

  test("that has nothing to do ends at once", async () => {
    const writer = await openWriter(await sharedStore());
    const startedAt = performance.now();
    await writer.close();
    expect(performance.now() - startedAt).toBeLessThan(1000);
  });

  test("goes on above the numbers of the one before it", async () => {
    const clickhouse = await sharedStore();
    const batchOf = async (type: string) =>
      (await Effect.runPromise(clickhouse.query<BatchRow>(batchesOf(type))))[0]?.batch ?? 0;
    for (const type of ["life 1", "life 2", "life 3"]) {
      const writer = await openWriter(clickhouse);
      await writer.offer(1, type);
      await writer.close();
    }
    expect(await batchOf("life 2")).toBeGreaterThan(await batchOf("life 1"));
    expect(await batchOf("life 3")).toBeGreaterThan(await batchOf("life 2"));
  });

  test("goes on also when the raw events of the one before it are gone", async () => {
    const clickhouse = await sharedStore();
    const before = await store.runPromise(latestBatch);
    await Effect.runPromise(clickhouse.command("TRUNCATE TABLE events"));
    expect(await store.runPromise(latestBatch)).toBe(before);
  });

  test("that meets a bug in a turn lives on, says so, and stores everything once", async () => {
    const clickhouse = await sharedStore();
    let bugs = 1;
    const buggy: ClickHouseShape = {
      ...clickhouse,
      insertRows: (insert) =>
        Effect.suspend(() => {
          bugs -= 1;
          if (bugs >= 0) throw new TypeError("undefined is not a function");
          return clickhouse.insertRows(insert);
        }),
    };
    const writer = await openWriter(buggy, 10);
    await writer.offer(5, "buggy");
    await Bun.sleep(200);
    expect(writer.state()).toMatchObject({
      alive: true,
      stored: 0,
      failing: expect.stringMatching("function"),
    });
    while (writer.state().stored < 5) await Bun.sleep(10);
    await writer.offer(1, "after the bug");
    await writer.close();
    expect(await ids("buggy")).toEqual(idsOf(5, "buggy"));
    expect(await ids("after the bug")).toHaveLength(1);
  });
});
