import type { Disk, DiskFile } from "./disk.ts";
import { HEADER_BYTES, isEndMark, isSound, magicBytes, type RecordHeader, readHeader } from "./record.ts";

/** One file of the log: records one behind the other, with rising row numbers. */
export interface Segment {
  readonly name: string;
  readonly file: DiskFile;
  readonly firstRow: number;
  /** Number of the row after its last one. */
  endRow: number;
  /** Bytes of the records that count; what may stand behind them was never answered for. */
  endByte: number;
  /** Whether this process has made it, and its file has never failed. */
  isOwn: boolean;
}

/** A file in which something that was answered for cannot be read any more; it is kept as `keptAs`. */
export interface Damage {
  readonly keptAs: string;
  readonly rowsRead: number;
  /** Rows missing between those that could be read; what stood at the very end cannot be counted. */
  readonly rowsLost: number;
}

const DIGITS = 16;
const namePattern = /^\d{16}\.log$/;

export const segmentName = (firstRow: number): string => `${String(firstRow).padStart(DIGITS, "0")}.log`;

/** Names of the segments in a directory, oldest first. */
export const segmentNames = (disk: Disk): ReadonlyArray<string> =>
  disk
    .list()
    .filter((name) => namePattern.test(name))
    .sort();

export const firstRowOf = (name: string): number => Number(name.slice(0, DIGITS));

/** Where the next sound record with rows from `row` on begins, at or behind `offset`. */
export const nextSound = (
  bytes: Buffer,
  offset: number,
  row: number,
): { readonly at: number; readonly header: RecordHeader } | undefined => {
  for (let at = bytes.indexOf(magicBytes, offset); at !== -1; at = bytes.indexOf(magicBytes, at + 1)) {
    const header = readHeader(bytes, at);
    if (header !== undefined && header.firstRow >= row && isSound(bytes, at, header)) return { at, header };
  }
  return undefined;
};

/**
 * Whether a file may end at `offset`, behind which no sound record with `row` or a later one follows: at its end, at the
 * mark of it, in a record of which the end was never written, or in one of the file's earlier use. Nobody was answered for
 * what stands there.
 */
const isEnd = (bytes: Buffer, offset: number, row: number): boolean => {
  if (bytes.length - offset < HEADER_BYTES || isEndMark(bytes, offset, row)) return true;
  const header = readHeader(bytes, offset);
  if (header === undefined) return false;
  if (header.firstRow < row) return isSound(bytes, offset, header);
  return !isEndMark(bytes, offset + HEADER_BYTES + header.length, header.firstRow + header.count);
};

const readWhole = (file: DiskFile): Buffer => {
  const bytes = Buffer.allocUnsafe(file.size());
  return bytes.subarray(0, file.read(bytes, 0));
};

interface Kept {
  readonly at: number;
  readonly header: RecordHeader;
}

/** Puts the damaged file aside and the sound records into a new one of the same name. */
const salvage = (disk: Disk, name: string, bytes: Buffer, kept: ReadonlyArray<Kept>): DiskFile => {
  const temporary = `${name}.tmp`;
  if (disk.list().includes(temporary)) disk.remove(temporary);
  const file = disk.create(temporary);
  let end = 0;
  for (const { at, header } of kept) {
    const record = bytes.subarray(at, at + HEADER_BYTES + header.length);
    file.write(record, end);
    end += record.length;
  }
  return file;
};

const damagedName = (disk: Disk, name: string): string => {
  const names = new Set(disk.list());
  let candidate = `${name}.damaged`;
  for (let n = 2; names.has(candidate); n++) candidate = `${name}.${n}.damaged`;
  return candidate;
};

/**
 * Opens a segment that an earlier process wrote and checks every record. Rows from `nextFirstRow` on, if there is a
 * segment after it, were given up by that process and count in the later one only. `onRows` sees all rows that count.
 */
export const openSegment = async (
  disk: Disk,
  name: string,
  nextFirstRow: number | undefined,
  onRows: (rows: Buffer, seconds: number) => void,
): Promise<{ readonly segment: Segment; readonly damage: Damage | undefined }> => {
  let file = disk.open(name);
  const bytes = readWhole(file);
  const firstRow = firstRowOf(name);
  const kept: Array<Kept> = [];
  let row = firstRow;
  let rowsRead = 0;
  let rowsLost = 0;
  let damaged = false;
  let at = 0;
  while (at < bytes.length) {
    let header = readHeader(bytes, at);
    if (header === undefined || header.firstRow < row || !isSound(bytes, at, header)) {
      const found = nextSound(bytes, at + 1, row);
      if (found === undefined) {
        damaged ||= nextFirstRow === undefined && !isEnd(bytes, at, row);
        break;
      }
      damaged = true;
      ({ at, header } = found);
    }
    const endRow = header.firstRow + header.count;
    if (nextFirstRow !== undefined && endRow > nextFirstRow) break;
    rowsLost += header.firstRow - row;
    rowsRead += header.count;
    kept.push({ at, header });
    onRows(bytes.subarray(at + HEADER_BYTES, at + HEADER_BYTES + header.length), header.seconds);
    row = endRow;
    at += HEADER_BYTES + header.length;
  }
  if (nextFirstRow !== undefined && row < nextFirstRow) {
    rowsLost += nextFirstRow - row;
    damaged = true;
  }
  const endByte = kept.reduce((sum, { header }) => sum + HEADER_BYTES + header.length, 0);
  if (!damaged)
    return { segment: { name, file, firstRow, endRow: row, endByte, isOwn: false }, damage: undefined };
  const keptAs = damagedName(disk, name);
  const clean = salvage(disk, name, bytes, kept);
  await clean.sync();
  clean.close();
  file.close();
  // In this order a crash between the two leaves the damaged file under its new name and the clean one to be renamed.
  disk.rename(name, keptAs);
  disk.rename(`${name}.tmp`, name);
  file = disk.open(name);
  return {
    segment: { name, file, firstRow, endRow: row, endByte, isOwn: false },
    damage: { keptAs, rowsRead, rowsLost },
  };
};

/** Finishes what a crash in the middle of `openSegment` left: the clean copy takes the place of the damaged file. */
export const finishSalvage = (disk: Disk): void => {
  for (const temporary of disk.list().filter((name) => name.endsWith(".log.tmp"))) {
    const name = temporary.slice(0, -".tmp".length);
    if (disk.list().includes(name)) disk.remove(temporary);
    else disk.rename(temporary, name);
  }
};
