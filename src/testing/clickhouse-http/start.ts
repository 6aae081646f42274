import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "./faults.ts";

export interface ClickHouseHttpOptions {
  /** Data directory; a temporary one, removed at the end, if missing. */
  readonly path?: string;
  readonly port?: number;
  readonly username?: string;
  /** Every request must bring it; none is asked for if missing. */
  readonly password?: string;
}

export interface ClickHouseHttp {
  readonly url: string;
  readonly path: string;
  readonly pid: number;
  /** Lets the coming statements fail; `undefined` heals everything. */
  readonly fault: (fault: Fault | undefined) => Promise<void>;
  /** Statements that met the present fault; what they do all the same is done. */
  readonly met: () => Promise<number>;
  /** Ends the process properly. */
  readonly stop: () => Promise<void>;
  /** Ends it at once, as a crash would; its data directory stays. */
  readonly kill: () => Promise<void>;
}

/** A ClickHouse HTTP interface on loopback, in a process of its own, ready when the promise resolves. */
export const startClickHouseHttp = async (options: ClickHouseHttpOptions = {}): Promise<ClickHouseHttp> => {
  const path = options.path ?? mkdtempSync(join(tmpdir(), "footfall-clickhouse-"));
  const child = Bun.spawn({
    cmd: [
      process.execPath,
      join(import.meta.dir, "main.ts"),
      ...["--path", path, "--port", String(options.port ?? 0)],
      ...["--user", options.username ?? "default", "--password", options.password ?? ""],
    ],
    stdin: "pipe",
    stdout: "pipe",
    stderr: "inherit",
    // Every statement under way holds a thread, whatever the number of cores.
    env: { ...process.env, UV_THREADPOOL_SIZE: "32" },
  });
  const decoder = new TextDecoder();
  let output = "";
  for await (const chunk of child.stdout) {
    output += decoder.decode(chunk, { stream: true });
    if (output.includes("\n")) break;
  }
  const url = output.trim();
  if (!url.startsWith("http")) throw new Error(`The ClickHouse test server in ${path} did not start`);
  return {
    url,
    path,
    pid: child.pid,
    fault: async (fault) => {
      await fetch(`${url}/_fault`, { method: "POST", body: JSON.stringify(fault ?? null) });
    },
    met: async () => Number(await (await fetch(`${url}/_fault`)).text()),
    stop: async () => {
      child.stdin.end();
      await child.exited;
      if (options.path === undefined) rmSync(path, { recursive: true, force: true });
    },
    kill: async () => {
      child.kill("SIGKILL");
      await child.exited;
    },
  };
};
