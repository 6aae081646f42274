import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mountDisk } from "../../scripts/chaos/faults/disk.ts";
import { startClickHouseHttp } from "../testing/clickhouse-http/start.ts";
import { removeEmptyDefinitions, withSpace } from "./disk-space.ts";

const directory = mkdtempSync(join(tmpdir(), "footfall-disk-space-"));
const mounted = mountDisk(join(directory, "disk"));
const disk = typeof mounted === "string" ? undefined : mounted;
afterAll(() => {
  disk?.close();
  rmSync(directory, { recursive: true, force: true });
});

describe.skipIf(disk === undefined)("a disk that is nearly full", () => {
  const path = join(directory, "disk");
  const space = disk as NonNullable<typeof disk>;
  const left = 1024 * 1024;

  test("a statement does not begin on it", async () => {
    expect(await withSpace(path, async () => "done")).toBe("done");
    space.fill(left);
    let ran = false;
    const statement = async () => {
      ran = true;
    };
    expect(String(await withSpace(path, statement).catch(String))).toContain("NOT_ENOUGH_SPACE");
    expect(ran).toBe(false);
    space.empty();
    expect(await withSpace(path, async () => "done")).toBe("done");
  });

  test("a statement in which it became so is not taken for done, also when there is room again", async () => {
    const dip = async () => {
      await Bun.sleep(5);
      space.fill(left);
      await Bun.sleep(300);
      space.empty();
    };
    expect(String(await withSpace(path, dip).catch(String))).toContain("NOT_ENOUGH_SPACE");
    expect(String(await withSpace(path, async () => space.fill(left)).catch(String))).toContain(
      "NOT_ENOUGH_SPACE",
    );
    space.empty();
  });

  test("an engine answers that an insert failed", async () => {
    const engine = await startClickHouseHttp({ path: join(path, "engine") });
    const ask = async (sql: string) => {
      const answer = await fetch(engine.url, { method: "POST", body: sql });
      return [answer.headers.get("x-clickhouse-exception-code"), await answer.text()];
    };
    try {
      await ask("CREATE TABLE default.t (n UInt64) ENGINE = MergeTree ORDER BY n");
      expect((await ask("INSERT INTO default.t SELECT 1"))[0]).toBeNull();
      space.fill(left);
      expect((await ask("INSERT INTO default.t SELECT 2"))[0]).toBe("243");
      expect((await ask("SELECT sum(n) FROM default.t"))[1]).toBe("1\n");
      space.empty();
      expect((await ask("INSERT INTO default.t SELECT 3"))[0]).toBeNull();
      expect((await ask("SELECT sum(n) FROM default.t"))[1]).toBe("4\n");
    } finally {
      await engine.stop();
    }
  }, 30_000);
});

test("empty definitions of scratch tables are taken away, and nothing else", () => {
  const definitions = join(directory, "clickhouse", "metadata", "analytics");
  mkdirSync(definitions, { recursive: true });
  for (const name of ["writer_1.sql", "events.sql", "writer_3.txt"])
    writeFileSync(join(definitions, name), "");
  writeFileSync(join(definitions, "writer_2.sql"), "ATTACH TABLE _");
  removeEmptyDefinitions(join(directory, "clickhouse"), "analytics", "writer_");
  expect(readdirSync(definitions).toSorted()).toEqual(["events.sql", "writer_2.sql", "writer_3.txt"]);
  removeEmptyDefinitions(join(directory, "clickhouse"), "not there", "writer_");
});
