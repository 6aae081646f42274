/** A batch as it was fixed before it was first sent; neither its number nor its rows ever change. */
export interface FixedBatch {
  /** Names the ledger that numbers the batches; survives restarts, and no two ledgers have the same. */
  readonly ledgerId: string;
  /** Strictly increasing: whatever has a lower number is stored already, nothing with a higher one was ever sent. */
  readonly number: number;
  /** Encoded rows that carry the number. */
  readonly rows: Buffer;
}

/** The token of the batch's insert, by which it is found and ended also after a restart. */
export const batchToken = ({ ledgerId, number }: Pick<FixedBatch, "ledgerId" | "number">): string =>
  `${ledgerId}:${number}`;
