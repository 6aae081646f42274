import { expect, test } from "bun:test";
import { Effect } from "effect";
import { EventLog } from "../spool/event-log.ts";
import { memoryDisk } from "../spool/memory-disk.ts";
import { BatchRows } from "./batch-rows.ts";

const line = (row: number, batch = "1000000000000000") => `[${batch},"row ${row} ü"]\n`;

const lines = (from: number, to: number, batch?: string) =>
  Array.from({ length: to - from }, (_, n) => line(from + n, batch)).join("");

/** Rows in records of 7, several to a segment. */
const openLog = async (from = 0, to = 100) => {
  const log = await EventLog.open(memoryDisk(), {
    segmentBytes: 900,
    sync: false,
    floor: from,
    onRows: () => {},
    onDamage: () => {},
  });
  for (let row = from; row < to; row += 7) {
    const end = Math.min(row + 7, to);
    await log.commit([Buffer.from(lines(row, end))], end - row, 0);
  }
  return log;
};

const numbered = (from: number, to: number, number: number) => lines(from, to, String(number).padStart(16));

const roomy = 1e6;

test("a batch has the rows that were asked for, whatever records and segments they lie in", async () => {
  const batch = new BatchRows(await openLog());
  for (const [number, from, maxRows] of [
    [1, 0, 100],
    [2, 0, 1],
    [3, 5, 3],
    [4, 6, 50],
    [5, 13, 87],
    [6, 99, 1],
  ] as const) {
    batch.begin(number, from);
    await Effect.runPromise(batch.fill({ maxRows, maxBytes: roomy }));
    expect([batch.count, batch.endRow]).toEqual([maxRows, from + maxRows]);
    expect(batch.rows.toString()).toBe(numbered(from, from + maxRows, number));
  }
});

test("it goes on with the same batch, and forgets another", async () => {
  const batch = new BatchRows(await openLog());
  const fill = (maxRows: number) => Effect.runPromise(batch.fill({ maxRows, maxBytes: roomy }));
  batch.begin(8, 10);
  await fill(20);
  batch.begin(8, 10);
  await fill(500);
  expect([batch.count, batch.endRow, batch.rows.toString()]).toEqual([90, 100, numbered(10, 100, 8)]);
  batch.begin(9, 10);
  await fill(2);
  expect([batch.count, batch.rows.toString()]).toEqual([2, numbered(10, 12, 9)]);
  batch.release();
  batch.begin(9, 12);
  await fill(2);
  expect(batch.rows.toString()).toBe(numbered(12, 14, 9));
});

test("it ends with the record that reaches its bytes", async () => {
  const batch = new BatchRows(await openLog());
  batch.begin(1, 0);
  await Effect.runPromise(batch.fill({ maxRows: 100, maxBytes: 300 }));
  expect(batch.count).toBe(14);
  expect(batch.rows.toString()).toBe(numbered(0, 14, 1));
});

test("rows that are not there any more count in its numbers only", async () => {
  const batch = new BatchRows(await openLog(50, 60));
  batch.begin(1, 40);
  await Effect.runPromise(batch.fill({ maxRows: 15, maxBytes: roomy }));
  expect([batch.count, batch.endRow, batch.rows.toString()]).toEqual([5, 55, numbered(50, 55, 1)]);
  batch.begin(2, 0);
  await Effect.runPromise(batch.fill({ maxRows: 15, maxBytes: roomy }));
  expect([batch.count, batch.endRow]).toEqual([0, 15]);
});
