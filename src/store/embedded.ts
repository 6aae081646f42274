import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { type ChdbResult, drainPending, Session } from "chdb";
import { Data, Effect, Layer, type Scope } from "effect";
import { AppSettings } from "../config.ts";
import {
  ClickHouse,
  type ClickHouseShape,
  defaultBudget,
  insertSettings,
  type QueryParams,
  readSettings,
  settingsClause,
} from "./clickhouse.ts";
import { type ClickHouseError, toClickHouseError } from "./clickhouse-error.ts";

/** Another process holds the data directory; there is one process per directory. */
export class DataDirectoryInUse extends Data.TaggedError("DataDirectoryInUse")<{
  readonly directory: string;
  readonly message: string;
}> {}

/** The engine did not start on this directory. */
export class EngineNotStarted extends Data.TaggedError("EngineNotStarted")<{
  readonly directory: string;
  readonly message: string;
  readonly cause: unknown;
}> {}

/** Queries on one session run one after the other, so reads have sessions of their own. */
const READER_SESSIONS = 4;

const openSession = (
  directory: string,
): Effect.Effect<Session, DataDirectoryInUse | EngineNotStarted, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.try({
      try: () => new Session(directory),
      catch: (cause) => {
        const text = cause instanceof Error ? cause.message : String(cause);
        return text.includes("Cannot lock file")
          ? new DataDirectoryInUse({
              directory,
              message: `Another Footfall process is using the data directory ${directory}. Stop it, or set DATA_DIR to another directory.`,
            })
          : new EngineNotStarted({
              directory,
              message: `The embedded ClickHouse engine could not be started in ${directory}: ${text}`,
              cause,
            });
      },
    }),
    (session) => Effect.sync(() => session.close()),
  );

const definedParams = (params: QueryParams): Record<string, unknown> =>
  Object.fromEntries(Object.entries(params).filter(([, value]) => value !== undefined));

// A native call cannot be cut short, and its session stays busy until it ends. It is therefore never interrupted: the
// session goes back to the pool when it is really free, and `max_execution_time` bounds the wait.
const run = (
  session: Session,
  sql: string,
  params: QueryParams | undefined,
): Effect.Effect<ChdbResult, ClickHouseError> =>
  Effect.uninterruptible(
    Effect.tryPromise({
      try: () =>
        params === undefined
          ? session.queryAsync(sql, { format: "JSONEachRow" })
          : session.queryBindAsync(sql, definedParams(params), { format: "JSONEachRow" }),
      catch: toClickHouseError,
    }),
  );

const parseRows = <Row>(text: string): ReadonlyArray<Row> =>
  text === "" ? [] : (JSON.parse(`[${text.trimEnd().replaceAll("\n", ",")}]`) as ReadonlyArray<Row>);

/** ClickHouse in this process on `directory`: one session that writes, a few that read. */
export const makeEmbedded = (
  directory: string,
  database: string,
): Effect.Effect<ClickHouseShape, DataDirectoryInUse | EngineNotStarted | ClickHouseError, Scope.Scope> =>
  Effect.gen(function* () {
    const path = resolve(directory);
    mkdirSync(path, { recursive: true });
    // Registered first, so it runs after every session is closed: a new engine cannot open before this one is gone.
    yield* Effect.addFinalizer(() => Effect.promise(drainPending));

    const openIn = Effect.tap(openSession(path), (session) => run(session, `USE ${database}`, undefined));
    const first = yield* openSession(path);
    yield* run(first, `CREATE DATABASE IF NOT EXISTS ${database}`, undefined);
    yield* run(first, `USE ${database}`, undefined);
    const writerTurn = yield* Effect.makeSemaphore(1);
    const idleReaders = yield* Effect.replicateEffect(openIn, READER_SESSIONS);
    const readerTurn = yield* Effect.makeSemaphore(READER_SESSIONS);

    const withReader = <A, E>(use: (session: Session) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
      readerTurn.withPermits(1)(
        Effect.acquireUseRelease(
          Effect.sync(() => idleReaders.pop() as Session),
          use,
          (session) => Effect.sync(() => void idleReaders.push(session)),
        ),
      );

    return {
      engine: "embedded",
      database,
      createDatabase: Effect.void,
      query: <Row extends object>(sql: string, params?: QueryParams, budget = defaultBudget) =>
        withReader((session) => run(session, `${sql} ${settingsClause(readSettings(budget))}`, params)).pipe(
          Effect.map((result) => parseRows<Row>(result.text())),
        ),
      command: (sql, params) => writerTurn.withPermits(1)(Effect.asVoid(run(first, sql, params))),
      insertRows: ({ table, columns, rows, token }) =>
        writerTurn.withPermits(1)(
          Effect.uninterruptible(
            Effect.tryPromise({
              try: () =>
                first.insert({
                  table,
                  columns,
                  values: rows,
                  format: "JSONCompactEachRow",
                  settings: insertSettings(token),
                }),
              catch: toClickHouseError,
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
