import { Database } from "bun:sqlite";
import { existsSync } from "node:fs";
import { join } from "node:path";

/**
 * Whether the ledger in `dataDir` has a batch that was sent and is not known to be stored: the service is at work, or
 * ended in the middle of it. Then a rollup may be ahead of the raw events or behind them, and a recovery is to come that
 * reads the watermarks. Without a ledger, or where it cannot be read, there is none.
 */
export const hasOpenBatch = (dataDir: string): boolean => {
  const path = join(dataDir, "spool", "ledger.sqlite");
  if (!existsSync(path)) return false;
  try {
    using ledger = new Database(path, { readonly: true });
    return ledger.query("SELECT 1 FROM position WHERE to_row IS NOT NULL").get() !== null;
  } catch {
    return false;
  }
};
