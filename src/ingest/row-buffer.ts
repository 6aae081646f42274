/** A UTF-16 unit is at most so many bytes of UTF-8. */
const MOST_BYTES_PER_UNIT = 3;

const NEW_LINE = 0x0a;

/**
 * Lines as UTF-8, one behind the other in memory that is used again and again. Joining them as texts first would cost
 * about as much as writing them.
 */
export class RowBuffer {
  #bytes = Buffer.allocUnsafeSlow(64 * 1024);
  #end = 0;

  clear(): void {
    this.#end = 0;
  }

  /** Adds one line; its break is added here. */
  add(line: string): void {
    const most = this.#end + line.length * MOST_BYTES_PER_UNIT + 1;
    if (most > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(most * 2);
      this.#bytes.copy(larger, 0, 0, this.#end);
      this.#bytes = larger;
    }
    this.#end += this.#bytes.write(line, this.#end);
    this.#bytes[this.#end++] = NEW_LINE;
  }

  /** All lines, until something is added or cleared. */
  get rows(): Buffer {
    return this.#bytes.subarray(0, this.#end);
  }
}
