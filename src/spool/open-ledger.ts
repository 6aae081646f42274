import { existsSync, mkdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { Ledger } from "./ledger.ts";

/** The ledger within the directory of the spool. */
export const LEDGER_NAME = "ledger.sqlite";

export interface OpenedLedger {
  readonly ledger: Ledger;
  /** Where a ledger that failed its check was put; undefined when all is well. */
  readonly setAside: string | undefined;
}

const putAside = (path: string): string => {
  let target = `${path}.damaged`;
  for (let n = 2; existsSync(target); n++) target = `${path}.${n}.damaged`;
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix);
  }
  return target;
};

/**
 * Opens the ledger of a spool directory. One that fails its check is set aside for a new one, which then does not know
 * which of the rows in the log are stored (`isLost`), just as when the file is missing beside a log.
 */
export const openLedger = (directory: string, sync: boolean, hasLog: boolean): OpenedLedger => {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const path = join(directory, LEDGER_NAME);
  const isNew = !existsSync(path);
  try {
    return { ledger: new Ledger(path, { sync, isLost: isNew && hasLog }), setAside: undefined };
  } catch (error) {
    // Only what SQLite says about the file's content: a full disk or a missing right is no reason to set it aside.
    if (isNew || !/malformed|not a database|corrupt|integrity/i.test(String(error))) throw error;
    const setAside = putAside(path);
    return { ledger: new Ledger(path, { sync, isLost: hasLog }), setAside };
  }
};
