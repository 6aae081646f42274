import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startClickHouseHttp } from "../testing/clickhouse-http/start.ts";

const root = join(import.meta.dir, "../..");
const directory = mkdtempSync(join(tmpdir(), "footfall-migrate-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Runs `bun run migrate` as an operator would, on a data directory of its own. */
const migrate = async (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  const { CLICKHOUSE_URL: _, ...inherited } = process.env;
  const child = Bun.spawn({
    cmd: [process.execPath, "scripts/migrate.ts", ...args],
    cwd: root,
    env: { ...inherited, DATA_DIR: directory, ...env },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [out, err, status] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { out: out.trimEnd().split("\n"), err: err.trimEnd(), status };
};

describe("bun run migrate", () => {
  test("--help explains itself, and anything unknown does too with exit status 2", async () => {
    const help = await migrate(["--help"]);
    expect(help).toMatchObject({ status: 0, err: "" });
    expect(help.out.join("\n")).toContain("--status");
    for (const args of [["--stauts"], ["--status", "--status"], ["up"]]) {
      const { status, err } = await migrate(args);
      expect(status).toBe(2);
      expect(err).toContain("--status");
    }
  });

  test("lists what is pending, applies it, and lists when it was applied", async () => {
    const before = await migrate(["--status"]);
    expect(before.status).toBe(0);
    expect(before.out[0]).toMatch(/^pending\s+0001_events$/);
    const applied = await migrate([]);
    expect(applied).toMatchObject({ status: 0, err: "" });
    expect(applied.out).toContain("applied  0001_events");
    expect((await migrate([])).out).toEqual(["Nothing to apply; the database is up to date."]);
    const after = await migrate(["--status"]);
    expect(after.out).toHaveLength(before.out.length);
    expect(after.out[0]).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}0001_events$/);
  });

  test("a changed setting changes the retention and is reported", async () => {
    const { out } = await migrate([], { RAW_RETENTION_DAYS: "30" });
    expect(out).toContain("retention of events set");
  });

  test("a wrong setting or address is one line and exit status 1", async () => {
    for (const [env, line] of [
      [{ RAW_RETENTION_DAYS: "soon" }, /RAW_RETENTION_DAYS/],
      [{ CLICKHOUSE_URL: "localhost:8123" }, /CLICKHOUSE_URL takes an http\(s\) URL/],
      [{ CLICKHOUSE_URL: "http://127.0.0.1:1" }, /^ClickHouse at http:\/\/127\.0\.0\.1:1 cannot be reached/],
    ] as const) {
      const { status, err } = await migrate([], env);
      expect(status).toBe(1);
      expect(err).toMatch(line);
      expect(err.split("\n")).toHaveLength(1);
    }
  });
});

const holding = `
  import { Effect } from "effect";
  import { makeEmbedded } from "./src/store/embedded.ts";
  const hold = Effect.gen(function* () {
    yield* makeEmbedded(process.env.HELD_DIRECTORY, "analytics");
    console.log("holding");
    yield* Effect.never;
  });
  await Effect.runPromise(Effect.scoped(hold));
`;

test("a data directory that another process holds is one clear line and exit status 1, until that process dies", async () => {
  const holder = Bun.spawn({
    cmd: [process.execPath, "-e", holding],
    cwd: root,
    env: { ...process.env, HELD_DIRECTORY: join(directory, "clickhouse") },
    stdout: "pipe",
  });
  for await (const _ of holder.stdout) break;
  const refused = await migrate(["--status"]);
  expect(refused.status).toBe(1);
  expect(refused.err).toBe(
    `Another Footfall process is using the data directory ${directory}/clickhouse. Stop it, or set DATA_DIR to another directory.`,
  );
  holder.kill("SIGKILL");
  await holder.exited;
  expect(await migrate(["--status"])).toMatchObject({ status: 0, err: "" });
});

test("a data directory held by another program is recognised too", async () => {
  const holder = await startClickHouseHttp({ path: join(directory, "clickhouse") });
  const { status, err } = await migrate(["--status"]);
  await holder.stop();
  expect(status).toBe(1);
  expect(err.split("\n").at(-1)).toStartWith("Another Footfall process is using the data directory");
});
