import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Session } from "chdb";
import { Effect, Fiber, Layer, Logger, Schedule } from "effect";
import { mountDisk } from "../../scripts/chaos/faults/disk.ts";
import { layerMetrics, type Metrics } from "../metrics/metrics.ts";
import { testRetention } from "../testing/clickhouse.ts";
import { type BatchStore, layerBatchStore } from "../writer/batch-store.ts";
import { sampleBatch, tablesWithBatches } from "../writer/recovery/sample-batches.ts";
import { storeBatch } from "../writer/store-batch.ts";
import { ClickHouse } from "./clickhouse.ts";
import { makeEmbedded } from "./embedded.ts";
import { migrate } from "./migrator.ts";

const directory = mkdtempSync(join(tmpdir(), "footfall-merge-guard-"));
const mounted = mountDisk(join(directory, "disk"));
const disk = typeof mounted === "string" ? undefined : mounted;
afterAll(() => {
  disk?.close();
  rmSync(directory, { recursive: true, force: true });
});

const ROWS = 15_000;
const BATCHES = 4;
/** How far a merge is when the disk becomes full, and what is left on it: bytes. */
const moments = [
  [0.1, 0],
  [0.5, 0],
  [0.2, 1_000_000],
  [0.9, 300_000],
] as const;

/** Loadings of tables that a full disk may take, however long it lasts: one for what it met, some for what came later. */
const MAX_LOADINGS = 5;

const soon = Schedule.intersect(Schedule.spaced("50 millis"), Schedule.recurs(600));

describe.skipIf(disk === undefined)("merges that meet a full disk", () => {
  const path = join(directory, "disk", "engine");
  const space = disk as NonNullable<typeof disk>;

  /** Merges everything there is into one part per partition, as the engine does in time. */
  const mergeAll = Effect.acquireUseRelease(
    Effect.sync(() => new Session(path)),
    (session) =>
      Effect.promise(async () => {
        // A merge that is stopped, or a table that is away for a moment, is an error here.
        for (const table of tablesWithBatches)
          await session.queryAsync(`OPTIMIZE TABLE analytics.${table} FINAL`).catch(() => undefined);
      }),
    (session) => Effect.sync(() => session.close()),
  );

  const counts = Effect.gen(function* () {
    const { query } = yield* ClickHouse;
    return yield* query<Record<string, number>>(
      `SELECT
         (SELECT count() FROM events WHERE NOT ignore(*)) AS events,
         (SELECT sum(events) FROM hourly_event_stats WHERE NOT ignore(*)) AS hourly,
         (SELECT sum(impressions + clicks) FROM daily_widget_stats WHERE NOT ignore(*)) AS widgets,
         (SELECT sum(widget_impressions + widget_clicks) FROM daily_post_stats WHERE NOT ignore(*)) AS posts`,
    );
  });
  /** Half of the events of a sample are of widgets. */
  const countsOf = (rows: number) => [{ events: rows, hourly: rows, widgets: rows / 2, posts: rows / 2 }];

  const merges = Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    let number = 0;
    const store = Effect.suspend(() => {
      number += 1;
      const batch = sampleBatch({ project: "p", number, count: ROWS, months: 1 });
      return storeBatch(batch, ROWS, { sentBefore: false, onFailure: () => Effect.void });
    });
    const merging = (progress: number) =>
      clickhouse
        .query<{ progress: number }>(
          "SELECT progress FROM system.merges WHERE database = 'analytics' AND table = 'events' AND num_parts > 1",
        )
        .pipe(
          Effect.repeat({
            until: (rows) => rows.some((row) => row.progress >= progress),
            times: 5_000,
          }),
          Effect.timeout("3 seconds"),
          Effect.ignore,
        );

    for (const [progress, left] of moments) {
      yield* Effect.repeatN(store, BATCHES - 1);
      const stored = number * ROWS;
      const merge = yield* Effect.fork(mergeAll);
      yield* merging(progress);
      space.fill(left);
      const next = yield* Effect.fork(store);
      yield* Fiber.join(merge);
      // Still full: everything that was answered can be read again.
      const full = yield* counts.pipe(
        Effect.filterOrFail(
          ([found]) => Bun.deepEquals([found], countsOf(stored)),
          (found) => found,
        ),
        Effect.retry(soon),
        Effect.either,
      );
      expect(full._tag === "Right" ? full.right : full.left).toEqual(countsOf(stored));
      yield* Effect.sleep("1 second");
      const loadings = log.splice(0).filter((line) => line.includes("loaded again"));
      expect(loadings.length).toBeGreaterThan(0);
      expect(loadings.length).toBeLessThanOrEqual(MAX_LOADINGS);
      space.empty();
      yield* Fiber.join(next);
      expect(yield* counts).toEqual(countsOf(stored + ROWS));
    }

    // Merges go on, and nothing is broken.
    const parts = clickhouse.query<{ table: string; parts: number }>(
      "SELECT table, count() AS parts FROM system.parts WHERE active AND database = 'analytics' AND table IN {tables:Array(String)} GROUP BY table ORDER BY table",
      { tables: tablesWithBatches },
    );
    const merged = tablesWithBatches.toSorted().map((table) => ({ table, parts: 1 }));
    yield* Effect.zipRight(mergeAll, parts).pipe(
      Effect.repeat({ until: (found) => Bun.deepEquals(found, merged), schedule: soon }),
    );
    expect(yield* parts).toEqual(merged);
    expect(yield* counts).toEqual(countsOf(number * ROWS));
  });

  const mutation = Effect.gen(function* () {
    const { command, query } = yield* ClickHouse;
    yield* command("CREATE TABLE numbers_kept (n UInt64) ENGINE = MergeTree ORDER BY n");
    yield* command("INSERT INTO numbers_kept SELECT number FROM numbers(200000)");
    // Slow enough for the disk to become full in it.
    const change = yield* Effect.fork(
      command(
        `ALTER TABLE numbers_kept DELETE WHERE n % 2 = 1 AND NOT ignore(arrayMap(x -> sipHash64(x, n), range(50)))
         SETTINGS mutations_sync = 2`,
      ),
    );
    yield* query("SELECT 1 AS n FROM system.merges WHERE is_mutation AND table = 'numbers_kept'").pipe(
      Effect.repeat({ until: (rows) => rows.length > 0 }),
      Effect.timeout("10 seconds"),
    );
    space.fill(0);
    yield* Effect.sleep("500 millis");
    space.empty();
    // It ends at once, or when the mutation is done after all; in both cases nobody knows what it has done.
    const { retryable } = yield* Effect.flip(Fiber.join(change));
    expect(retryable).toBe(true);
    yield* query<{ left: number }>("SELECT count() AS left FROM numbers_kept WHERE n % 2 = 1").pipe(
      Effect.repeat({ until: ([row]) => row?.left === 0, schedule: soon }),
    );
    const [kept] = yield* query<{ rows: number }>("SELECT count() AS rows FROM numbers_kept");
    expect(kept?.rows).toBe(100_000);
  });

  const log: Array<string> = [];
  const logger = Logger.replace(
    Logger.defaultLogger,
    Logger.make(({ message }) => void log.push(String(message))),
  );

  const onEngine = <A, E>(effect: Effect.Effect<A, E, BatchStore | ClickHouse | Metrics>) =>
    Effect.gen(function* () {
      const engine = Layer.scoped(
        ClickHouse,
        Effect.tap(makeEmbedded(path, "analytics"), (clickhouse) =>
          Effect.provideService(migrate(testRetention), ClickHouse, clickhouse),
        ),
      );
      const layers = layerBatchStore.pipe(
        Layer.provideMerge(engine),
        Layer.merge(layerMetrics),
        Layer.provideMerge(logger),
      );
      return yield* Effect.provide(effect, layers);
    }).pipe(Effect.runPromise);

  test("cost no row: what was answered is readable while it is full, and merges go on when it is not", async () => {
    await onEngine(merges);
  }, 300_000);

  test("let a statement go on that waits for a mutation, and the mutation too", async () => {
    await onEngine(mutation);
  }, 120_000);
});
