/** Part of a piece of memory in which rows wait. */
export interface KeptRows {
  readonly rows: Uint8Array;
  /** Said once: the memory may be used again. */
  readonly release: () => void;
}

const PIECE_BYTES = 1024 * 1024;

/** As many as a burst fills beside the commit under way. */
const MAX_FREE = 8;

interface Piece {
  readonly bytes: Uint8Array;
  end: number;
  users: number;
  readonly release: () => void;
}

/**
 * Keeps copies of rows in few large pieces of memory that are used again and again: the first touch of new memory costs
 * more than all the rest that is done with a row here.
 */
export class RowPieces {
  readonly #free: Array<Piece> = [];
  #current = this.#make(PIECE_BYTES);

  #make(size: number): Piece {
    const piece: Piece = {
      bytes: new Uint8Array(size),
      end: 0,
      users: 0,
      release: () => {
        piece.users--;
        if (piece.users > 0) return;
        piece.end = 0;
        const isSpare = piece !== this.#current && piece.bytes.length === PIECE_BYTES;
        if (isSpare && this.#free.length < MAX_FREE) this.#free.push(piece);
      },
    };
    return piece;
  }

  keep(rows: Uint8Array): KeptRows {
    if (this.#current.end + rows.length > this.#current.bytes.length) {
      this.#current =
        rows.length > PIECE_BYTES ? this.#make(rows.length) : (this.#free.pop() ?? this.#make(PIECE_BYTES));
    }
    const piece = this.#current;
    const start = piece.end;
    piece.end += rows.length;
    piece.users++;
    piece.bytes.set(rows, start);
    return { rows: piece.bytes.subarray(start, piece.end), release: piece.release };
  }
}
