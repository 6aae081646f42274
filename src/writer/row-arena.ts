/** Bytes of one request's rows. */
export interface HeldRows {
  readonly rows: Buffer;
  /** Gives the memory back; `rows` must not be looked at afterwards. Once. */
  readonly free: () => void;
}

interface Chunk {
  readonly bytes: Buffer;
  end: number;
  /** Events written since it was empty. */
  count: number;
  /** Requests whose rows still lie in it. */
  held: number;
}

/** As much as a batch may weigh, so that batches lie in one piece and are sent without being copied. */
const CHUNK_BYTES = 32 * 1024 * 1024;

/** Free chunks that are kept: what a burst took, so that the next one finds it. */
const KEPT_CHUNKS = 5;

/** A UTF-16 unit is at most so many bytes of UTF-8. */
const MOST_BYTES_PER_UNIT = 3;

/**
 * Memory for rows that wait in the queue, used again and again. Each request's rows in memory of their own would have the
 * system hand out and clear fresh pages all the time, which took a fifth of the time of answering. Rows that are held one
 * after the other mostly lie one behind the other.
 */
export class RowArena {
  readonly #batchSize: number;
  readonly #free: Array<Chunk> = [];
  #current: Chunk | undefined;

  /** A chunk ends where a batch of `batchSize` events does. */
  constructor(batchSize: number) {
    this.#batchSize = batchSize;
  }

  /** Encodes `text`, the rows of `count` events, as UTF-8 into the arena. */
  hold(text: string, count: number): HeldRows {
    const most = text.length * MOST_BYTES_PER_UNIT;
    if (most > CHUNK_BYTES) return { rows: Buffer.from(text), free: () => {} };
    const chunk = this.#chunkWith(most, count);
    const start = chunk.end;
    chunk.end += chunk.bytes.write(text, start);
    chunk.count += count;
    chunk.held++;
    return { rows: chunk.bytes.subarray(start, chunk.end), free: () => this.#release(chunk) };
  }

  #chunkWith(most: number, count: number): Chunk {
    const current = this.#current;
    if (
      current !== undefined &&
      current.end + most <= CHUNK_BYTES &&
      (current.count === 0 || current.count + count <= this.#batchSize)
    ) {
      return current;
    }
    const chunk = this.#free.pop() ?? {
      bytes: Buffer.allocUnsafeSlow(CHUNK_BYTES),
      end: 0,
      count: 0,
      held: 0,
    };
    this.#current = chunk;
    // The one that is full comes back when the last of its rows is freed; if that has happened, now.
    if (current !== undefined && current.held === 0) this.#recycle(current);
    return chunk;
  }

  #release(chunk: Chunk): void {
    chunk.held--;
    if (chunk.held > 0) return;
    if (chunk === this.#current) this.#empty(chunk);
    else this.#recycle(chunk);
  }

  #empty(chunk: Chunk): void {
    chunk.end = 0;
    chunk.count = 0;
  }

  #recycle(chunk: Chunk): void {
    this.#empty(chunk);
    if (this.#free.length < KEPT_CHUNKS) this.#free.push(chunk);
  }
}

/** The rows of several requests in one piece: where they lie if they lie together, a copy otherwise. */
export const joinRows = (parts: ReadonlyArray<Buffer>): Buffer => {
  const [first] = parts;
  if (first === undefined) return Buffer.alloc(0);
  let end = first.byteOffset;
  for (const part of parts) {
    if (part.buffer !== first.buffer || part.byteOffset !== end) return Buffer.concat(parts);
    end += part.length;
  }
  return Buffer.from(first.buffer, first.byteOffset, end - first.byteOffset);
};
