import type { Disk, DiskFile } from "./disk.ts";
import { LogReader, type LogRows, type ReadLimits } from "./log-reader.ts";
import { HEADER_BYTES, MARK_BYTES, markEnd, sealRecord } from "./record.ts";
import {
  type Damage,
  finishSalvage,
  firstRowOf,
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

/**
 * Segments whose rows are stored are kept for the next rows: overwriting a file costs a fraction of making one, most of
 * all its sync. They keep their names until then, so that a crash leaves nothing but segments.
 */
const MAX_SPARES = 2;

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
  readonly #rows: LogReader;
  /** Its own, because it asks of other rows than the writer, and each goes on from where it was. */
  readonly #ages: LogReader;

  private constructor(disk: Disk, options: EventLogOptions) {
    this.#disk = disk;
    this.#options = options;
    this.#rows = new LogReader(this.#segments, options.onDamage);
    this.#ages = new LogReader(this.#segments, options.onDamage);
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
    this.#rows.forget(segment);
    this.#ages.forget(segment);
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

  /**
   * Sees to it that nothing of the rows that are in the log now stays on the disk once they are stored: their files take
   * no more rows, and are removed instead of written over. To be asked again until it says that they are gone.
   */
  retire(): (storedRow: number) => boolean {
    for (const spare of this.#spares.splice(0)) this.#remove(spare);
    const retired = [...this.#segments];
    for (const segment of retired) segment.isOwn = false;
    return (storedRow) => {
      if (this.#growing !== undefined && !this.#committing && retired.includes(this.#growing)) {
        this.#growing = undefined;
      }
      this.trim(storedRow);
      return !retired.some((segment) => this.#segments.includes(segment));
    };
  }

  /** When the record with this row was written, in seconds since 1970. */
  writtenAt(row: number): number | undefined {
    return this.#ages.writtenAt(row);
  }

  /** See `LogReader.read`; up to what is committed. */
  read(fromRow: number, limits: ReadLimits, into?: Buffer): LogRows | undefined {
    return this.#rows.read(fromRow, this.#nextRow, limits, into);
  }

  close(): void {
    for (const { file } of this.#segments) file.close();
    for (const spare of this.#spares.splice(0)) this.#remove(spare);
  }
}
