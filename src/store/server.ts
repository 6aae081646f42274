import { Readable } from "node:stream";
import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { Effect, Layer, Redacted, type Scope } from "effect";
import { AppSettings } from "../config.ts";
import {
  ClickHouse,
  type ClickHouseShape,
  defaultBudget,
  insertSettings,
  type QueryParams,
  readSettings,
} from "./clickhouse.ts";
import { toClickHouseError } from "./clickhouse-error.ts";

export interface ServerAddress {
  readonly url: string;
  readonly database: string;
  readonly username: string;
  readonly password: Redacted.Redacted;
}

/** An insert that has not been answered by then counts as unanswered and is sent again with the same token. */
const INSERT_TIMEOUT_MS = 60_000;

const connect = (address: ServerAddress, database: string | undefined) =>
  Effect.acquireRelease(
    Effect.sync(() =>
      createClient({
        url: address.url,
        username: address.username,
        password: Redacted.value(address.password),
        ...(database === undefined ? {} : { database }),
        request_timeout: INSERT_TIMEOUT_MS,
        max_open_connections: 16,
        application: "footfall",
        // Failures come back as typed errors; the client's own log would print rows.
        log: { level: ClickHouseLogLevel.OFF },
      }),
    ),
    (client) => Effect.promise(() => client.close()),
  );

/** ClickHouse on a server, over HTTP. Nothing is sent before the first statement. */
export const makeServer = (address: ServerAddress): Effect.Effect<ClickHouseShape, never, Scope.Scope> =>
  Effect.map(connect(address, address.database), (client) => ({
    engine: "server",
    database: address.database,
    createDatabase: Effect.scoped(
      Effect.flatMap(connect(address, undefined), (outside) =>
        Effect.tryPromise({
          try: () => outside.command({ query: `CREATE DATABASE IF NOT EXISTS ${address.database}` }),
          catch: toClickHouseError,
        }),
      ),
    ),
    query: <Row extends object>(sql: string, params: QueryParams = {}, budget = defaultBudget) =>
      Effect.tryPromise({
        try: async (signal) => {
          const result = await client.query({
            query: sql,
            query_params: params,
            format: "JSONEachRow",
            clickhouse_settings: { ...readSettings(budget), cancel_http_readonly_queries_on_client_close: 1 },
            abort_signal: signal,
          });
          return await result.json<Row>();
        },
        catch: toClickHouseError,
      }),
    command: (sql, params = {}) =>
      Effect.tryPromise({
        try: (signal) =>
          client.command({
            query: sql,
            query_params: params,
            clickhouse_settings: { wait_end_of_query: 1 },
            abort_signal: signal,
          }),
        catch: toClickHouseError,
      }),
    insertRows: ({ table, columns, rows, token }) =>
      Effect.tryPromise({
        try: (signal) =>
          client.insert({
            table,
            columns: columns as [string, ...Array<string>],
            values: Readable.from([rows], { objectMode: false }),
            format: "JSONCompactEachRow",
            clickhouse_settings: { ...insertSettings(token), wait_end_of_query: 1 },
            abort_signal: signal,
          }),
        catch: toClickHouseError,
      }),
  }));

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
