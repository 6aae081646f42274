import { SCRATCH_PREFIX } from "../../../src/store/clickhouse.ts";
import { removeEmptyDefinitions } from "../../../src/store/disk-space.ts";
import { type ClickHouseHttp, startClickHouseHttp } from "../../../src/testing/clickhouse-http/start.ts";

const DATABASE = "analytics";

/** Tables of the service's writer, and of the failing view. */
const SCRATCH = [
  SCRATCH_PREFIX,
  "a_chaos",
  "chaos_sink",
  "landing_to_e_chaos",
  "landing_to_f_chaos",
  "z_chaos",
];

/** Sends one statement to a ClickHouse HTTP interface and returns the text of its answer. */
export const ask = async (url: string, sql: string): Promise<string> => {
  const query = new URLSearchParams({ database: DATABASE, output_format_json_quote_64bit_integers: "0" });
  const response = await fetch(`${url}/?${query}`, { method: "POST", body: sql });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
};

/** Opens the tables of a directory that no other process has open. */
export const withTables = async <A>(path: string, use: (url: string) => Promise<A>): Promise<A> => {
  const engine = await startClickHouseHttp({ path });
  try {
    return await use(engine.url);
  } finally {
    await engine.stop();
  }
};

/** The stand-in for a ClickHouse server, which crashes and comes back on the same directory and port. */
export interface EngineProcess {
  readonly url: () => string;
  readonly pid: () => number;
  readonly isUp: () => boolean;
  /** Ends it at once, as a crash would. */
  readonly kill: () => Promise<void>;
  /** Comes back on the same directory and port; nothing if it is up. */
  readonly start: () => Promise<void>;
  readonly stop: () => Promise<void>;
  readonly crashes: () => number;
}

export const openEngine = async (path: string): Promise<EngineProcess> => {
  let crashes = 0;
  let engine: ClickHouseHttp | undefined = await startClickHouseHttp({ path });
  let { url, pid } = engine;
  const port = Number(new URL(url).port);
  let starting: Promise<void> | undefined;

  const restart = async (): Promise<void> => {
    // A full disk may keep it from starting until there is room again.
    for (let attempt = 0; engine === undefined; attempt++) {
      try {
        // What an operator has to do by hand where a full disk has left a definition empty.
        for (const prefix of SCRATCH) removeEmptyDefinitions(path, DATABASE, prefix);
        engine = await startClickHouseHttp({ path, port });
      } catch (error) {
        if (attempt >= 40) throw error;
        await Bun.sleep(250);
      }
    }
    ({ url, pid } = engine);
  };

  return {
    url: () => url,
    pid: () => pid,
    isUp: () => engine !== undefined,
    kill: async () => {
      const killed = engine;
      engine = undefined;
      if (killed === undefined) return;
      crashes++;
      await killed.kill();
    },
    start: () => {
      starting ??= restart().finally(() => {
        starting = undefined;
      });
      return starting;
    },
    stop: async () => {
      await starting;
      await engine?.stop();
      engine = undefined;
    },
    crashes: () => crashes,
  };
};
