import fc from "fast-check";
import type { Settings } from "../../config.ts";
import type { Model } from "./commands.ts";
import { World, type WorldSettings } from "./world.ts";

/** Small bounds, so that a few events reach them. */
export const worldSettings: fc.Arbitrary<WorldSettings> = fc.record(
  {
    engine: fc.constantFrom("embedded", "server"),
    durability: fc.constantFrom("fsync", "fsync", "process"),
    batchSize: fc.constantFrom(1, 3, 50),
    flushIntervalMs: fc.constantFrom(10, 1000),
    maxQueueSize: fc.constantFrom(20, 500),
    spoolMaxBytes: fc.constantFrom(6_000, 24_000, 400_000),
  },
  { noNullPrototype: true },
);

const DRAIN_MS = 20 * 60_000;

const storeEverything = async (world: World): Promise<void> => {
  world.heal();
  if (world.services === undefined && !(await world.start())) throw new Error("the service does not start");
  if (!(await world.time.until(() => world.isDrained, DRAIN_MS))) throw new Error("the spool is not drained");
  await world.time.settle();
  world.check(true);
};

/** Lives through a course of events, and sees to it that all is as it has to be in the end. Throws where it is not. */
export const liveThrough = async (
  settings: WorldSettings,
  course: Iterable<fc.AsyncCommand<Model, World>>,
  ground: Settings,
): Promise<void> => {
  const world = new World(settings, ground);
  const model: Model = { isRunning: false };
  try {
    model.isRunning = await world.start();
    await fc.asyncModelRun(() => ({ model, real: world }), course);
    await storeEverything(world);
    await world.stop();
    // Nothing is left to the next life.
    await storeEverything(world);
  } finally {
    await world.dispose();
  }
};
