import { Cause, Context, Effect, Exit, Fiber, Layer, Logger, Random, Scope } from "effect";
import { AppSettings, type Settings } from "../../config.ts";
import { DuplicateIds, makeDuplicateIds } from "../../ingest/duplicates/duplicate-ids.ts";
import { Ingest, layerIngest } from "../../ingest/ingest.ts";
import { layerVisitors } from "../../ingest/visitor.ts";
import { layerMetrics } from "../../metrics/metrics.ts";
import { layerTraffic } from "../../realtime/traffic.ts";
import type { Disk } from "../../spool/disk.ts";
import type { Ledger } from "../../spool/ledger.ts";
import { openLedger } from "../../spool/open-ledger.ts";
import { segmentNames } from "../../spool/segment.ts";
import { makeSpool, Spool } from "../../spool/spool.ts";
import { BatchStore } from "../../writer/batch-store.ts";
import { layerEventWriterOnStore } from "../../writer/event-writer.ts";
import type { Connection } from "./simulated-batch-store.ts";
import { ProcessClock, type SimulatedTime } from "./simulated-time.ts";

export interface LifeParts {
  readonly time: SimulatedTime;
  readonly disk: Disk;
  readonly connection: Connection;
  readonly ledgerDirectory: string;
  /** Whether the ledger's disk is full. */
  readonly isLedgerFull: () => boolean;
  readonly settings: Settings;
}

export type Services = Context.Context<Ingest | Spool>;

/** One process of the service, from its start to its end. */
export interface Life {
  /** Undefined while it starts; why, where it could not. */
  readonly started: () => Exit.Exit<Services, unknown> | undefined;
  /** Ends it as SIGTERM does. */
  readonly stop: () => Promise<void>;
  /** Ends it as SIGKILL does; its disk and its connection must be gone already. */
  readonly kill: () => Promise<void>;
}

/** Opens the ledger; every change of it fails while its disk is full, and so does the opening. */
const openFallibleLedger = (directory: string, hasLog: boolean, isFull: () => boolean): Ledger => {
  const meet = () => {
    if (isFull()) throw new Error("database or disk is full");
  };
  meet();
  // Without syncs, as it is the process that ends here, not the machine.
  const { ledger } = openLedger(directory, false, hasLog);
  const { fix, fixLetter, finish, bury, find } = ledger;
  const fallible =
    <Args extends Array<unknown>, A>(change: (this: Ledger, ...args: Args) => A) =>
    (...args: Args): A => {
      meet();
      return change.apply(ledger, args);
    };
  return Object.assign(ledger, {
    fix: fallible(fix),
    fixLetter: fallible(fixLetter),
    finish: fallible(finish),
    bury: fallible(bury),
    find: fallible(find),
  });
};

/** Starts the stages of an event's journey, in the order of src/layers.ts. */
export const beginLife = (parts: LifeParts): Life => {
  const { time, disk, connection, ledgerDirectory, isLedgerFull, settings } = parts;
  const clock = new ProcessClock(time);
  const scope = Effect.runSync(Scope.make());
  const run = <A, E>(effect: Effect.Effect<A, E>) =>
    Effect.runFork(effect.pipe(Effect.withClock(clock), Effect.withRandom(Random.fixed([0.5]))));

  const layerSpool = Layer.scoped(
    Spool,
    Effect.gen(function* () {
      const ledger = yield* Effect.acquireRelease(
        Effect.try(() => openFallibleLedger(ledgerDirectory, segmentNames(disk).length > 0, isLedgerFull)),
        (opened) => Effect.sync(() => opened.close()),
      );
      return yield* makeSpool({
        disk,
        ledger,
        sync: settings.durability === "fsync",
        maxBytes: settings.spoolMaxBytes,
        maxWaiting: settings.maxQueueSize,
      });
    }),
  );
  const layer = layerIngest.pipe(
    Layer.provideMerge(layerEventWriterOnStore),
    Layer.provideMerge(Layer.scoped(DuplicateIds, makeDuplicateIds(connection.loadIds))),
    Layer.provideMerge(layerSpool),
    Layer.provideMerge(layerTraffic),
    Layer.provideMerge(layerVisitors),
    Layer.provideMerge(layerMetrics),
    Layer.provideMerge(Layer.succeed(BatchStore, connection.store)),
    Layer.provideMerge(Layer.succeed(AppSettings, settings)),
    Layer.provideMerge(Logger.remove(Logger.defaultLogger)),
  );

  let started: Exit.Exit<Services, unknown> | undefined;
  const building = run(Layer.buildWithScope(layer, scope));
  building.addObserver((exit) => {
    started = exit;
    time.stir();
  });
  const close = () => Effect.runPromise(Fiber.join(run(Scope.close(scope, Exit.void))));
  return {
    started: () => started,
    stop: close,
    kill: async () => {
      clock.end();
      await Effect.runPromise(Fiber.interrupt(building));
      await close();
    },
  };
};

export const ingestOf = (services: Services) => Context.get(services, Ingest);
export const spoolOf = (services: Services) => Context.get(services, Spool);
export const reasonOf = (exit: Exit.Exit<unknown, unknown>) =>
  Exit.isFailure(exit) ? Cause.pretty(exit.cause) : "";
