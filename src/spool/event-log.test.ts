import { expect, test } from "bun:test";
import type { Disk } from "./disk.ts";
import { EventLog } from "./event-log.ts";
import { memoryDisk } from "./memory-disk.ts";
import { segmentNames } from "./segment.ts";
import { limits, options, readAll, rowsOf } from "./testing/small-log.ts";

test("what was committed is read again in its order, by this process and the next", async () => {
  const disk = memoryDisk();
  const log = await EventLog.open(disk, options());
  let next = 0;
  for (const count of [1, 3, 20, 1, 1, 40, 2, 90, 1]) {
    await log.commit(
      [Buffer.from(rowsOf(next, 1)), Buffer.from(rowsOf(next + 1, count - 1))],
      count,
      1000 + next,
    );
    next += count;
  }
  expect(log.nextRow).toBe(next);
  expect(segmentNames(disk).length).toBeGreaterThan(2);
  for (const many of [limits, { maxRows: 7, maxBytes: 100 }, { maxRows: 5, maxBytes: 10 }]) {
    for (const from of [0, 1, 17, 66, 100, next - 1, next]) {
      expect(readAll(log, from, many)).toBe(rowsOf(from, next - from));
    }
  }
  const seen: Array<string> = [];
  const again = await EventLog.open(disk, options({ onRows: (rows) => void seen.push(rows.toString()) }));
  expect(seen.join("")).toBe(rowsOf(0, next));
  expect([again.nextRow, again.bytes]).toEqual([next, log.bytes]);
  expect(readAll(again, 30)).toBe(rowsOf(30, next - 30));
  expect(again.writtenAt(24)).toBe(1024);
  await again.commit([Buffer.from(rowsOf(next, 2))], 2, 0);
  expect(readAll(again, next - 1)).toBe(rowsOf(next - 1, 3));
});

test("records are cut in two only where the first has too many rows", async () => {
  const log = await EventLog.open(memoryDisk(), options());
  for (let n = 0; n < 10; n++) await log.commit([Buffer.from(rowsOf(n * 10, 10))], 10, 0);
  for (const [from, maxRows, count] of [
    [3, 14, 7],
    [10, 7, 7],
    [10, 25, 20],
  ] as const) {
    const found = log.read(from, { maxRows, maxBytes: 1e6 });
    expect(found).toMatchObject({ count, endRow: from + count });
    expect(found?.rows.toString()).toBe(rowsOf(from, count));
  }
});

test("only segments whose rows are all stored are given back, and no number is used twice", async () => {
  const disk = memoryDisk();
  const log = await EventLog.open(disk, options());
  for (let n = 0; n < 20; n++) await log.commit([Buffer.from(rowsOf(n * 5, 5))], 5, 0);
  const bytes = log.bytes;
  log.trim(52);
  expect(log.bytes).toBeLessThan(bytes);
  expect(readAll(log, 52)).toBe(rowsOf(52, 48));
  log.trim(100);
  expect(log.read(100, limits)).toBeUndefined();
  const next = await EventLog.open(disk, options({ floor: 100 }));
  expect([next.nextRow, next.bytes, segmentNames(disk)]).toEqual([100, 0, []]);
  await next.commit([Buffer.from(rowsOf(100, 1))], 1, 0);
  expect(readAll(next, 100)).toBe(rowsOf(100, 1));
});

test("a commit that fails leaves nothing behind, and the next one succeeds", async () => {
  const disk = memoryDisk();
  let failing = false;
  const create = disk.create;
  const flaky = {
    ...disk,
    create: (name: string) => {
      const file = create(name);
      return {
        ...file,
        size: file.size,
        sync: () => (failing ? Promise.reject(new Error("EIO")) : file.sync()),
      };
    },
  };
  const log = await EventLog.open(flaky, options());
  await log.commit([Buffer.from(rowsOf(0, 3))], 3, 0);
  failing = true;
  for (let n = 0; n < 3; n++) expect(log.commit([Buffer.from(rowsOf(90, 3))], 3, 0)).rejects.toThrow("EIO");
  await Bun.sleep(1);
  failing = false;
  await log.commit([Buffer.from(rowsOf(3, 2))], 2, 0);
  expect(readAll(log, 0)).toBe(rowsOf(0, 5));
  expect(readAll(await EventLog.open(disk, options()), 0)).toBe(rowsOf(0, 5));
});

test("rows that are not there any more are passed over, a large gap at once", async () => {
  const disk = memoryDisk();
  const log = await EventLog.open(disk, options({ floor: 5000 }));
  expect(log.read(0, limits)).toEqual({ rows: Buffer.alloc(0), count: 0, endRow: 5000 });
  await log.commit([Buffer.from(rowsOf(5000, 3))], 3, 0);
  for (const reader of [log, await EventLog.open(disk, options())]) {
    expect(reader.read(0, limits)).toMatchObject({ count: 0, endRow: 5000 });
    expect(reader.read(4990, limits)).toMatchObject({ count: 3, endRow: 5003 });
    expect(reader.read(4990, { ...limits, maxRows: 11 })).toMatchObject({
      count: 1,
      endRow: 5001,
    });
    expect(reader.read(5003, limits)).toBeUndefined();
  }
});

test("numbers that were given out are not given again, though their rows are gone", async () => {
  const disk = memoryDisk();
  const log = await EventLog.open(disk, options());
  await log.commit([Buffer.from(rowsOf(0, 3))], 3, 0);
  const next = await EventLog.open(disk, options({ givenOut: 7 }));
  expect(next.nextRow).toBe(7);
  await next.commit([Buffer.from(rowsOf(7, 2))], 2, 0);
  expect(readAll(next, 0)).toBe(rowsOf(0, 3) + rowsOf(7, 2));
});

test("what a killed process had written survives a power loss once it was found", async () => {
  const disk = memoryDisk();
  const log = await EventLog.open(disk, options({ sync: false }));
  await log.commit([Buffer.from(rowsOf(0, 3))], 3, 0);
  const synced: Array<string> = [];
  const watched: Disk = {
    ...disk,
    open: (name) => {
      const file = disk.open(name);
      return {
        ...file,
        size: file.size,
        sync: () => {
          synced.push(name);
          return file.sync();
        },
      };
    },
  };
  await EventLog.open(watched, options());
  expect(synced).toEqual([...segmentNames(disk)]);
  await EventLog.open(watched, options({ sync: false }));
  expect(synced).toHaveLength(1);
});

test("asking for an age does not make the next read begin anew", async () => {
  let bytesRead = 0;
  const memory = memoryDisk();
  const disk: Disk = {
    ...memory,
    create: (name) => {
      const file = memory.create(name);
      return {
        ...file,
        read: (into, position) => {
          const length = file.read(into, position);
          bytesRead += length;
          return length;
        },
      };
    },
  };
  const log = await EventLog.open(disk, options({ segmentBytes: 1e6 }));
  for (let n = 0; n < 50; n++) await log.commit([Buffer.from(rowsOf(n * 5, 5))], 5, n);
  let row = 0;
  while (row < 240) row = log.read(row, limits)?.endRow ?? Number.NaN;
  bytesRead = 0;
  expect(log.writtenAt(3)).toBe(0);
  log.read(row, limits);
  expect(bytesRead).toBeLessThan(1000);
});
