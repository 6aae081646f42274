import { Readable } from "node:stream";
import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { Duration, Effect, Layer, Redacted, type Scope } from "effect";
import { AppSettings } from "../config.ts";
import {
  answerSettings,
  ClickHouse,
  type ClickHouseShape,
  defaultBudget,
  insertSettings,
  type QueryBudget,
  type QueryParams,
  readSettings,
} from "./clickhouse.ts";
import { ClickHouseError, toClickHouseError } from "./clickhouse-error.ts";

export interface ServerAddress {
  readonly url: string;
  readonly database: string;
  readonly username: string;
  readonly password: Redacted.Redacted;
}

/** An insert that has not been answered by then counts as unanswered and is sent again with the same token. */
const INSERT_TIMEOUT = Duration.minutes(1);

/** The server ends a read at its budget; its answer may take this much longer to come over. */
const READ_GRACE = Duration.seconds(5);

/** Changing a large table may take long; only a connection that hangs for good is given up. */
const COMMAND_TIMEOUT = Duration.hours(1);

const connect = (address: ServerAddress, database: string | undefined) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      // A user and password in the URL go before the settings of their own.
      const url = new URL(address.url);
      const username = decodeURIComponent(url.username) || address.username;
      const password = decodeURIComponent(url.password) || Redacted.value(address.password);
      url.username = "";
      url.password = "";
      return createClient({
        url,
        username,
        password,
        ...(database === undefined ? {} : { database }),
        request_timeout: Duration.toMillis(COMMAND_TIMEOUT),
        max_open_connections: 16,
        // Long lists of values go into the body: a server refuses URLs beyond its limit.
        use_multipart_params_auto: true,
        application: "footfall",
        // Failures come back as typed errors; the client's own log would print rows.
        log: { level: ClickHouseLogLevel.OFF },
      });
    }),
    (client) => Effect.promise(() => client.close()),
  );

// Without the user and password that a URL may carry.
const displayed = (url: string): string => {
  const { origin, pathname } = new URL(url);
  return pathname === "/" ? origin : origin + pathname;
};

/** A server closes idle connections, sometimes just when one is used again; what only reads is then asked once more. */
export const READ_ATTEMPTS = 2;

/** The id an insert runs under on the server: as long as it is running, a second one with its token is refused. */
const insertQueryId = (database: string, token: string): string =>
  `footfall-${database}-${encodeURIComponent(token)}`;

const settingsOf = (budget: QueryBudget) => ({
  ...readSettings(budget),
  cancel_http_readonly_queries_on_client_close: 1 as const,
  // Otherwise a failure after the first rows comes in the middle of a 200.
  wait_end_of_query: 1 as const,
});

/** ClickHouse on a server, over HTTP. Nothing is sent before the first statement. */
export const makeServer = (address: ServerAddress): Effect.Effect<ClickHouseShape, never, Scope.Scope> =>
  Effect.map(connect(address, address.database), (client) => {
    const shown = displayed(address.url);
    const request = <A>(
      send: (signal: AbortSignal) => Promise<A>,
      timeout: Duration.Duration,
      attempts = 1,
    ) =>
      Effect.tryPromise({ try: send, catch: (error) => toClickHouseError(error, shown) }).pipe(
        Effect.retry({ times: attempts - 1, while: ({ code }) => code === undefined }),
        Effect.timeoutFail({
          duration: timeout,
          onTimeout: () =>
            new ClickHouseError({
              failure: "unavailable",
              retryable: true,
              code: undefined,
              message: `ClickHouse at ${shown} has not answered within ${Duration.format(timeout)}`,
            }),
        }),
      );

    // Asked first, because a user who may use a database need not be allowed to create one.
    const createDatabase = Effect.gen(function* () {
      const outside = yield* connect(address, undefined);
      const found = yield* request(async (signal) => {
        const result = await outside.query({
          query: "SELECT name FROM system.databases WHERE name = {name:String}",
          query_params: { name: address.database },
          format: "JSONEachRow",
          abort_signal: signal,
        });
        return await result.json();
      }, COMMAND_TIMEOUT);
      if (found.length > 0) return;
      yield* request(
        (signal) =>
          outside.command({
            query: `CREATE DATABASE IF NOT EXISTS ${address.database}`,
            abort_signal: signal,
          }),
        COMMAND_TIMEOUT,
      );
    });

    return {
      engine: "server",
      database: address.database,
      createDatabase: Effect.scoped(createDatabase),
      query: <Row extends object>(sql: string, params: QueryParams = {}, budget = defaultBudget) =>
        request(
          async (signal) => {
            const result = await client.query({
              query: sql,
              query_params: params,
              format: "JSONEachRow",
              clickhouse_settings: settingsOf(budget),
              abort_signal: signal,
            });
            return await result.json<Row>();
          },
          Duration.sum(Duration.seconds(budget.maxSeconds), READ_GRACE),
          READ_ATTEMPTS,
        ),
      queryAs: (format, sql, params = {}, budget = defaultBudget) =>
        request(
          async (signal) => {
            const { stream } = await client.exec({
              query: `${sql} FORMAT ${format}`,
              query_params: params,
              clickhouse_settings: { ...answerSettings[format], ...settingsOf(budget) },
              abort_signal: signal,
            });
            const parts: Array<Buffer> = [];
            for await (const part of stream) parts.push(part as Buffer);
            return Buffer.concat(parts);
          },
          Duration.sum(Duration.seconds(budget.maxSeconds), READ_GRACE),
          READ_ATTEMPTS,
        ),
      command: (sql, params = {}) =>
        request(
          (signal) =>
            client.command({
              query: sql,
              query_params: params,
              clickhouse_settings: { wait_end_of_query: 1 },
              abort_signal: signal,
            }),
          COMMAND_TIMEOUT,
        ),
      // Interrupting an insert closes its connection and leaves open whether it was stored, as a lost answer does: a
      // stop of the service must not wait for a server that hangs.
      insertRows: ({ table, columns, rows, token }) =>
        request(async (signal) => {
          // `client.insert` would encode values; `exec` passes the bytes on as they are.
          const { stream } = await client.exec({
            query: `INSERT INTO ${table} (${columns.join(", ")}) FORMAT JSONCompactEachRow`,
            values: Readable.from([rows], { objectMode: false }),
            query_id: insertQueryId(address.database, token),
            clickhouse_settings: { ...insertSettings(token), wait_end_of_query: 1 },
            abort_signal: signal,
          });
          for await (const _ of stream) {
            // The answer is empty; its end says that the rows are in.
          }
        }, INSERT_TIMEOUT),
    };
  });

export const layerServer = (url: string) =>
  Layer.scoped(
    ClickHouse,
    Effect.flatMap(AppSettings, (settings) =>
      makeServer({
        url,
        database: settings.clickhouseDatabase,
        username: settings.clickhouseUsername,
        password: settings.clickhousePassword,
      }),
    ),
  );
