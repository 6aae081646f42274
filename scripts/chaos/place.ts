import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Disk, mountDisk } from "./faults/disk.ts";
import { type Network, openNetwork } from "./faults/network.ts";
import type { EngineKind } from "./plan.ts";
import { type EngineProcess, openEngine } from "./processes/engine.ts";
import { openService, type ServiceProcess } from "./processes/service.ts";

/** Where a run takes place: its directories and processes. */
export interface Place {
  readonly service: ServiceProcess;
  /** What the service has written. */
  readonly log: () => string;
  /** Directory of ClickHouse's tables. */
  readonly clickhouse: string;
  readonly spool: string;
  readonly server: { readonly engine: EngineProcess; readonly network: Network } | undefined;
  readonly disk: Disk | undefined;
  /** Why there is no disk that can be full. */
  readonly noDisk: string | undefined;
  /** Ends all processes and removes everything, or keeps the data, the service's log and `notes`, and says where. */
  readonly close: (keep: boolean, notes: string) => Promise<string | undefined>;
}

/** Every process has ended and nothing is mounted when this process ends, however it does. */
const atExit = (undo: () => void): (() => void) => {
  process.on("exit", undo);
  return () => void process.off("exit", undo);
};

export const openPlace = async (
  engine: EngineKind,
  wantsDisk: boolean,
  env: Readonly<Record<string, string>>,
): Promise<Place> => {
  const directory = mkdtempSync(join(tmpdir(), "footfall-chaos-"));
  const data = join(directory, "data");
  const mounted = wantsDisk ? mountDisk(data) : "not wanted";
  const disk = typeof mounted === "string" ? undefined : mounted;
  const dataDir = join(data, "service");
  mkdirSync(dataDir, { recursive: true });
  const clickhouse = engine === "embedded" ? join(dataDir, "clickhouse") : join(data, "engine");
  const standIn = engine === "http" ? await openEngine(clickhouse) : undefined;
  const network = standIn === undefined ? undefined : await openNetwork(standIn.url);
  const server = standIn === undefined || network === undefined ? undefined : { engine: standIn, network };
  const logFile = join(directory, "service.log");
  const service = await openService(
    {
      DATA_DIR: dataDir,
      ...(server === undefined ? {} : { CLICKHOUSE_URL: server.network.url, AUTO_MIGRATE: "1" }),
      ...env,
    },
    logFile,
  );
  const forget = atExit(() => {
    service.signal("SIGKILL");
    disk?.close();
  });

  return {
    service,
    log: () => readFileSync(logFile, "utf8"),
    clickhouse,
    spool: join(dataDir, "spool"),
    server,
    disk,
    noDisk: typeof mounted === "string" ? mounted : undefined,
    close: async (keep, notes) => {
      await service.kill();
      server?.network.close();
      await server?.engine.stop();
      if (keep) {
        writeFileSync(join(directory, "notes.txt"), notes);
        if (disk !== undefined) Bun.spawnSync(["cp", "-a", data, join(directory, "kept")]);
      }
      disk?.close();
      forget();
      if (!keep) rmSync(directory, { recursive: true, force: true });
      return keep ? directory : undefined;
    },
  };
};
