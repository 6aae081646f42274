import { join } from "node:path";
import { temporaryDirectory } from "./child.ts";
import type { Row } from "./table.ts";

const root = join(import.meta.dir, "../..");

const run = async (script: string, args: ReadonlyArray<string>, dataDir: string): Promise<string> => {
  const child = Bun.spawn([process.execPath, join(root, script), ...args], {
    env: { ...process.env, DATA_DIR: dataDir },
    stdout: "pipe",
    stderr: "inherit",
  });
  const output = await new Response(child.stdout).text();
  if ((await child.exited) !== 0) throw new Error(`${script} failed`);
  return output;
};

/** Every stats route against its own SQL straight on the engine, and against the same question to the raw events. */
export const read = async (events: number): Promise<ReadonlyArray<Row>> => {
  const dataDir = temporaryDirectory();
  await run("scripts/seed.ts", ["--events", String(events), "--days", "90"], dataDir);
  return JSON.parse(await run("scripts/bench/read-run.ts", [], dataDir)) as ReadonlyArray<Row>;
};
