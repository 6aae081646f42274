import { expect, test } from "bun:test";
import type { Disk } from "./disk.ts";
import { EventLog, type EventLogOptions } from "./event-log.ts";
import { memoryDisk } from "./memory-disk.ts";
import { HEADER_BYTES } from "./record.ts";
import { type Damage, segmentNames } from "./segment.ts";

const options = (more: Partial<EventLogOptions> = {}): EventLogOptions => ({
  segmentBytes: 600,
  sync: true,
  floor: 0,
  onRows: () => {},
  onDamage: (damage) => {
    throw new Error(JSON.stringify(damage));
  },
  ...more,
});

const rowsOf = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => `[${from + n},"ü ${"x".repeat((from + n) % 7)}"]\n`).join("");

const limits = { maxRows: 50, maxBytes: 400 };

/** What an end mark begins with. */
const MARK = "\0".repeat(24);

/** A disk with the same files, as a crash would leave them. */
const copyOf = (disk: Disk): Disk => {
  const copy = memoryDisk();
  for (const name of disk.list()) {
    const bytes = Buffer.alloc(disk.open(name).size());
    disk.open(name).read(bytes, 0);
    copy.create(name).write(bytes, 0);
  }
  return copy;
};

const readAll = (log: EventLog, from: number, many = limits) => {
  let text = "";
  for (let row = from; ; ) {
    const found = log.read(row, many);
    if (found === undefined) return text;
    text += found.rows.toString();
    row = found.endRow;
  }
};

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

test("what an unfinished write left is passed over without a word", async () => {
  const disk = memoryDisk();
  const log = await EventLog.open(disk, options({ segmentBytes: 1e6 }));
  for (let n = 0; n < 4; n++) await log.commit([Buffer.from(rowsOf(n * 3, 3))], 3, 0);
  const file = disk.open(segmentNames(disk)[0] as string);
  const size = file.size() - HEADER_BYTES;
  for (const cut of [1, 20, 33]) {
    file.truncate(size - cut);
    const next = await EventLog.open(disk, options());
    expect(next.nextRow).toBe(9);
    expect(readAll(next, 0)).toBe(rowsOf(0, 9));
  }
});

test("a damaged file is set aside, and what can be read of it is kept", async () => {
  const disk = memoryDisk();
  const log = await EventLog.open(disk, options({ segmentBytes: 1e6 }));
  const offsets: Array<number> = [];
  for (let n = 0; n < 6; n++) {
    offsets.push(log.bytes);
    await log.commit([Buffer.from(rowsOf(n * 3, 3))], 3, 0);
  }
  const [name] = segmentNames(disk) as [string];
  disk.open(name).write(Buffer.from("!"), (offsets[2] as number) + 40);
  const damages: Array<unknown> = [];
  const next = await EventLog.open(disk, options({ onDamage: (damage) => void damages.push(damage) }));
  expect(damages).toEqual([{ keptAs: `${name}.damaged`, rowsRead: 15, rowsLost: 3 }]);
  expect(readAll(next, 0)).toBe(rowsOf(0, 6) + rowsOf(9, 9));
  expect(next.read(6, { maxRows: 6, maxBytes: 1 })?.rows.toString()).toBe(rowsOf(9, 3));
  // The next start finds nothing to complain of.
  const third = await EventLog.open(disk, options({ onDamage: (damage) => void damages.push(damage) }));
  expect(third.nextRow).toBe(18);
  expect(disk.list()).toContain(`${name}.damaged`);
});

test("bytes that go bad while the process runs are passed over and told", async () => {
  const disk = memoryDisk();
  const damages: Array<unknown> = [];
  const log = await EventLog.open(
    disk,
    options({ segmentBytes: 1e6, onDamage: (damage) => void damages.push(damage) }),
  );
  const offsets: Array<number> = [];
  for (let n = 0; n < 6; n++) {
    offsets.push(log.bytes);
    await log.commit([Buffer.from(rowsOf(n * 3, 3))], 3, 0);
  }
  const file = disk.open(segmentNames(disk)[0] as string);
  file.write(Buffer.from("!"), (offsets[2] as number) + 40);
  file.write(Buffer.from("!"), (offsets[5] as number) + 2);
  expect(readAll(log, 0, { maxRows: 4, maxBytes: 1e6 })).toBe(rowsOf(0, 6) + rowsOf(9, 6));
  expect(damages).toEqual([
    expect.objectContaining({ rowsLost: 3, rowsRead: 6 }),
    expect.objectContaining({ rowsLost: 3, rowsRead: 15 }),
  ]);
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

test("files whose rows are stored are written over, and what they held before is not found again", async () => {
  const disk = memoryDisk();
  const made: Array<string> = [];
  const counting = {
    ...disk,
    create: (name: string) => {
      made.push(name);
      return disk.create(name);
    },
  };
  const log = await EventLog.open(counting, options());
  let next = 0;
  const add = async (count: number) => {
    await log.commit([Buffer.from(rowsOf(next, count))], count, 0);
    next += count;
  };
  for (let n = 0; n < 40; n++) {
    await add(7);
    if (n > 20) await add(1);
    // What the next process would find here.
    const copy = await EventLog.open(copyOf(disk), options({ floor: Math.max(0, next - 15) }));
    expect([copy.nextRow, readAll(copy, Math.max(0, next - 15))]).toEqual([
      next,
      rowsOf(Math.max(0, next - 15), Math.min(15, next)),
    ]);
    log.trim(next - 10);
  }
  expect(made.length).toBeLessThan(6);
  log.close();
  expect(disk.list().length).toBeLessThan(4);
});

/** A log whose growing file was used before: three records of seven rows, then `after` more. */
const reused = async (after: number) => {
  const disk = memoryDisk();
  const log = await EventLog.open(disk, options({ segmentBytes: 400 }));
  for (let n = 0; n < 6; n++) await log.commit([Buffer.from(rowsOf(n * 7, 7))], 7, 0);
  log.trim(42);
  for (let n = 6; n < 6 + after; n++) await log.commit([Buffer.from(rowsOf(n * 7, 7))], 7, 0);
  const name = segmentNames(disk).at(-1) as string;
  expect(Number(name.slice(0, 16))).toBe(42);
  return { disk, name, file: disk.open(name) };
};

test("nothing of what a retired log held is on the disk once it is stored, also where files were to be written over", async () => {
  const disk = memoryDisk();
  const log = await EventLog.open(disk, options());
  const secret = (n: number) => `[${n},"secret ${"s".repeat(150)}"]\n`;
  const commit = (row: string) => log.commit([Buffer.from(row)], 1, 0);
  const isThere = () =>
    disk.list().some((name) => {
      const bytes = Buffer.alloc(disk.open(name).size());
      disk.open(name).read(bytes, 0);
      return bytes.includes("secret");
    });
  for (let n = 0; n < 12; n++) await commit(secret(n));
  // Some files are kept to be written over, and one is.
  log.trim(9);
  await commit("[12]\n");
  expect(isThere()).toBe(true);
  const isGone = log.retire();
  expect([isGone(12), isThere()]).toEqual([false, true]);
  // What comes meanwhile goes into other files.
  await commit("[13]\n");
  expect([isGone(13), isThere()]).toEqual([true, false]);
  expect(readAll(log, 13)).toBe("[13]\n");
  const again = await EventLog.open(disk, options({ floor: 13 }));
  expect([again.nextRow, readAll(again, 13)]).toEqual([14, "[13]\n"]);
});

test("a write over an old file that was cut off anywhere leaves what was there before it", async () => {
  const before = await reused(1);
  const whole = await reused(2);
  const start = Buffer.alloc(whole.file.size());
  const end = Buffer.alloc(whole.file.size());
  before.file.read(start, 0);
  whole.file.read(end, 0);
  const second = start.indexOf(MARK, HEADER_BYTES);
  const recordEnd = end.indexOf(MARK, second + HEADER_BYTES);
  for (let cut = second; cut < recordEnd + 40; cut++) {
    const disk = copyOf(before.disk);
    disk.open(before.name).write(end.subarray(second, cut), second);
    const damages: Array<Damage> = [];
    const log = await EventLog.open(
      disk,
      options({ floor: 42, onDamage: (found) => void damages.push(found) }),
    );
    // Its last bytes may be what stood there before.
    const isWhole = cut >= recordEnd || log.nextRow === 56;
    expect([cut, log.nextRow]).toEqual([cut, isWhole ? 56 : 49]);
    if (isWhole) expect(cut).toBeGreaterThan(recordEnd - 20);
    expect(readAll(log, 42)).toBe(rowsOf(42, log.nextRow - 42));
    // Within the mark itself nothing tells a write that was cut off from a damage: better told than not.
    if (!isWhole || cut >= recordEnd + HEADER_BYTES) expect(damages).toEqual([]);
    for (const { rowsRead, rowsLost } of damages) expect([rowsRead, rowsLost]).toEqual([14, 0]);
  }
});

test("a crash before the first record of a file leaves its name free", async () => {
  for (const isOld of [false, true]) {
    const disk = memoryDisk();
    const log = await EventLog.open(disk, options({ segmentBytes: 100 }));
    for (let n = 0; n < 3; n++) await log.commit([Buffer.from(rowsOf(n * 7, 7))], 7, 0);
    const name = `${"21".padStart(16, "0")}.log`;
    if (isOld) {
      log.trim(7);
      disk.rename(segmentNames(disk)[0] as string, name);
    } else disk.create(name);
    const next = await EventLog.open(disk, options({ floor: isOld ? 7 : 0, segmentBytes: 1e6 }));
    expect(next.nextRow).toBe(21);
    await next.commit([Buffer.from(rowsOf(21, 3))], 3, 0);
    next.trim(22);
    const third = await EventLog.open(disk, options({ floor: 22 }));
    expect(readAll(third, 22)).toBe(rowsOf(22, 2));
  }
});

test("the last record is missed when it was damaged, since its end is marked", async () => {
  const { disk, name, file } = await reused(2);
  const bytes = Buffer.alloc(file.size());
  file.read(bytes, 0);
  const last = bytes.lastIndexOf("FFP1", bytes.indexOf(MARK, HEADER_BYTES));
  file.write(Buffer.from("!"), last + 60);
  const damages: Array<unknown> = [];
  const log = await EventLog.open(
    disk,
    options({ floor: 42, onDamage: (damage) => void damages.push(damage) }),
  );
  expect(damages).toEqual([{ keptAs: `${name}.damaged`, rowsRead: 7, rowsLost: 0 }]);
  expect(log.nextRow).toBe(49);
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

test("a file that became shorter is a damage, not a reason to wait for it", async () => {
  const disk = memoryDisk();
  const damages: Array<Damage> = [];
  const log = await EventLog.open(
    disk,
    options({ segmentBytes: 1e6, onDamage: (damage) => void damages.push(damage) }),
  );
  for (let n = 0; n < 3; n++) await log.commit([Buffer.from(rowsOf(n * 3, 3))], 3, 0);
  const file = disk.open(segmentNames(disk)[0] as string);
  for (const size of [file.size() >> 1, 0]) {
    file.truncate(size);
    damages.length = 0;
    readAll(log, 0);
    expect(log.writtenAt(8)).toBeUndefined();
    expect(damages).toHaveLength(1);
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
