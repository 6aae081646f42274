import { closeSync, openSync, readFileSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** An end of the service that nobody asked for. */
export interface UnexpectedEnd {
  readonly generation: number;
  readonly how: string;
}

export interface ServiceProcess {
  readonly port: number;
  /** How many lives it has had; the one that runs now is the last. */
  readonly generation: () => number;
  readonly isRunning: () => boolean;
  /** Begins a life with these settings beside the fixed ones. */
  readonly start: (settings: Readonly<Record<string, string>>) => void;
  /** Waits until it can take events, starting it again whenever it ended by itself. */
  readonly ready: (deadlineMs: number) => Promise<void>;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly kill: () => Promise<void>;
  /** Tells it to stop; resolves with the exit code, undefined if it had to be killed after the deadline. */
  readonly terminate: (deadlineMs: number) => Promise<number | undefined>;
  /** Resolves when nothing that was answered waits in it any more, with whether that was in time. */
  readonly settled: (deadlineMs: number) => Promise<boolean>;
  readonly failedStarts: () => number;
  readonly unexpectedEnds: ReadonlyArray<UnexpectedEnd>;
}

const main = join(import.meta.dir, "../../../src/main.ts");
const PING_MS = 15;

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });

const bareEnvironment = (): Record<string, string> =>
  Object.fromEntries(
    ["PATH", "HOME", "TMPDIR"].flatMap((name) => {
      const value = process.env[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );

interface Life {
  readonly child: Bun.Subprocess;
  /** Its end is what somebody wanted. */
  wanted: boolean;
  wasReady: boolean;
}

/** The service as `bun start` runs it, without rate limits, over many lives on one port and one log file. */
export const openService = async (
  env: Readonly<Record<string, string>>,
  logFile: string,
): Promise<ServiceProcess> => {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const unexpectedEnds: Array<UnexpectedEnd> = [];
  let generation = 0;
  let failedStarts = 0;
  let settings: Readonly<Record<string, string>> = {};
  let life: Life | undefined;

  const start = (): void => {
    generation++;
    const own = generation;
    const log = openSync(logFile, "a");
    writeSync(log, `--- life ${own} at ${new Date().toISOString()} ${JSON.stringify(settings)}\n`);
    const child = Bun.spawn([process.execPath, main], {
      // Not the checkout, whose `.env` file may hold somebody's settings.
      cwd: tmpdir(),
      env: {
        ...bareEnvironment(),
        ...{ HOST: "127.0.0.1", PORT: String(port), UV_THREADPOOL_SIZE: "16", MIMALLOC_PURGE_DELAY: "2000" },
        // All clients have one address.
        ...{ RATE_LIMIT_PER_MINUTE: "0", RATE_LIMIT_EVENTS_PER_MINUTE: "0" },
        ...env,
        ...settings,
      },
      stdin: "ignore",
      stdout: log,
      stderr: log,
    });
    closeSync(log);
    const current: Life = { child, wanted: false, wasReady: false };
    life = current;
    void child.exited.then(() => {
      if (current.wanted) return;
      const how = String(child.signalCode ?? `exit status ${child.exitCode}`);
      if (current.wasReady) unexpectedEnds.push({ generation: own, how });
      else failedStarts++;
    });
  };

  const isRunning = () =>
    life !== undefined && life.child.exitCode === null && life.child.signalCode === null;

  const answers = async (path: string): Promise<Response | undefined> => {
    try {
      return await fetch(`${url}${path}`, { signal: AbortSignal.timeout(5000), keepalive: false });
    } catch {
      return undefined;
    }
  };

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (life === undefined) return;
    life.wanted = true;
    life.child.kill(signal);
    await life.child.exited;
  };

  const ready = async (deadlineMs: number): Promise<void> => {
    const until = performance.now() + deadlineMs;
    for (;;) {
      if (!isRunning()) {
        await Bun.sleep(200);
        if (!isRunning()) start();
      }
      const current = life;
      if ((await answers("/health"))?.status === 200 && current !== undefined) {
        current.wasReady = true;
        return;
      }
      if (performance.now() > until) {
        const log = readFileSync(logFile, "utf8").slice(-2000);
        throw new Error(
          `The service did not come up within ${deadlineMs / 1000} s. Its log ends with:\n${log}`,
        );
      }
      await Bun.sleep(PING_MS);
    }
  };

  return {
    port,
    generation: () => generation,
    isRunning,
    start: (own) => {
      settings = own;
      start();
    },
    ready,
    signal: (signal) => {
      if (life === undefined) return;
      life.wanted ||= signal === "SIGTERM" || signal === "SIGKILL";
      life.child.kill(signal);
    },
    kill: () => end("SIGKILL"),
    terminate: async (deadlineMs) => {
      const ended = end("SIGTERM").then(() => true);
      if (await Promise.race([ended, Bun.sleep(deadlineMs).then(() => false)])) {
        return life?.child.exitCode ?? undefined;
      }
      await end("SIGKILL");
      return undefined;
    },
    settled: async (deadlineMs) => {
      const until = performance.now() + deadlineMs;
      while (performance.now() < until) {
        const response = await answers("/ready");
        const state = response === undefined ? {} : ((await response.json()) as { readonly queued?: number });
        if (state.queued === 0) return true;
        await Bun.sleep(50);
      }
      return false;
    },
    failedStarts: () => failedStarts,
    unexpectedEnds,
  };
};
