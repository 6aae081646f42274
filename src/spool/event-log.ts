import type { Disk, DiskFile } from "./disk.ts";
import { HEADER_BYTES, isSound, MARK_BYTES, markEnd, readHeader, sealRecord } from "./record.ts";
import {
  type Damage,
  finishSalvage,
  firstRowOf,
  nextSound,
  openSegment,
  type Segment,
  segmentName,
  segmentNames,
} from "./segment.ts";

export interface EventLogOptions {
  /** A segment that has grown so large is followed by another; only whole segments are given back. */
  readonly segmentBytes: number;
  /** Whether a commit waits until it survives a power loss. */
  readonly sync: boolean;
  /** Rows below are stored; new rows never get a lower number, also when the log is empty. */
  readonly floor: number;
  /** Numbers below were given to rows, whatever became of these; `floor` by default. */
  readonly givenOut?: number;
  /** Sees the rows that are in the log when it is opened. */
  readonly onRows: (rows: Buffer, seconds: number) => void;
  /** Told of rows that cannot be read any more although they were committed. */
  readonly onDamage: (damage: Damage) => void;
}

/** Consecutive rows of the log. Valid until the next `read`. */
export interface LogRows {
  readonly rows: Buffer;
  /** Rows in them; 0 where the rows up to `endRow` cannot be read any more. */
  readonly count: number;
  /** Number of the row after the last of them. */
  readonly endRow: number;
}

export interface ReadLimits {
  readonly maxRows: number;
  /** Records are cut in two only where the first one has more rows than were asked for. */
  readonly maxBytes: number;
}

/** Where reading goes on: the record at `offset`, whose first row is `row`. */
interface Cursor {
  readonly segment: Segment;
  offset: number;
  row: number;
}

const NEW_LINE = 0x0a;

/**
 * Segments whose rows are stored are kept for the next rows: overwriting a file costs a fraction of making one, most of
 * all its sync. They keep their names until then, so that a crash leaves nothing but segments.
 */
const MAX_SPARES = 2;

/** Says that no row below `endRow` can be read. */
const noRows = (endRow: number): LogRows => ({ rows: Buffer.alloc(0), count: 0, endRow });

/** Where line `count` after `start` begins. */
const afterLines = (bytes: Buffer, start: number, count: number): number => {
  let at = start;
  for (let n = 0; n < count; n++) at = bytes.indexOf(NEW_LINE, at) + 1;
  return at;
};

/**
 * Rows in the order of their commits, in files of which only the last grows. Rows are numbered from 0; numbers are never
 * used twice. One commit at a time; reading goes on beside it.
 */
export class EventLog {
  readonly #disk: Disk;
  readonly #options: EventLogOptions;
  readonly #segments: Array<Segment> = [];
  /** Files that this process has filled, and whose rows are all stored. */
  readonly #spares: Array<Segment> = [];
  #growing: Segment | undefined;
  #nextRow = 0;
  #bytes = 0;
  #committing = false;
  #record = Buffer.alloc(0);
  #block = Buffer.alloc(0);
  #cursor: Cursor | undefined;

  private constructor(disk: Disk, options: EventLogOptions) {
    this.#disk = disk;
    this.#options = options;
  }

  /** Opens the log of a directory. Files that fail their check are set aside and told to `onDamage`. */
  static async open(disk: Disk, options: EventLogOptions): Promise<EventLog> {
    const log = new EventLog(disk, options);
    finishSalvage(disk);
    const names = segmentNames(disk);
    for (const [index, name] of names.entries()) {
      const next = names[index + 1];
      if (next !== undefined && firstRowOf(next) <= options.floor) {
        disk.remove(name);
        continue;
      }
      const { segment, damage } = await openSegment(
        disk,
        name,
        next === undefined ? undefined : firstRowOf(next),
        options.onRows,
      );
      if (damage !== undefined) options.onDamage(damage);
      // A crash came before its first record; the next segment may get its name.
      if (segment.endRow === segment.firstRow) log.#remove(segment);
      else log.#segments.push(segment);
      log.#bytes += segment.endByte;
    }
    // What an earlier process wrote last is never written to again: its end may be torn. It may have been killed before
    // the sync of it, and what is found is answered for from now on.
    const last = log.#segments.at(-1);
    if (options.sync) await last?.file.sync();
    log.#nextRow = Math.max(options.floor, options.givenOut ?? 0, last?.endRow ?? 0);
    log.trim(options.floor);
    return log;
  }

  /** Number that the next row will have; all below are committed. */
  get nextRow(): number {
    return this.#nextRow;
  }

  /** Bytes of all segments, stored rows that were not given back yet included. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Adds rows as one record, all or none. When it resolves they are committed; when it rejects they never will be, but
   * after a crash they may still be found.
   */
  async commit(parts: ReadonlyArray<Uint8Array>, count: number, seconds: number): Promise<void> {
    this.#committing = true;
    try {
      const record = this.#encode(parts, count, seconds);
      const segment = this.#growing ?? this.#begin();
      try {
        segment.file.write(record, segment.endByte);
        if (this.#options.sync) await segment.file.sync();
      } catch (error) {
        this.#abandon(segment);
        throw error;
      }
      const length = record.length - MARK_BYTES;
      segment.endByte += length;
      segment.endRow += count;
      this.#bytes += length;
      this.#nextRow = segment.endRow;
      if (segment.endByte >= this.#options.segmentBytes) this.#growing = undefined;
    } finally {
      this.#committing = false;
    }
  }

  #encode(parts: ReadonlyArray<Uint8Array>, count: number, seconds: number): Buffer {
    const length = parts.reduce((sum, part) => sum + part.length, 0);
    const whole = HEADER_BYTES + length + MARK_BYTES;
    if (this.#record.length < whole) this.#record = Buffer.allocUnsafeSlow(whole);
    const record = this.#record.subarray(0, whole);
    let end = HEADER_BYTES;
    for (const part of parts) {
      record.set(part, end);
      end += part.length;
    }
    markEnd(record, end, this.#nextRow + count);
    sealRecord(record, { length, firstRow: this.#nextRow, count, seconds });
    return record;
  }

  #begin(): Segment {
    const name = segmentName(this.#nextRow);
    // What a failed commit left and could not remove.
    if (this.#disk.list().includes(name)) this.#disk.remove(name);
    const file = this.#spareFile(name) ?? this.#disk.create(name);
    const segment = { name, file, firstRow: this.#nextRow, endRow: this.#nextRow, endByte: 0, isOwn: true };
    this.#segments.push(segment);
    this.#growing = segment;
    return segment;
  }

  #spareFile(name: string): DiskFile | undefined {
    const spare = this.#spares.pop();
    if (spare === undefined) return undefined;
    try {
      this.#disk.rename(spare.name, name);
      return spare.file;
    } catch (error) {
      spare.file.close();
      throw error;
    }
  }

  // After a failed write or sync nothing about this file's end is certain, so it does not grow any more.
  #abandon(segment: Segment): void {
    this.#growing = undefined;
    try {
      segment.file.truncate(segment.endByte);
    } catch {
      // The next segment's first row says where this one ends.
    }
    segment.isOwn = false;
    if (segment.endRow === segment.firstRow) this.#drop(segment);
    // The disk may be full.
    for (const spare of this.#spares.splice(0)) this.#remove(spare);
  }

  #drop(segment: Segment): void {
    const index = this.#segments.indexOf(segment);
    if (index !== -1) this.#segments.splice(index, 1);
    if (this.#growing === segment) this.#growing = undefined;
    if (this.#cursor?.segment === segment) this.#cursor = undefined;
    this.#bytes -= segment.endByte;
    if (segment.isOwn && this.#spares.length < MAX_SPARES) this.#spares.push(segment);
    // A segment without rows has the name that the next one will have.
    else if (segment.endRow === segment.firstRow) this.#remove(segment);
    else {
      segment.file.close();
      this.#disk.discard(segment.name);
    }
  }

  #remove({ name, file }: Segment): void {
    file.close();
    try {
      this.#disk.remove(name);
    } catch {
      // It is removed at the next start.
    }
  }

  /** Gives back the segments whose rows are all below `storedRow`. */
  trim(storedRow: number): void {
    for (const segment of [...this.#segments]) {
      const growing = segment === this.#growing;
      // The growing one goes when it is worth it: making a file costs more than a small one weighs.
      if (growing && (this.#committing || segment.endByte < this.#options.segmentBytes / 16)) continue;
      if (segment.endRow <= storedRow) this.#drop(segment);
    }
  }

  /** When the record with this row was written, in seconds since 1970. */
  writtenAt(row: number): number | undefined {
    const cursor = this.#seek(row);
    if (cursor === undefined) return undefined;
    const bytes = Buffer.alloc(HEADER_BYTES);
    for (;;) {
      const length = cursor.segment.file.read(bytes, cursor.offset);
      const header = readHeader(bytes.subarray(0, length), 0);
      if (header === undefined) return undefined;
      const end = header.firstRow + header.count;
      if (end > row) return header.seconds;
      cursor.offset += HEADER_BYTES + header.length;
      cursor.row = end;
    }
  }

  #seek(row: number): Cursor | undefined {
    const segment = this.#segments.find(({ firstRow, endRow }) => endRow > row && endRow > firstRow);
    if (segment === undefined) return undefined;
    if (this.#cursor?.segment !== segment || this.#cursor.row > row) {
      this.#cursor = { segment, offset: 0, row: segment.firstRow };
    }
    return this.#cursor;
  }

  /**
   * Committed rows from number `fromRow` on, all of one segment; undefined when there are none up to `nextRow`. They stand
   * at the beginning of `into` if it is given and has `maxBytes`, unless the first record is larger.
   */
  read(fromRow: number, limits: ReadLimits, into?: Buffer): LogRows | undefined {
    for (;;) {
      const cursor = this.#seek(fromRow);
      if (cursor === undefined) return fromRow < this.#nextRow ? noRows(this.#nextRow) : undefined;
      const rest = cursor.segment.endByte - cursor.offset;
      const found = this.#readBlock(
        cursor,
        fromRow,
        limits,
        Math.min(rest, Math.max(limits.maxBytes, HEADER_BYTES)),
        into,
      );
      if (found !== undefined) return found;
    }
  }

  #roomFor(bytes: number): Buffer {
    if (this.#block.length < bytes) this.#block = Buffer.allocUnsafeSlow(bytes);
    return this.#block;
  }

  // The records from the cursor on, moved together so that their rows lie in one piece. Undefined when only the cursor has
  // moved, and the question has to be asked again.
  #readBlock(
    cursor: Cursor,
    fromRow: number,
    limits: ReadLimits,
    bytes: number,
    into?: Buffer,
  ): LogRows | undefined {
    const { maxRows, maxBytes } = limits;
    const untilRow = fromRow + maxRows;
    const room = into !== undefined && into.length >= bytes ? into : this.#roomFor(bytes);
    const length = cursor.segment.file.read(room.subarray(0, bytes), cursor.offset);
    const block = room.subarray(0, length);
    let at = 0;
    let end = 0;
    let count = 0;
    let endRow = fromRow;
    while (at < length) {
      const header = readHeader(block, at);
      const whole = HEADER_BYTES + (header?.length ?? 0);
      const isCut =
        length === bytes && (header === undefined ? length - at < HEADER_BYTES : at + whole > length);
      if (isCut && cursor.offset + at + whole <= cursor.segment.endByte) {
        // By the block's end; a record that is larger than a block gets one of its size.
        if (at === 0) return this.#readBlock(cursor, fromRow, limits, whole, into);
        break;
      }
      if (header === undefined || header.firstRow < cursor.row || !isSound(block, at, header)) {
        if (count > 0) break;
        cursor.offset += at;
        return this.#passDamage(cursor);
      }
      const recordEnd = header.firstRow + header.count;
      const from = Math.max(fromRow, header.firstRow);
      if (from >= untilRow) {
        if (count === 0) return noRows(from);
        break;
      }
      if (from < recordEnd) {
        const to = Math.min(recordEnd, untilRow);
        if (count > 0 && (to < recordEnd || end + header.length > maxBytes)) break;
        const fromByte = afterLines(block, at + HEADER_BYTES, from - header.firstRow);
        const toByte = to === recordEnd ? at + whole : afterLines(block, fromByte, to - from);
        block.copyWithin(end, fromByte, toByte);
        end += toByte - fromByte;
        count += to - from;
        endRow = to;
        if (to < recordEnd) break;
      }
      at += whole;
      cursor.row = recordEnd;
    }
    // The file is shorter than it was.
    if (length === 0) return this.#passDamage(cursor);
    cursor.offset += at;
    return count === 0 ? undefined : { rows: block.subarray(0, end), count, endRow };
  }

  // Bytes that were sound when they were written or last checked, and are not any more: a failing disk.
  #passDamage(cursor: Cursor): LogRows {
    const { segment } = cursor;
    const rest = Buffer.allocUnsafe(segment.endByte - cursor.offset);
    const bytes = rest.subarray(0, segment.file.read(rest, cursor.offset));
    const found = nextSound(bytes, 1, cursor.row);
    const row = found?.header.firstRow ?? segment.endRow;
    this.#options.onDamage({
      keptAs: segment.name,
      rowsRead: cursor.row - segment.firstRow,
      rowsLost: row - cursor.row,
    });
    cursor.offset = found === undefined ? segment.endByte : cursor.offset + found.at;
    cursor.row = row;
    return noRows(row);
  }

  close(): void {
    for (const { file } of this.#segments) file.close();
    for (const spare of this.#spares.splice(0)) this.#remove(spare);
  }
}
