import { expect, test } from "bun:test";
import { EventLog } from "./event-log.ts";
import { memoryDisk } from "./memory-disk.ts";
import { HEADER_BYTES } from "./record.ts";
import { type Damage, segmentNames } from "./segment.ts";
import { copyOf, options, readAll, rowsOf } from "./testing/small-log.ts";

/** What an end mark begins with. */
const MARK = "\0".repeat(24);

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
