import { describe, expect } from "bun:test";
import { Effect, Layer } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { latestBatch } from "../writer/batch-number.ts";
import { removeGarbage } from "./garbage.ts";
import {
  answers,
  buildsOf,
  expectExact,
  failingAfter,
  keptLong,
  lastBatch,
  onSealedDays,
  openDays,
  SITE,
  seal,
  store,
  visits,
} from "./sample.ts";
import { layerSealedDays, SealedDays } from "./sealed-days.ts";

const TIMEOUT_MS = 60_000;

describe("sealing that is cut off, and what the next start finds", () => {
  const { it } = testsOn(onSealedDays(testClickHouse(undefined, keptLong)));

  it(
    "whatever a sealing is cut off at, answers are right, and the next one counts",
    () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        for (const commands of [0, 1, 2, 3]) {
          const project = `cut off after ${commands}`;
          yield* store(project, [...visits(0, ["08:00", "08:10", "23:50"]), ...visits(1, ["00:01"])]);
          const before = yield* answers(project, { from: "raw" });
          const cut = seal(project, 0).pipe(
            Effect.provideService(ClickHouse, failingAfter(clickhouse, commands)),
          );
          expect(yield* Effect.flip(cut)).toMatchObject({ message: "The process ends here" });
          expect(yield* openDays(project)).toEqual([0, 1]);
          expect(yield* answers(project, {})).toEqual(before);
          yield* seal(project, 0);
          expect(yield* openDays(project)).toEqual([1]);
          expect(yield* answers(project, {})).toEqual(before);
          expect(yield* buildsOf(project)).toBe(commands === 0 ? 1 : 2);
        }
        // What was cut off goes; what counts stays.
        const { lastBuild } = yield* SealedDays;
        yield* removeGarbage({ upToBuild: lastBuild(), leastShare: 0, wait: true });
        for (const commands of [0, 1, 2, 3]) {
          expect(yield* buildsOf(`cut off after ${commands}`)).toBe(1);
          yield* expectExact(`cut off after ${commands}`);
        }
      }),
    TIMEOUT_MS,
  );

  it(
    "a seal that lands after its answer was lost is found by the next start",
    () =>
      Effect.gen(function* () {
        const project = "landed";
        yield* store(project, visits(0, ["08:00", "08:10"]));
        const sealed = yield* SealedDays;
        // The index of this process never hears of it.
        yield* seal(project, 0).pipe(
          Effect.provideService(SealedDays, { ...sealed, keep: () => Effect.void }),
        );
        expect(yield* openDays(project)).toEqual([0]);
        yield* Effect.provide(
          Effect.gen(function* () {
            expect(yield* openDays(project)).toEqual([]);
            yield* expectExact(project);
          }),
          Layer.fresh(layerSealedDays),
        );
        yield* seal(project, 0);
        yield* expectExact(project);
      }),
    TIMEOUT_MS,
  );

  it(
    "the writer goes on above the batch of a seal, also where that batch was given up and its ledger is lost",
    () =>
      Effect.gen(function* () {
        yield* store("given up", visits(0, ["08:00"]));
        const givenUp = lastBatch() + 1000;
        yield* seal("given up", 0, SITE, givenUp);
        expect(yield* latestBatch).toBe(givenUp);
        const clickhouse = yield* ClickHouse;
        yield* clickhouse.command("TRUNCATE TABLE sealed_days");
        expect(yield* latestBatch).toBe(lastBatch());
      }),
    TIMEOUT_MS,
  );

  it(
    "builds grow, also after a start with a clock that went back",
    () =>
      Effect.gen(function* () {
        yield* store("clock", visits(0, ["08:00"]));
        const { nextBuild } = yield* SealedDays;
        const future = Number.MAX_SAFE_INTEGER - 1_000_000;
        const clickhouse = yield* ClickHouse;
        yield* clickhouse.command(
          `INSERT INTO sessions (project_id, site_id, date, build) SELECT 'clock', '${SITE}', '2026-10-05', ${future}`,
        );
        const first = yield* nextBuild;
        expect(first).toBeLessThan(future);
        expect(yield* nextBuild).toBeGreaterThan(first);
        yield* Effect.provide(
          Effect.gen(function* () {
            const result = yield* seal("clock", 0);
            expect(result).toMatchObject({ build: future + 1 });
            yield* expectExact("clock");
            // The same once more, as the start after that reads it.
            yield* store("clock", visits(0, ["08:20"]));
            yield* seal("clock", 0);
          }),
          Layer.fresh(layerSealedDays),
        );
        yield* Effect.provide(
          Effect.gen(function* () {
            expect(yield* openDays("clock")).toEqual([]);
            yield* expectExact("clock");
          }),
          Layer.fresh(layerSealedDays),
        );
      }),
    TIMEOUT_MS,
  );
});
