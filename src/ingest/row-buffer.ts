import { areAlike, ownValues, sharedValues } from "../store/event-row.ts";
import type { Draft, IngestContext } from "./draft.ts";

/** A UTF-16 unit is at most so many bytes of UTF-8. */
const MOST_BYTES_PER_UNIT = 3;

const COMMA = 0x2c;
const NEW_LINE = 0x0a;

/**
 * The encoded rows of one request, one behind the other in memory that is used again and again: lines of
 * `JSONCompactEachRow`, without a line break in them, and with room for their batch number.
 *
 * Joining them as texts first would cost about as much as writing them. Most events of a request are alike in most
 * columns: these are encoded once and copied.
 */
export class RowBuffer {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #end = 0;
  #last: Draft | undefined;
  /** Where the shared columns of the last row stand, from the comma before them to the end of the row. */
  #sharedStart = 0;
  #sharedEnd = 0;

  clear(): void {
    this.#end = 0;
    this.#last = undefined;
  }

  /** True where the event is alike to the one added before it, in all columns that events of a request mostly share. */
  add(draft: Draft, context: IngestContext): boolean {
    this.#write(ownValues(draft, context));
    // The columns go on in the place of the bracket.
    this.#end--;
    const start = this.#end;
    const isAlike = this.#last !== undefined && areAlike(draft, this.#last);
    if (isAlike) {
      this.#reserve(this.#sharedEnd - this.#sharedStart);
      this.#bytes.copyWithin(start, this.#sharedStart, this.#sharedEnd);
      this.#end += this.#sharedEnd - this.#sharedStart;
    } else {
      this.#write(sharedValues(draft, context));
      this.#bytes[start] = COMMA;
    }
    this.#last = draft;
    this.#sharedStart = start;
    this.#sharedEnd = this.#end;
    this.#bytes[this.#end++] = NEW_LINE;
    return isAlike;
  }

  #write(text: string): void {
    this.#reserve(text.length * MOST_BYTES_PER_UNIT);
    this.#end += this.#bytes.write(text, this.#end);
  }

  /** Makes room for so many bytes and a line break. */
  #reserve(more: number): void {
    const most = this.#end + more + 1;
    if (most <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafeSlow(most * 2);
    this.#bytes.copy(larger, 0, 0, this.#end);
    this.#bytes = larger;
  }

  /** All rows, until one is added or they are cleared. */
  get rows(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }
}
