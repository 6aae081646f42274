import { HEADER_BYTES, isSound, readHeader } from "./record.ts";
import { type Damage, nextSound, type Segment } from "./segment.ts";

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

/** Says that no row below `endRow` can be read. */
const noRows = (endRow: number): LogRows => ({ rows: Buffer.alloc(0), count: 0, endRow });

/** Where line `count` after `start` begins. */
const afterLines = (bytes: Buffer, start: number, count: number): number => {
  let at = start;
  for (let n = 0; n < count; n++) at = bytes.indexOf(NEW_LINE, at) + 1;
  return at;
};

/** Reads what the segments of a log hold, from wherever it is asked; fastest where the last answer ended. */
export class LogReader {
  readonly #segments: ReadonlyArray<Segment>;
  readonly #onDamage: (damage: Damage) => void;
  #block = Buffer.alloc(0);
  #cursor: Cursor | undefined;

  /** `segments` are those of the log, oldest first, as they come and go. */
  constructor(segments: ReadonlyArray<Segment>, onDamage: (damage: Damage) => void) {
    this.#segments = segments;
    this.#onDamage = onDamage;
  }

  /** A segment's file will be used for something else. */
  forget(segment: Segment): void {
    if (this.#cursor?.segment === segment) this.#cursor = undefined;
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
   * Committed rows from number `fromRow` on, all of one segment; undefined when there are none up to
   * `nextRow`. They stand
   * at the beginning of `into` if it is given and has `maxBytes`, unless the first record is larger.
   */
  read(fromRow: number, nextRow: number, limits: ReadLimits, into?: Buffer): LogRows | undefined {
    for (;;) {
      const cursor = this.#seek(fromRow);
      if (cursor === undefined) return fromRow < nextRow ? noRows(nextRow) : undefined;
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
    this.#onDamage({
      keptAs: segment.name,
      rowsRead: cursor.row - segment.firstRow,
      rowsLost: row - cursor.row,
    });
    cursor.offset = found === undefined ? segment.endByte : cursor.offset + found.at;
    cursor.row = row;
    return noRows(row);
  }
}
