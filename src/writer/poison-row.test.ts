import { afterAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import type { DeadLetter } from "../spool/ledger.ts";
import { Spool } from "../spool/spool.ts";
import { eventColumns, splitRows } from "../store/event-row.ts";
import { testEngines } from "../testing/clickhouse.ts";
import { appendRows } from "../testing/service/append-rows.ts";
import { encodedRows } from "../testing/service/encoded-rows.ts";
import { serviceForTests } from "../testing/service/in-process.ts";
import { EventWriter } from "./event-writer.ts";

/** What no sender can bring about: rows that ClickHouse cannot read, as a bug of ours might write them. */
const poisons: ReadonlyArray<readonly [name: string, spoil: (row: ReadonlyArray<unknown>) => string]> = [
  [
    "a time that is none",
    (row) => JSON.stringify(row.with(eventColumns.indexOf("occurred_at"), "yesterday")),
  ],
  ["a number that is text", (row) => JSON.stringify(row.with(eventColumns.indexOf("mapping_id"), "many"))],
  ["a visitor that is no number", (row) => JSON.stringify(row.with(eventColumns.indexOf("visitor_id"), {}))],
  ["a column too few", (row) => JSON.stringify(row.slice(0, -1))],
  ["a column too many", (row) => JSON.stringify([...row, 1])],
  ["a quote that never ends", (row) => JSON.stringify(row).replace(/"\w+"/, '"never')],
  ["no JSON at all", (row) => `${JSON.stringify(row).slice(0, 30)} oops`],
];

const SIZE = 41;
const eventsOf = (type: string) =>
  Array.from({ length: SIZE }, (_, n) => ({ event_type: type, event_id: `${type}-${n}`, visitor_id: n }));

describe.each([...testEngines])("a row that cannot be stored, ClickHouse $engine", ({ layer }) => {
  const service = serviceForTests({ clickhouse: layer() });

  const append = (rows: ReadonlyArray<Buffer>) =>
    service.run(appendRows({ count: rows.length, rows: Buffer.concat(rows) }).pipe(Effect.orDie));
  const letters = (): Promise<ReadonlyArray<DeadLetter>> =>
    service.run(Effect.map(Spool, ({ ledger }) => ledger.deadLetters()));
  const storedOf = async (type: string) => {
    const [row] = await service.rows<{ raw: number; ids: number; rollup: number }>(
      `SELECT (SELECT count() FROM events WHERE event_type = {type:String}) AS raw,
        (SELECT uniqExact(event_id) FROM events WHERE event_type = {type:String}) AS ids,
        (SELECT sum(events) FROM hourly_event_stats WHERE event_type = {type:String}) AS rollup`,
      { type },
    );
    return row;
  };
  let kept = 0;

  test.each([...poisons])(
    "%s is put aside with its reason, and the rest is stored once",
    async (name, spoil) => {
      const type = name.replaceAll(/\W/g, "_");
      const rows = splitRows(encodedRows(eventsOf(type)).rows);
      const bad = Buffer.from(`${spoil(JSON.parse(String(rows[17])))}\n`);
      await append(rows.with(17, bad));
      expect(await storedOf(type)).toEqual({ raw: SIZE - 1, ids: SIZE - 1, rollup: SIZE - 1 });
      kept += 1;
      expect(await letters()).toHaveLength(kept);
      const letter = (await letters()).at(-1);
      // Its batch number, the first value, was written over the placeholder of as many characters.
      expect(letter?.row.slice(17)).toBe(String(bad).trimEnd().slice(17));
      expect(letter?.reason.length).toBeGreaterThan(10);
      expect(Date.now() - Date.parse(letter?.rejectedAt ?? "")).toBeLessThan(60_000);
    },
  );

  test("first, last and side by side: each is put aside alone", async () => {
    const spoil = poisons[0]?.[1] ?? String;
    const rows = splitRows(encodedRows(eventsOf("several")).rows);
    const bad = new Set([0, 19, 20, SIZE - 1]);
    await append(
      rows.map((row, n) => (bad.has(n) ? Buffer.from(`${spoil(JSON.parse(String(row)))}\n`) : row)),
    );
    const left = SIZE - bad.size;
    expect(await storedOf("several")).toEqual({ raw: left, ids: left, rollup: left });
    kept += bad.size;
    expect(await letters()).toHaveLength(kept);
  });

  test("nothing else is disturbed: later events are stored, and all is well again", async () => {
    await service.post({ events: eventsOf("after") });
    expect(await storedOf("after")).toEqual({ raw: SIZE, ids: SIZE, rollup: SIZE });
    const { state } = await service.run(EventWriter);
    expect(state()).toMatchObject({ alive: true, failing: undefined });
  });

  afterAll(() => {
    // What a row says is in the letter, and in no log.
    expect(service.logs.length).toBeGreaterThan(0);
    expect(service.logs.join("\n")).not.toContain("yesterday");
  });
});
