import type { Disk } from "../disk.ts";
import type { EventLog, EventLogOptions } from "../event-log.ts";
import { memoryDisk } from "../memory-disk.ts";

/** Small files that are synced; a damage is none that the test expects. */
export const options = (more: Partial<EventLogOptions> = {}): EventLogOptions => ({
  segmentBytes: 600,
  sync: true,
  floor: 0,
  onRows: () => {},
  onDamage: (damage) => {
    throw new Error(JSON.stringify(damage));
  },
  ...more,
});

/** Rows that say their numbers, in different lengths. */
export const rowsOf = (from: number, count: number) =>
  Array.from({ length: count }, (_, n) => `[${from + n},"ü ${"x".repeat((from + n) % 7)}"]\n`).join("");

/** What one read takes, unless a test says otherwise. */
export const limits = { maxRows: 50, maxBytes: 400 };

/** A disk with the same files, as a crash would leave them. */
export const copyOf = (disk: Disk): Disk => {
  const copy = memoryDisk();
  for (const name of disk.list()) {
    const bytes = Buffer.alloc(disk.open(name).size());
    disk.open(name).read(bytes, 0);
    copy.create(name).write(bytes, 0);
  }
  return copy;
};

/** All rows from one on, read in steps. */
export const readAll = (log: EventLog, from: number, many = limits) => {
  let text = "";
  for (let row = from; ; ) {
    const found = log.read(row, many);
    if (found === undefined) return text;
    text += found.rows.toString();
    row = found.endRow;
  }
};
