import { Database } from "bun:sqlite";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Data, Effect, type Scope } from "effect";

/** Another process holds the data directory; there is one process per directory. */
export class DataDirectoryInUse extends Data.TaggedError("DataDirectoryInUse")<{
  readonly directory: string;
  readonly message: string;
}> {
  static of(directory: string): DataDirectoryInUse {
    return new DataDirectoryInUse({
      directory,
      message: `Another Footfall process is using the data directory ${directory}. Stop it, or set DATA_DIR to another directory.`,
    });
  }
}

const held = new Map<string, { readonly lock: Database; users: number }>();

const take = (directory: string): void => {
  const mine = held.get(directory);
  if (mine !== undefined) {
    mine.users += 1;
    return;
  }
  const lock = new Database(join(directory, "footfall.lock"), { create: true });
  try {
    lock.run("BEGIN EXCLUSIVE");
  } catch (error) {
    lock.close();
    throw error;
  }
  held.set(directory, { lock, users: 1 });
};

const giveBack = (directory: string): void => {
  const mine = held.get(directory);
  if (mine === undefined) return;
  mine.users -= 1;
  if (mine.users > 0) return;
  held.delete(directory);
  mine.lock.close();
};

const isBusy = (error: unknown): boolean =>
  error instanceof Error && "code" in error && String(error.code).startsWith("SQLITE_BUSY");

/**
 * Keeps other Footfall processes out of `directory` while the scope is open; the operating system lifts the lock when
 * a process dies. The engine has a lock of its own, but it reports a taken one only on its standard error. Anything but
 * a taken lock is left for the engine to find.
 */
export const lockDirectory = (directory: string): Effect.Effect<void, DataDirectoryInUse, Scope.Scope> =>
  Effect.asVoid(
    Effect.acquireRelease(
      Effect.try({ try: () => take(directory), catch: (error) => error }).pipe(
        Effect.as(true),
        Effect.catchAll((error) =>
          isBusy(error) ? Effect.fail(DataDirectoryInUse.of(directory)) : Effect.succeed(false),
        ),
      ),
      (taken) => Effect.sync(() => (taken ? giveBack(directory) : undefined)),
    ),
  );

/** Whether the process that the engine's own status file names is another one and alive. */
export const isHeldByOther = (directory: string): boolean => {
  try {
    const pid = Number(/^PID: (\d+)/m.exec(readFileSync(join(directory, "status"), "utf8"))?.[1]);
    return pid > 0 && pid !== process.pid && process.kill(pid, 0);
  } catch {
    return false;
  }
};
