import { Effect, Schedule, type Scope } from "effect";
import type { ClickHouseError } from "./clickhouse-error.ts";
import { freeBytes, LOOK_INTERVAL_MS, MARGIN_BYTES } from "./disk-space.ts";

/** Room that must be there before merges go on: more than what stops them, so that they do not stop at once again. */
const ROOM_BYTES = 2 * MARGIN_BYTES;

/**
 * How long the sources of merges are kept after a loading, as `old_parts_lifetime` does for tables that were not loaded
 * again: the engine takes the age of their files for it.
 */
const KEEP_SOURCES_MS = 480_000;

/** What the engine says when a table is attached that something still uses. */
const TABLE_IN_USE = 57;

export interface MergeGuardOptions {
  readonly directory: string;
  readonly database: string;
  /** Runs a statement on a session that nothing holds up for long; rows of a question. */
  readonly ask: <Row extends object>(sql: string) => Effect.Effect<ReadonlyArray<Row>, ClickHouseError>;
  /** Runs when no statement that writes is under way, or not at all where one is. */
  readonly ifNothingIsWritten: <E>(use: Effect.Effect<void, E>) => Effect.Effect<void, E>;
  /** Runs when no read is under way, and lets none begin. */
  readonly withoutReads: <E>(use: Effect.Effect<void, E>) => Effect.Effect<void, E>;
}

export interface MergeGuard {
  /** A statement met a disk that is nearly full: nobody knows what its parts are worth. */
  readonly suspect: () => void;
  /**
   * Sets aside what cannot be read, if there may be such parts. To be run before every statement that writes, while no
   * other does: what a failed one has left must not be taken for stored.
   */
  readonly mend: Effect.Effect<void, ClickHouseError>;
}

const quoted = (name: string): string => `\`${name.replaceAll(/[\\`]/g, "\\$&")}\``;

/**
 * Keeps a full disk from costing rows that are stored. The embedded engine takes no notice of a write that the disk
 * refuses, so that a merge (or an insert) that meets one ends with a part that nothing can read. Loading the tables
 * again finds it, puts it aside (`detached/broken-on-start_…`) and takes up the sources of the merge.
 *
 * When the disk is nearly full merges stop and the sources of former ones are kept; the tables are loaded again as soon
 * as nothing uses them, which needs no room. Merges go on when there is room.
 */
export const makeMergeGuard = ({
  directory,
  database,
  ask,
  ifNothingIsWritten,
  withoutReads,
}: MergeGuardOptions): Effect.Effect<MergeGuard, never, Scope.Scope> =>
  Effect.gen(function* () {
    const turn = (yield* Effect.makeSemaphore(1)).withPermits(1);
    const clock = yield* Effect.clock;
    const detached = new Set<string>();
    let suspect = false;
    /** Merges were told to stop. */
    let stopped = false;
    /** They have, and what they left has been looked at: until they go on only a statement can do harm. */
    let quiet = false;
    let loading = false;
    /** When the sources of merges may be removed again; undefined while they may. */
    let keptUntil: number | undefined;

    const tables = Effect.map(
      ask<{ name: string }>(
        `SELECT name FROM system.tables WHERE database = '${database}' AND engine LIKE '%MergeTree'`,
      ),
      (rows) => rows.map(({ name }) => name),
    );
    const system = (action: string, names: ReadonlyArray<string>) =>
      Effect.forEach(names, (name) => ask(`SYSTEM ${action} ${quoted(database)}.${quoted(name)}`), {
        discard: true,
      });

    const stop = Effect.gen(function* () {
      keptUntil = Number.POSITIVE_INFINITY;
      const names = yield* tables;
      yield* system("STOP MERGES", names);
      yield* system("STOP CLEANUP", names);
      stopped = true;
      yield* Effect.logWarning(
        `Less than ${MARGIN_BYTES / 1024 / 1024} MiB are free on the disk of ${directory}: no merges until there is room`,
      );
    });

    const start = Effect.gen(function* () {
      stopped = false;
      quiet = false;
      yield* system("START MERGES", yield* tables).pipe(
        Effect.tapError(() =>
          Effect.sync(() => {
            stopped = true;
          }),
        ),
      );
      yield* Effect.logInfo(`There is room again on the disk of ${directory}: merges go on`);
    });

    const removeSources = Effect.gen(function* () {
      yield* system("START CLEANUP", yield* tables);
      keptUntil = undefined;
    });

    const setAside = Effect.map(
      ask<{ part: string }>(
        `SELECT concat(table, '/', name) AS part FROM system.detached_parts WHERE database = '${database}' ORDER BY part`,
      ),
      (rows) => rows.map(({ part }) => part),
    );

    const loadAgain = (name: string) =>
      Effect.gen(function* () {
        const table = `${quoted(database)}.${quoted(name)}`;
        if (!detached.has(name)) {
          yield* ask(`DETACH TABLE ${table}`);
          detached.add(name);
        }
        // A merge that was cancelled needs a moment to let go of it.
        yield* Effect.retry(ask(`ATTACH TABLE ${table}`), {
          while: ({ code }) => code === TABLE_IN_USE,
          schedule: Schedule.intersect(Schedule.spaced("20 millis"), Schedule.recurs(500)),
        });
        detached.delete(name);
        // A table that was attached knows nothing of what was stopped. It begins no merge without room (keep_free_space).
        if (stopped) yield* system("STOP MERGES", [name]);
        yield* system("STOP CLEANUP", [name]);
      });

    const reload = Effect.gen(function* () {
      suspect = false;
      // Without room nothing begins in the moments between a table's coming and the stop.
      loading = true;
      quiet = stopped && freeBytes(directory) < MARGIN_BYTES;
      keptUntil = Number.POSITIVE_INFINITY;
      const before = new Set(yield* setAside);
      const names = yield* tables;
      yield* Effect.forEach(new Set([...names, ...detached]), loadAgain, { discard: true });
      const merges = yield* ask(`SELECT 1 FROM system.merges WHERE database = '${database}'`);
      quiet = stopped && merges.length === 0;
      loading = false;
      keptUntil = clock.unsafeCurrentTimeMillis() + KEEP_SOURCES_MS;
      const broken = (yield* setAside).filter((part) => !before.has(part));
      yield* Effect.logWarning(
        broken.length === 0
          ? "The disk was nearly full: the tables were loaded again, every part can be read"
          : `The disk was nearly full: the tables were loaded again without the parts ${broken.join(", ")}, whose rows come from their sources or are sent again`,
      );
    }).pipe(
      Effect.tapError(() =>
        Effect.sync(() => {
          suspect = true;
          loading = false;
          quiet = false;
        }),
      ),
    );

    const mend = Effect.suspend(() =>
      suspect ? withoutReads(turn(Effect.uninterruptible(reload))) : Effect.void,
    );

    const isOver = (time: number | undefined) =>
      time !== undefined && time <= clock.unsafeCurrentTimeMillis();
    let free = Number.POSITIVE_INFINITY;
    const act = Effect.gen(function* () {
      if (free < MARGIN_BYTES && !stopped) yield* turn(Effect.uninterruptible(stop));
      if (suspect) yield* ifNothingIsWritten(mend);
      // Also while a statement keeps the tables from being loaded: it may be waiting for a mutation, which is a merge.
      if (stopped && free >= ROOM_BYTES) yield* turn(Effect.uninterruptible(start));
      if (isOver(keptUntil)) yield* turn(Effect.uninterruptible(removeSources));
    }).pipe(
      Effect.catchAllCause((cause) =>
        Effect.zipRight(Effect.logWarning("Merges cannot be guarded", cause), Effect.sleep("1 second")),
      ),
    );

    const due = yield* Effect.makeLatch();
    const look = () => {
      try {
        free = freeBytes(directory);
      } catch {
        return; // Whoever needs the directory says what is wrong with it.
      }
      if (loading && free >= MARGIN_BYTES) quiet = false;
      if (free < MARGIN_BYTES && !quiet) suspect = true;
      const isToTurn = stopped ? free >= ROOM_BYTES : free < MARGIN_BYTES;
      if (isToTurn || suspect || isOver(keptUntil)) due.unsafeOpen();
    };
    yield* Effect.forkScoped(Effect.forever(Effect.zipRight(due.await, Effect.zipRight(due.close, act))));
    // Not a repeated effect, which costs six times as much: 1.7 % of a core.
    yield* Effect.acquireRelease(
      Effect.sync(() => setInterval(look, LOOK_INTERVAL_MS)),
      (timer) => Effect.sync(() => clearInterval(timer)),
    );

    return {
      suspect: () => {
        suspect = true;
      },
      mend,
    };
  });
