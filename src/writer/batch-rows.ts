import { Effect } from "effect";
import type { EventLog } from "../spool/event-log.ts";
import { nextTurn } from "../spool/next-turn.ts";
import { numberRows } from "../store/event-row.ts";

/** Bytes that are read at a time, so that answers wait for it no longer than one or two milliseconds. */
const SLICE_BYTES = 4 * 1024 * 1024;

export interface BatchLimits {
  readonly maxRows: number;
  /** Exceeded by no more than one record. */
  readonly maxBytes: number;
}

/**
 * The rows of one batch, read from the log slice by slice and numbered. Its memory is used again for the next batch that
 * begins here, and given back by `release`.
 */
export class BatchRows {
  readonly #log: EventLog;
  #bytes = Buffer.alloc(0);
  #end = 0;
  #number = 0;
  #fromRow = 0;
  #endRow = 0;
  #count = 0;

  constructor(log: EventLog) {
    this.#log = log;
  }

  /** Goes on with what was read already if it is the same batch. */
  begin(number: number, fromRow: number): void {
    if (this.#number === number && this.#fromRow === fromRow) return;
    this.#number = number;
    this.#fromRow = fromRow;
    this.#endRow = fromRow;
    this.#count = 0;
    this.#end = 0;
  }

  /** Takes more rows, until the batch is full or the log has no more. */
  fill({ maxRows, maxBytes }: BatchLimits): Effect.Effect<void> {
    return Effect.gen(this, function* () {
      const untilRow = this.#fromRow + maxRows;
      while (this.#endRow < untilRow && this.#end < maxBytes) {
        this.#reserve(SLICE_BYTES, maxBytes);
        const limits = {
          maxRows: untilRow - this.#endRow,
          maxBytes: Math.min(SLICE_BYTES, maxBytes - this.#end),
        };
        const found = this.#log.read(this.#endRow, limits, this.#bytes.subarray(this.#end));
        if (found === undefined) return;
        this.#add(found.rows);
        this.#count += found.count;
        this.#endRow = Math.min(found.endRow, untilRow);
        yield* nextTurn;
      }
    });
  }

  #add(rows: Buffer): void {
    const end = this.#end + rows.length;
    if (rows.buffer !== this.#bytes.buffer) {
      this.#reserve(rows.length, end);
      rows.copy(this.#bytes, this.#end);
    }
    numberRows(this.#bytes.subarray(this.#end, end), this.#number);
    this.#end = end;
  }

  #reserve(more: number, atMost: number): void {
    const needed = this.#end + more;
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, Math.min(2 * needed, atMost + SLICE_BYTES)));
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }

  get rows(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }

  /** Fewer than `endRow` less the first row's number where rows cannot be read any more. */
  get count(): number {
    return this.#count;
  }

  /** Number of the row after the last one. */
  get endRow(): number {
    return this.#endRow;
  }

  /** Gives the memory back that a burst took. */
  release(): void {
    if (this.#bytes.length <= SLICE_BYTES) return;
    this.#bytes = Buffer.alloc(0);
    this.#end = 0;
    this.#number = 0;
  }
}
