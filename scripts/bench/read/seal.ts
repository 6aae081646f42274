import { Effect, Layer } from "effect";
import { layerSettings } from "../../../src/config.ts";
import { layerClickHouse, layerMigrated } from "../../../src/layers.ts";
import { sealDay } from "../../../src/sealing/seal-day.ts";
import { DAY_MS, layerSealedDays, SealedDays, type SiteDay } from "../../../src/sealing/sealed-days.ts";
import { latestBatch } from "../../../src/writer/batch-number.ts";
import { memoryOf } from "../memory.ts";
import type { SealingResult } from "./result.ts";

// Seals every open day of DATA_DIR that was over at a moment, without the rests that the service takes beside its other
// work, and prints what it took as JSON.
const untilMs = Number(process.argv[2]);

const MOST_SECONDS = 3600;
const LINE_INTERVAL_MS = 5000;

/** While one is written another is read. */
const AT_ONCE = 2;

const sealAll = Effect.gen(function* () {
  const sealed = yield* SealedDays;
  const completedBatch = yield* latestBatch;
  const days = sealed.open(0, Math.floor(untilMs / DAY_MS));
  const started = performance.now();
  const seconds = () => (performance.now() - started) / 1000;
  let done = 0;
  let open = 0;
  let saidAt = started;
  const seal = (day: SiteDay) =>
    Effect.gen(function* () {
      if (seconds() > MOST_SECONDS) {
        return yield* Effect.dieMessage(`After ${MOST_SECONDS} s ${done} of ${days.length} days are sealed`);
      }
      const result = yield* sealDay(day, completedBatch);
      if (typeof result === "string") open += 1;
      done += 1;
      if (performance.now() - saidAt < LINE_INTERVAL_MS) return;
      saidAt = performance.now();
      console.error(`  sealed ${done} of ${days.length} days of sites`);
    });
  yield* Effect.forEach(days, seal, { concurrency: AT_ONCE, discard: true });
  return {
    days: days.length,
    open,
    seconds: seconds(),
    peakBytes: memoryOf(process.pid, "peak"),
  } satisfies SealingResult;
});

const layer = layerSealedDays.pipe(
  Layer.provideMerge(layerMigrated),
  Layer.provideMerge(layerClickHouse),
  Layer.provideMerge(layerSettings),
);
console.log(JSON.stringify(await Effect.runPromise(Effect.provide(sealAll, layer))));
process.exit(0);
