import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const root = join(import.meta.dir, "../..");

export interface Child {
  readonly url: string;
  readonly pid: number;
  /** Ends it with SIGTERM and waits for its end. */
  readonly stop: () => Promise<void>;
}

/** A directory that is gone when the benchmark ends. */
export const temporaryDirectory = (): string => {
  const directory = mkdtempSync(join(tmpdir(), "footfall-bench-"));
  process.on("exit", () => rmSync(directory, { recursive: true, force: true }));
  return directory;
};

/** Runs a script of this repository and waits for the address that it prints. */
export const startChild = async (script: string, env: Record<string, string> = {}): Promise<Child> => {
  const child = Bun.spawn([process.execPath, join(root, script)], {
    env: { ...process.env, ...env },
    stdout: "pipe",
    stderr: "inherit",
  });
  process.on("exit", () => child.kill());
  const decoder = new TextDecoder();
  let output = "";
  const reader = child.stdout.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`${script} ended before it listened:\n${output}`);
    output += decoder.decode(value, { stream: true });
    const address = /http:\/\/[^\s/]+/.exec(output);
    if (address !== null) {
      void reader.releaseLock();
      return {
        url: address[0],
        pid: child.pid,
        stop: async () => {
          child.kill("SIGTERM");
          await child.exited;
        },
      };
    }
  }
};

/** The service as `bun start` runs it, on a data directory of its own and without rate limits: one address sends it all. */
export const startService = (env: Record<string, string>): Promise<Child> =>
  startChild("src/main.ts", {
    PORT: "0",
    HOST: "127.0.0.1",
    RATE_LIMIT_PER_MINUTE: "0",
    RATE_LIMIT_EVENTS_PER_MINUTE: "0",
    UV_THREADPOOL_SIZE: "16",
    MIMALLOC_PURGE_DELAY: "2000",
    ...env,
  });

export interface RunOptions {
  readonly env: Record<string, string>;
  /** `result` gives back what it printed; `progress` shows it on stderr. */
  readonly output: "result" | "progress";
}

/** Runs a script of this repository to its end. Throws when it fails. */
export const runChild = async (
  script: string,
  args: ReadonlyArray<string>,
  { env, output }: RunOptions,
): Promise<string> => {
  const child = Bun.spawn([process.execPath, join(root, script), ...args], {
    env: { ...process.env, ...env },
    stdout: output === "result" ? "pipe" : 2,
    stderr: "inherit",
  });
  const end = () => child.kill();
  process.on("exit", end);
  const text = child.stdout instanceof ReadableStream ? await new Response(child.stdout).text() : "";
  const status = await child.exited;
  process.off("exit", end);
  if (status !== 0) throw new Error(`${script} ended with ${child.signalCode ?? `status ${status}`}`);
  return text;
};
