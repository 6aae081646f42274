import { expect, test } from "bun:test";
import { EventLog } from "./event-log.ts";
import { memoryDisk } from "./memory-disk.ts";
import { HEADER_BYTES } from "./record.ts";
import { type Damage, segmentNames } from "./segment.ts";
import { options, readAll, rowsOf } from "./testing/small-log.ts";

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
