/**
 * One record of the log: the rows of one commit, behind a header of 32 bytes, little-endian:
 *
 *      0  4  "FFP1"
 *      4  4  bytes of rows
 *      8  8  number of the first row
 *     16  4  number of rows
 *     20  4  when it was written, in seconds since 1970
 *     24  8  xxHash64 of the rows, seeded with the xxHash64 of the 24 bytes before
 *
 * The last record is followed by 24 zeros and the xxHash64 of the number of the row to come: the file may have held other
 * records before.
 */
export interface RecordHeader {
  readonly length: number;
  readonly firstRow: number;
  readonly count: number;
  readonly seconds: number;
}

export const HEADER_BYTES = 32;

const MAGIC = 0x31_50_46_46;
const CHECKED_BYTES = 24;
const TWO_TO_32 = 0x1_0000_0000;

/** Bytes of the mark behind the last record of a file, which may have held other records before. */
export const MARK_BYTES = HEADER_BYTES;

const rowBytes = Buffer.alloc(8);

const markOf = (row: number): bigint => {
  rowBytes.writeDoubleLE(row);
  return Bun.hash.xxHash64(rowBytes);
};

/** Marks the end of the file at `offset`: all rows below `row` stand before it. */
export const markEnd = (bytes: Buffer, offset: number, row: number): void => {
  bytes.fill(0, offset, offset + CHECKED_BYTES);
  bytes.writeBigUInt64LE(markOf(row), offset + CHECKED_BYTES);
};

/** Whether that mark stands at `offset`, or a header was begun over it and not completed. */
export const isEndMark = (bytes: Buffer, offset: number, row: number): boolean =>
  bytes.length - offset >= MARK_BYTES && bytes.readBigUInt64LE(offset + CHECKED_BYTES) === markOf(row);

/** What the bytes of the magic number look like, for a search. */
export const magicBytes = Buffer.from("FFP1");

const checksum = (record: Buffer, offset: number, length: number): bigint =>
  Bun.hash.xxHash64(
    record.subarray(offset + HEADER_BYTES, offset + HEADER_BYTES + length),
    Bun.hash.xxHash64(record.subarray(offset, offset + CHECKED_BYTES)),
  );

/** Completes a record whose rows stand in `record` behind the room for its header. */
export const sealRecord = (record: Buffer, header: RecordHeader): void => {
  record.writeUInt32LE(MAGIC, 0);
  record.writeUInt32LE(header.length, 4);
  record.writeUInt32LE(header.firstRow % TWO_TO_32, 8);
  record.writeUInt32LE(Math.floor(header.firstRow / TWO_TO_32), 12);
  record.writeUInt32LE(header.count, 16);
  record.writeUInt32LE(header.seconds, 20);
  record.writeBigUInt64LE(checksum(record, 0, header.length), 24);
};

/** The header at `offset`, if there is one; whether its record is sound is another question. */
export const readHeader = (bytes: Buffer, offset: number): RecordHeader | undefined => {
  if (bytes.length - offset < HEADER_BYTES || bytes.readUInt32LE(offset) !== MAGIC) return undefined;
  return {
    length: bytes.readUInt32LE(offset + 4),
    firstRow: bytes.readUInt32LE(offset + 8) + bytes.readUInt32LE(offset + 12) * TWO_TO_32,
    count: bytes.readUInt32LE(offset + 16),
    seconds: bytes.readUInt32LE(offset + 20),
  };
};

/** Whether the record at `offset` lies in `bytes` as a whole and as it was written. */
export const isSound = (bytes: Buffer, offset: number, { length }: RecordHeader): boolean =>
  offset + HEADER_BYTES + length <= bytes.length &&
  bytes.readBigUInt64LE(offset + CHECKED_BYTES) === checksum(bytes, offset, length);
