import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { type ChdbResult, drainPending, Session } from "chdb";
import { Data, Effect, Layer, type Scope } from "effect";
import { AppSettings } from "../config.ts";
import {
  type AnswerFormat,
  answerSettings,
  ClickHouse,
  type ClickHouseShape,
  defaultBudget,
  insertSettings,
  type QueryBudget,
  type QueryParams,
  readSettings,
  SCRATCH_PREFIX,
  settingsClause,
} from "./clickhouse.ts";
import { type ClickHouseError, toClickHouseError } from "./clickhouse-error.ts";
import { DataDirectoryInUse, isHeldByOther, lockDirectory } from "./directory-lock.ts";
import { MARGIN_BYTES, removeEmptyDefinitions, withSpace } from "./disk-space.ts";
import { makeMergeGuard } from "./merge-guard.ts";
import { readerSessions } from "./native-threads.ts";
import { setParamsStatement } from "./query-params.ts";

/** The engine did not start on this directory. */
export class EngineNotStarted extends Data.TaggedError("EngineNotStarted")<{
  readonly directory: string;
  readonly message: string;
  readonly cause: unknown;
}> {}

/**
 * In one process the answers to senders and readers go first, then inserts, then merges, which can catch up when the
 * senders are done (Linux, where the process may set it; elsewhere this has no effect).
 */
const INSERT_NICENESS = 15;
const MERGE_NICENESS = 19;
const insertThreads = {
  os_threads_nice_value_query: INSERT_NICENESS,
  os_threads_nice_value_materialized_view: INSERT_NICENESS,
};
/**
 * Threads that the engine keeps when they have nothing to do. It would keep a thousand, each with three open files and
 * memory of its own: whatever a busy minute needed once.
 */
const IDLE_THREADS = 32;
const engineArguments = [
  "--",
  `--max_thread_pool_free_size=${IDLE_THREADS}`,
  `--os_threads_nice_value_merge_mutate=${MERGE_NICENESS}`,
  // Neither a merge nor an insert begins that would leave less.
  `--storage_configuration.disks.default.keep_free_space_bytes=${MARGIN_BYTES}`,
];

const openSession = (
  directory: string,
): Effect.Effect<Session, DataDirectoryInUse | EngineNotStarted, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => new Session(directory, { connectionArgs: engineArguments }),
      catch: (cause) => {
        const text = cause instanceof Error ? cause.message : String(cause);
        return isHeldByOther(directory)
          ? DataDirectoryInUse.of(directory)
          : new EngineNotStarted({
              directory,
              message: `The embedded ClickHouse engine could not be started in ${directory}: ${text}`,
              cause,
            });
      },
    }),
    (session) => Effect.sync(() => session.close()),
  );

// The engine lets go of a failed statement, and of the memory it held, only with the session's next one.
const releasing = async <A>(session: Session, statement: () => Promise<A>): Promise<A> => {
  try {
    return await statement();
  } catch (error) {
    await session.queryAsync("SELECT 1").catch(() => undefined);
    throw error;
  }
};

// Parameters are set on the session, because the binding's own parameterised call runs only one at a time per process,
// so that one slow read would hold up every other. They are overwritten by the next use of the session.
const resultOn = (
  session: Session,
  sql: string,
  params: QueryParams,
  format: AnswerFormat | "JSONEachRow",
): Promise<ChdbResult> =>
  releasing(session, async () => {
    const setParams = setParamsStatement(params);
    if (setParams !== undefined) await session.queryAsync(setParams);
    return await session.queryAsync(sql, { format });
  });

const runOn = async (session: Session, sql: string, params: QueryParams = {}): Promise<string> =>
  (await resultOn(session, sql, params, "JSONEachRow")).text();

/** A statement that changes something: it is not cut short, and the session is free again when this ends. */
const write = (
  session: Session,
  sql: string,
  params?: QueryParams,
  guard: (statement: () => Promise<string>) => Promise<string> = (statement) => statement(),
): Effect.Effect<void, ClickHouseError> =>
  Effect.uninterruptible(
    Effect.asVoid(
      Effect.tryPromise({
        try: () => guard(() => runOn(session, sql, params)),
        catch: (error) => toClickHouseError(error),
      }),
    ),
  );

const KILL_INTERVAL_MS = 50;
let reads = 0;

// A native call has no handle to stop it by; the engine's own KILL QUERY finds it by its `log_comment`. It is repeated
// until the call has ended, since an early one may come before the query is known to the engine.
const killRead = async (killer: Session, mark: string, ended: Promise<unknown>) => {
  const settled = ended.then(
    () => true,
    () => true,
  );
  for (;;) {
    // A failed attempt is followed by the next one; in the end the read's own time limit ends it.
    await killer
      .queryAsync(`KILL QUERY WHERE Settings['log_comment'] = '${mark}' ASYNC`)
      .catch(() => undefined);
    if (await Promise.race([settled, Bun.sleep(KILL_INTERVAL_MS).then(() => false)])) return;
  }
};

// A message quotes the statement; the settings that were added to it would hide what matters.
const withoutSettings = (error: unknown, settings: string): unknown =>
  error instanceof Error ? new Error(error.message.replaceAll(settings, ""), { cause: error }) : error;

/** A bounded read. Interruption ends the query in the engine and waits until the session is free again. */
const read = (
  session: Session,
  killer: Session,
  sql: string,
  params: QueryParams,
  budget: QueryBudget,
  format: AnswerFormat | "JSONEachRow",
): Effect.Effect<ChdbResult, ClickHouseError> =>
  Effect.async((resume) => {
    reads += 1;
    const mark = `footfall read ${reads}`;
    const written = format === "JSONEachRow" ? {} : answerSettings[format];
    const settings = settingsClause({ ...written, ...readSettings(budget), log_comment: mark });
    const answer = resultOn(session, `${sql} ${settings}`, params, format);
    answer.then(
      (result) => resume(Effect.succeed(result)),
      (error) => resume(Effect.fail(toClickHouseError(withoutSettings(error, settings)))),
    );
    return Effect.promise(() => killRead(killer, mark, answer));
  });

const parseRows = <Row>(text: string): ReadonlyArray<Row> =>
  text === "" ? [] : (JSON.parse(`[${text.trimEnd().replaceAll("\n", ",")}]`) as ReadonlyArray<Row>);

// Parameters are part of a SET statement here, which the default limit of 256 KiB would cut off.
const prepare = (session: Session, database: string) =>
  Effect.zipRight(write(session, `USE ${database}`), write(session, "SET max_query_size = 67108864"));

/** ClickHouse in this process on `directory`: one session that writes, a few that read. */
export const makeEmbedded = (
  directory: string,
  database: string,
): Effect.Effect<ClickHouseShape, DataDirectoryInUse | EngineNotStarted | ClickHouseError, Scope.Scope> =>
  Effect.gen(function* () {
    const path = resolve(directory);
    yield* Effect.try({
      try: () => mkdirSync(path, { recursive: true }),
      catch: (cause) =>
        new EngineNotStarted({
          directory: path,
          message: `The data directory ${path} cannot be made: ${String(cause)}`,
          cause,
        }),
    });
    yield* lockDirectory(path);
    // Registered first, so it runs after every session is closed: a new engine cannot open before this one is gone.
    yield* Effect.addFinalizer(() => Effect.promise(drainPending));

    removeEmptyDefinitions(path, database, SCRATCH_PREFIX);
    const writer = yield* openSession(path);
    yield* write(writer, `CREATE DATABASE IF NOT EXISTS ${database}`);
    yield* prepare(writer, database);
    // Kills reads and guards merges: nothing on it takes long.
    const control = yield* openSession(path);
    const writerTurn = yield* Effect.makeSemaphore(1);
    // Statements on one session run one after the other, so reads have sessions of their own.
    const idleReaders = yield* Effect.replicateEffect(
      Effect.tap(openSession(path), (session) => prepare(session, database)),
      readerSessions,
    );
    const readerTurn = yield* Effect.makeSemaphore(readerSessions);

    const withReader = <A, E>(use: (session: Session) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
      readerTurn.withPermits(1)(
        Effect.acquireUseRelease(
          Effect.sync(() => idleReaders.pop() as Session),
          use,
          (session) => Effect.sync(() => void idleReaders.push(session)),
        ),
      );

    const guard = yield* makeMergeGuard({
      directory: path,
      database,
      ask: <Row extends object>(sql: string) =>
        Effect.tryPromise({
          try: () => runOn(control, sql),
          catch: (error) => toClickHouseError(error),
        }).pipe(Effect.map(parseRows<Row>)),
      ifNothingIsWritten: (use) => Effect.asVoid(writerTurn.withPermitsIfAvailable(1)(use)),
      // One after the other: all at once would wait for ever where reads come and go.
      withoutReads: (use) =>
        Array.from({ length: readerSessions }).reduce<typeof use>(
          (rest) => readerTurn.withPermits(1)(rest),
          use,
        ),
    });
    const inTurn = (statement: Effect.Effect<void, ClickHouseError>) =>
      writerTurn.withPermits(1)(Effect.zipRight(guard.mend, statement));
    const withRoom = <A>(statement: () => Promise<A>) => withSpace(path, statement, guard.suspect);

    return {
      engine: "embedded",
      database,
      createDatabase: Effect.void,
      query: <Row extends object>(sql: string, params: QueryParams = {}, budget = defaultBudget) =>
        withReader((session) => read(session, control, sql, params, budget, "JSONEachRow")).pipe(
          Effect.map((result) => parseRows<Row>(result.text())),
        ),
      queryAs: (format, sql, params = {}, budget = defaultBudget) =>
        withReader((session) => read(session, control, sql, params, budget, format)).pipe(
          Effect.map((result) => result.bytes()),
        ),
      command: (sql, params) => inTurn(write(writer, sql, params, withRoom)),
      insertRows: ({ table, columns, rows, token }) =>
        inTurn(
          Effect.uninterruptible(
            Effect.tryPromise({
              try: () =>
                withRoom(() =>
                  writer.insert({
                    table,
                    columns,
                    values: rows,
                    format: "JSONCompactEachRow",
                    settings: { ...insertSettings(token), ...insertThreads },
                  }),
                ),
              catch: (error) => toClickHouseError(error),
            }),
          ),
        ),
    };
  });

export const layerEmbedded = Layer.scoped(
  ClickHouse,
  Effect.flatMap(AppSettings, (settings) =>
    makeEmbedded(`${settings.dataDir}/clickhouse`, settings.clickhouseDatabase),
  ),
);
