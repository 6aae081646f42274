import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { Effect } from "effect";
import { Spool } from "../spool/spool.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { splitRows } from "../store/event-row.ts";
import { appendRows } from "../testing/service/append-rows.ts";
import { encodedRows } from "../testing/service/encoded-rows.ts";
import { serviceForTests } from "../testing/service/in-process.ts";

const service = serviceForTests();

const deadLetters = async (...args: ReadonlyArray<string>) => {
  const child = Bun.spawn(
    [process.execPath, join(import.meta.dir, "../../scripts/dead-letters.ts"), ...args],
    { env: { ...process.env, DATA_DIR: service.dataDir() }, stdout: "pipe", stderr: "pipe" },
  );
  const [out, err] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  return { status: await child.exited, out, err };
};

/** Rows that the tables refuse now; `healed` says how they will take them. */
const poison = async (count: number, type: string) => {
  const events = Array.from({ length: count }, (_, n) => ({ event_type: type, event_id: `${type}-${n}` }));
  const rows = splitRows(encodedRows(events).rows).map((row) =>
    Buffer.from(row.toString().replace(`"${type}"`, `"${type}\\u001b[31m"`).replace(/\]\n$/, ",7]\n")),
  );
  await service.run(Effect.orDie(appendRows({ count, rows: Buffer.concat(rows) })));
  await service.settled();
};

const command = (sql: string) => service.run(Effect.flatMap(ClickHouse, ({ command }) => command(sql)));
const letterCount = () => service.run(Effect.map(Spool, ({ ledger }) => ledger.deadLetterCount()));

describe("bun run dead-letters", () => {
  test("--help explains itself, and what makes no sense does too with exit status 2", async () => {
    expect(await deadLetters("--help")).toMatchObject({ status: 0, out: expect.stringContaining("retry") });
    for (const args of [[], ["list", "--all"], ["drop", "99"]]) {
      const { status, out, err } = await deadLetters(...args);
      expect([status, out]).toEqual([2, ""]);
      expect(err).toContain("bun run dead-letters list");
    }
  }, 20_000);

  test("lists nothing where there is nothing", async () => {
    expect(await deadLetters("list")).toEqual({ status: 0, out: "No dead letters.\n", err: "" });
    expect(await deadLetters("list", "--json")).toEqual({ status: 0, out: "", err: "" });
  });

  test("lists each with its reason, and nothing that a terminal would obey", async () => {
    await poison(2, "listed");
    const { out } = await deadLetters("list");
    expect(out.match(/^\d+ {3}20\d\d-/gm)).toHaveLength(2);
    expect(out).toContain("listed");
    expect(out).not.toContain("\u001b");
    const lines = (await deadLetters("list", "--json")).out.trimEnd().split("\n");
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([
      { id: 1, retry: false, row: expect.stringContaining("listed-0") },
      { id: 2, retry: false, row: expect.stringContaining("listed-1") },
    ]);
  });

  test("drops those that are named", async () => {
    expect((await deadLetters("drop", "2")).out).toBe("1 event forgotten.\n");
    expect(await letterCount()).toBe(1);
    expect((await deadLetters("drop", "--all")).out).toBe("1 event forgotten.\n");
    expect((await deadLetters("list")).out).toBe("No dead letters.\n");
  });

  test("tries again beside the running service: what still fails stays with its new reason", async () => {
    await poison(1, "stubborn");
    const [before] = await service.run(Effect.map(Spool, ({ ledger }) => ledger.deadLetters()));
    expect((await deadLetters("retry", "--all")).out).toContain("1 event to be tried again");
    const current = () => service.run(Effect.map(Spool, ({ ledger }) => ledger.deadLetters()[0]));
    while ((await current())?.retry !== false || (await current())?.rejectedAt === before?.rejectedAt) {
      await Bun.sleep(20);
    }
    expect(await letterCount()).toBe(1);
    await deadLetters("drop", "--all");
  }, 20_000);

  test("tries again beside the running service: what can be stored now is, once, and is no dead letter any more", async () => {
    const events = Array.from({ length: 3 }, (_, n) => ({ event_type: "healed", event_id: `healed-${n}` }));
    // A mistake in the tables, which an operator takes back.
    const [landing] = await service.rows<{ sql: string }>(
      "SELECT create_table_query AS sql FROM system.tables WHERE database = currentDatabase() AND name = 'landing'",
    );
    const right = landing?.sql ?? "";
    const wrong = right.replace("`event_type` String", "`event_type` Enum8('other' = 1)");
    expect(wrong).not.toBe(right);
    await command(wrong.replace("CREATE TABLE", "CREATE OR REPLACE TABLE"));
    await service.run(Effect.orDie(appendRows(encodedRows(events))));
    await service.settled();
    expect(await letterCount()).toBe(3);
    await command(right.replace("CREATE TABLE", "CREATE OR REPLACE TABLE"));
    await deadLetters("retry", "--all");
    while ((await letterCount()) > 0) await Bun.sleep(20);
    expect(
      await service.rows(
        `SELECT (SELECT count() FROM events WHERE event_type = 'healed') AS raw,
          (SELECT sum(events) FROM hourly_event_stats WHERE event_type = 'healed') AS rollup`,
      ),
    ).toEqual([{ raw: 3, rollup: 3 }]);
  }, 20_000);
});
