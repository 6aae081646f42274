import { join } from "node:path";
import { Effect, Layer } from "effect";
import { AppSettings } from "../config.ts";
import { lockDirectory } from "../store/directory-lock.ts";
import { openDisk } from "./disk.ts";
import { Ledger } from "./ledger.ts";
import { memoryDisk } from "./memory-disk.ts";
import { openLedger } from "./open-ledger.ts";
import { segmentNames } from "./segment.ts";
import { makeSpool, Spool, SpoolNotOpened } from "./spool.ts";

/** The spool of the data directory, or one in memory. */
const make = Effect.gen(function* () {
  const { dataDir, durability, spoolMaxBytes, maxQueueSize } = yield* AppSettings;
  const directory = join(dataDir, "spool");
  const inMemory = durability === "none";
  const sync = durability === "fsync";
  const disk = yield* Effect.try({
    try: () => (inMemory ? memoryDisk() : openDisk(directory)),
    catch: (cause) => SpoolNotOpened.of(cause, directory),
  });
  // Two processes would write over each other's events. With a ClickHouse server no engine keeps the second one out.
  if (!inMemory) yield* lockDirectory(dataDir);
  const { ledger, setAside } = yield* Effect.acquireRelease(
    Effect.try({
      try: () =>
        inMemory
          ? { ledger: new Ledger(":memory:", { sync: false, isLost: false }), setAside: undefined }
          : openLedger(directory, sync, segmentNames(disk).length > 0),
      catch: (cause) => SpoolNotOpened.of(cause, directory),
    }),
    (opened) => Effect.sync(() => opened.ledger.close()),
  );
  if (setAside !== undefined) {
    yield* Effect.logError(`The ledger of the spool is damaged and was set aside as ${setAside}`);
  }
  return yield* makeSpool({ disk, ledger, sync, maxBytes: spoolMaxBytes, maxWaiting: maxQueueSize });
});

export const layerSpool = Layer.scoped(Spool, make);
