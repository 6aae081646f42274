import { existsSync, readdirSync, rmSync, statfsSync, statSync } from "node:fs";
import { join } from "node:path";

/**
 * What a statement that writes must find free, and leave. The embedded engine (26.7) takes no notice of a write that the
 * disk refuses: it answers that all is stored and leaves files that are empty or end too early.
 */
export const MARGIN_BYTES = 64 * 1024 * 1024;

/** A look costs about 10 µs, and a timer for it 0.1 % of a core; every 20 ms it is 0.5 %. */
export const LOOK_INTERVAL_MS = 100;

/** What is free on the disk of `directory` for a process without special rights. */
export const freeBytes = (directory: string): number => {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
};

// ClickHouse's own number and name for it.
const nearlyFull = (directory: string) =>
  new Error(
    `Code: 243. DB::Exception: There is not enough space: less than ${MARGIN_BYTES / 1024 / 1024} MiB are free on the disk of ${directory}. (NOT_ENOUGH_SPACE)`,
  );

/**
 * Runs a statement of the embedded engine that writes to `directory`. Rejects without running it where there is not
 * enough room; and after it where there was not enough at any look: then nobody knows what it has written, and `onDoubt`
 * has been called.
 */
export const withSpace = async <A>(
  directory: string,
  statement: () => Promise<A>,
  onDoubt: () => void = () => undefined,
): Promise<A> => {
  if (freeBytes(directory) < MARGIN_BYTES) throw nearlyFull(directory);
  let doubtful = false;
  const look = () => {
    if (freeBytes(directory) >= MARGIN_BYTES) return;
    doubtful = true;
    onDoubt();
  };
  const timer = setInterval(look, LOOK_INTERVAL_MS);
  try {
    const result = await statement();
    look();
    if (doubtful) throw nearlyFull(directory);
    return result;
  } catch (error) {
    look();
    throw error;
  } finally {
    clearInterval(timer);
  }
};

/**
 * Takes away the empty definitions that a full disk has left of tables whose names begin with `prefix`: the engine does
 * not start with one. For tables that nobody misses, in a directory that no engine has open.
 */
export const removeEmptyDefinitions = (directory: string, database: string, prefix: string): void => {
  const definitions = join(directory, "metadata", database);
  if (!existsSync(definitions)) return;
  for (const name of readdirSync(definitions)) {
    const path = join(definitions, name);
    if (name.startsWith(prefix) && name.endsWith(".sql") && statSync(path).size === 0) rmSync(path);
  }
};
