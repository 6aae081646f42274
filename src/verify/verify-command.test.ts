import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect } from "effect";
import { Ledger } from "../spool/ledger.ts";
import { lockDirectory } from "../store/directory-lock.ts";
import { type ClickHouseHttp, startClickHouseHttp } from "../testing/clickhouse-http/start.ts";

const TIMEOUT_MS = 60_000;
const directory = mkdtempSync(join(tmpdir(), "footfall-verify-"));
const ledgerPath = join(directory, "spool", "ledger.sqlite");

// A server on the data directory: when it has ended, the embedded engine goes on with the same tables.
let server: ClickHouseHttp;
const onServer = () => ({ CLICKHOUSE_URL: server.url });

/** Runs a script as an operator would. */
const run = async (
  script: "seed" | "verify",
  args: ReadonlyArray<string>,
  env: Readonly<Record<string, string>> = {},
) => {
  const { CLICKHOUSE_URL: _, ...inherited } = process.env;
  const child = Bun.spawn({
    cmd: [process.execPath, `scripts/${script}.ts`, ...args],
    cwd: join(import.meta.dir, "../.."),
    env: { ...inherited, DATA_DIR: directory, AUTO_MIGRATE: "1", ...env },
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

const verify = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) =>
  run("verify", args, env);

const damage = async () => {
  const answer = await fetch(`${server.url}/?database=analytics`, {
    method: "POST",
    body: `INSERT INTO daily_post_stats (project_id, site_id, date, post_id, widget_clicks)
           SELECT 'default', 'nobody.example', (SELECT max(toDate(occurred_at)) FROM events), 7, 3`,
  });
  expect([answer.status, await answer.text()]).toEqual([200, ""]);
};

beforeAll(async () => {
  server = await startClickHouseHttp({ path: join(directory, "clickhouse") });
  const seeded = await run("seed", ["--events", "3000", "--days", "3", "--sites", "2"], onServer());
  expect(seeded).toMatchObject({ status: 0, err: "" });
}, TIMEOUT_MS);

afterAll(async () => {
  await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

test(
  "--help explains itself; what it does not know is one line and exit status 2",
  async () => {
    const help = await verify(["--help"]);
    expect(help).toMatchObject({ status: 0, err: "" });
    expect(help.out.join("\n")).toContain("--repair");
    const wrong = [
      { args: ["--from", "2026-02-30"], says: "--from takes a day such as 2026-01-31, not 2026-02-30." },
      { args: ["--to"], says: "--to takes a day such as 2026-01-31, not nothing." },
      { args: ["--from=2026-01-02", "--to=2026-01-01"], says: "--from must not be after --to." },
      { args: ["--fix"], says: "Unknown argument --fix." },
    ];
    expect(await Promise.all(wrong.map(({ args }) => verify(args)))).toEqual(
      wrong.map(({ says }) => ({ status: 2, out: [""], err: `${says}\nSee: bun run verify --help` })),
    );
  },
  TIMEOUT_MS,
);

describe("bun run verify", () => {
  test(
    "ends with 0 when all agree, with 1 when a bucket differs, which it prints, and with 0 after a repair",
    async () => {
      const agreeing = await verify([], onServer());
      expect(agreeing).toMatchObject({ status: 0, err: "" });
      expect(agreeing.out).toEqual([
        expect.stringMatching(
          /^[\d,]+ buckets of 4 rollups, [\d-]+ to [\d-]+: all agree with the raw events\.$/,
        ),
      ]);

      await damage();
      const differing = [
        expect.stringMatching(
          /^daily_post_stats \{"project_id":"default","site_id":"nobody.example","date":"[\d-]+","post_id":"7","source":""\} has no raw events: widget_clicks 3, raw 0$/,
        ),
        expect.stringMatching(/: 1 differs from the raw events\.$/),
      ];
      expect(await verify([], onServer())).toMatchObject({ status: 1, out: differing });
      const earlier = await verify(["--to", "2020-01-01"], onServer());
      expect(earlier).toEqual({ status: 0, out: ["There is nothing to compare."], err: "" });

      const repaired = await verify(["--repair"], onServer());
      expect(repaired).toMatchObject({ status: 0, err: "Repairing daily_post_stats …" });
      expect(repaired.out.at(-1)).toMatch(/: 1 differs from the raw events; all repaired\.$/);
      expect(await verify([], onServer())).toMatchObject({ status: 0, out: agreeing.out });
    },
    TIMEOUT_MS,
  );

  test(
    "leaves the data directory of a running service alone",
    async () => {
      const inUse = {
        status: 2,
        out: [""],
        err: expect.stringMatching(
          /^Another Footfall process is using the data directory \S+\. Stop it, .*$/,
        ),
      };
      await Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            yield* lockDirectory(directory);
            yield* lockDirectory(join(directory, "clickhouse"));
            expect(yield* Effect.promise(() => verify([]))).toEqual(inUse);
            // Where the events go to a server they can be compared meanwhile, and no more than that.
            expect(yield* Effect.promise(() => verify(["--repair"], onServer()))).toEqual(inUse);
            expect(yield* Effect.promise(() => verify([], onServer()))).toMatchObject({ status: 0 });
          }),
        ),
      );
    },
    TIMEOUT_MS,
  );

  test(
    "repairs nothing before a batch is settled that a service left behind",
    async () => {
      await server.stop();
      mkdirSync(join(directory, "spool"));
      const ledger = new Ledger(ledgerPath, { sync: false, isLost: false });
      ledger.fix(1000, 5);
      const left = `The service in ${directory} ended while it stored a batch, which its next start completes.`;
      expect(await verify(["--repair"])).toEqual({
        status: 2,
        out: [""],
        err: `${left} Start it, stop it, and repair then.`,
      });
      const compared = await verify([]);
      expect(compared).toMatchObject({ status: 0, err: "" });
      expect(compared.out[0]).toBe(`${left} Until then the buckets of this batch may differ.`);
      ledger.finish(5);
      ledger.close();
      expect(await verify(["--repair"])).toMatchObject({ status: 0, out: [compared.out[1]] });
    },
    TIMEOUT_MS,
  );
});
