import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Fault } from "../clickhouse-http/faults.ts";
import { startClickHouseHttp } from "../clickhouse-http/start.ts";

/** Where a service keeps its events, over several of its lives. */
export interface Storage extends AsyncDisposable {
  readonly engine: "embedded" | "server";
  /** The settings that lead a service to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Rows as they lie there. Embedded, no service may be running: one process holds the directory. */
  readonly rows: <Row>(sql: string) => Promise<ReadonlyArray<Row>>;
  /** Lets the coming statements fail; only where a server stands in for the real one. */
  readonly fault: (fault: Fault | undefined) => Promise<void>;
}

const ask = async <Row>(
  url: string,
  database: string,
  sql: string,
  headers: Record<string, string> = {},
): Promise<ReadonlyArray<Row>> => {
  const query = `database=${database}&output_format_json_quote_64bit_integers=0&default_format=JSONEachRow`;
  const response = await fetch(`${url}/?${query}`, { method: "POST", body: sql, headers });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Row);
};

const openEmbedded = (): Storage => {
  const dataDir = mkdtempSync(join(tmpdir(), "footfall-storage-"));
  return {
    engine: "embedded",
    env: { DATA_DIR: dataDir },
    rows: async (sql) => {
      const engine = await startClickHouseHttp({ path: join(dataDir, "clickhouse") });
      try {
        return await ask(engine.url, "analytics", sql);
      } finally {
        await engine.stop();
      }
    },
    fault: () => Promise.reject(new Error("The embedded engine has no connection that could fail")),
    [Symbol.asyncDispose]: async () => rmSync(dataDir, { recursive: true, force: true }),
  };
};

const openRealServer = (url: string): Storage => {
  const dataDir = mkdtempSync(join(tmpdir(), "footfall-storage-"));
  const database = `test_${crypto.randomUUID().replaceAll("-", "")}`;
  const username = process.env.CLICKHOUSE_TEST_USERNAME ?? "default";
  const password = process.env.CLICKHOUSE_TEST_PASSWORD ?? "";
  const headers = { "x-clickhouse-user": username, "x-clickhouse-key": password };
  return {
    engine: "server",
    env: {
      DATA_DIR: dataDir,
      CLICKHOUSE_URL: url,
      CLICKHOUSE_DATABASE: database,
      CLICKHOUSE_USERNAME: username,
      CLICKHOUSE_PASSWORD: password,
      AUTO_MIGRATE: "1",
    },
    rows: (sql) => ask(url, database, sql, headers),
    fault: () => Promise.reject(new Error("A real server does not fail on demand")),
    [Symbol.asyncDispose]: async () => {
      await ask(url, "default", `DROP DATABASE IF EXISTS ${database} SYNC`, headers);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

const openStandIn = async (): Promise<Storage> => {
  const dataDir = mkdtempSync(join(tmpdir(), "footfall-storage-"));
  const server = await startClickHouseHttp();
  return {
    engine: "server",
    env: { DATA_DIR: dataDir, CLICKHOUSE_URL: server.url, AUTO_MIGRATE: "1" },
    rows: (sql) => ask(server.url, "analytics", sql),
    fault: server.fault,
    [Symbol.asyncDispose]: async () => {
      await server.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
};

/**
 * An empty place for events. `server` is the one that `CLICKHOUSE_TEST_URL` names, with a database of its own, else the
 * embedded engine behind the HTTP interface in a child process.
 */
export const openStorage = async (engine: "embedded" | "server"): Promise<Storage> => {
  if (engine === "embedded") return openEmbedded();
  const url = process.env.CLICKHOUSE_TEST_URL;
  return url === undefined ? openStandIn() : openRealServer(url);
};
