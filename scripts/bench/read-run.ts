import { Effect, ManagedRuntime } from "effect";
import { buildTracker } from "../../src/client/tracker/build.ts";
import { AppSettings } from "../../src/config.ts";
import { makeApp } from "../../src/http/app.ts";
import { layerLive } from "../../src/layers.ts";
import type { AnswerOptions } from "../../src/stats/answer.ts";
import { decodeTimeseriesQuery } from "../../src/stats/parameters/query.ts";
import { decodePostsQuery, postStats } from "../../src/stats/posts.ts";
import { timeseries } from "../../src/stats/timeseries.ts";
import { decodeWidgetsQuery, widgetStats } from "../../src/stats/widgets.ts";
import { ClickHouse, type ClickHouseShape, type QueryParams } from "../../src/store/clickhouse.ts";
import { median, type Row } from "./table.ts";

// Runs on a seeded DATA_DIR, in one process with the engine, and prints its rows as JSON.
const ROUNDS = 25;
const ADMIN_KEY = "bench";
process.env.ADMIN_API_KEY = ADMIN_KEY;

const runtime = ManagedRuntime.make(layerLive);
const settings = await runtime.runPromise(AppSettings);
const clickhouse = await runtime.runPromise(ClickHouse);
const app = makeApp({
  runtime: await runtime.runtime(),
  settings,
  tracker: await buildTracker(),
  stopping: () => false,
});
app.listen({ port: 0, hostname: "127.0.0.1" });
const origin = `http://127.0.0.1:${app.server?.port}`;

const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
const range = (days: number) => `from=${day(days - 1)}&to=${day(0)}`;

type Ask = (
  params: URLSearchParams,
  options: AnswerOptions,
) => Effect.Effect<unknown, unknown, ClickHouse | AppSettings>;
const asks: Record<string, Ask> = {
  widgets: (params, options) =>
    Effect.flatMap(decodeWidgetsQuery(params), (query) => widgetStats(query, options)),
  posts: (params, options) => Effect.flatMap(decodePostsQuery(params), (query) => postStats(query, options)),
  timeseries: (params, options) =>
    Effect.flatMap(decodeTimeseriesQuery(params), (query) => timeseries(query, options)),
};

const questions: ReadonlyArray<readonly [route: string, query: string]> = [
  ["widgets", range(30)],
  ["posts", range(30)],
  ["timeseries", `${range(30)}&interval=day`],
  ["timeseries", `${range(7)}&interval=hour&timezone=Europe/Berlin`],
];

const timed = async (work: () => Promise<unknown>): Promise<number> => {
  await work();
  const times: Array<number> = [];
  for (let round = 0; round < ROUNDS; round++) {
    const started = performance.now();
    await work();
    times.push(performance.now() - started);
  }
  return median(times);
};

/** The statement that a question becomes. */
const statementOf = async (ask: Effect.Effect<unknown, unknown, ClickHouse | AppSettings>) => {
  let seen: readonly [sql: string, params: QueryParams | undefined] | undefined;
  const spy: ClickHouseShape = {
    ...clickhouse,
    query: (sql, params, budget) => {
      seen = [sql, params];
      return clickhouse.query(sql, params, budget);
    },
  };
  await runtime.runPromise(Effect.provideService(ask, ClickHouse, spy));
  if (seen === undefined) throw new Error("the question asked nothing");
  return seen;
};

const rows: Array<Row> = [];
for (const [route, query] of questions) {
  const ask = asks[route] as Ask;
  const params = new URLSearchParams(query);
  const [sql, values] = await statementOf(ask(params, {}));
  const [rawSql, rawValues] = await statementOf(ask(params, { table: "raw" }));
  const http = await timed(async () => {
    const response = await fetch(`${origin}/v1/stats/${route}?${query}`, {
      headers: { "x-admin-key": ADMIN_KEY },
    });
    if (response.status !== 200)
      throw new Error(`${route} answered ${response.status}: ${await response.text()}`);
    await response.json();
  });
  const direct = await timed(() => runtime.runPromise(clickhouse.query(sql, values)));
  const raw = await timed(() => runtime.runPromise(clickhouse.query(rawSql, rawValues)));
  rows.push({
    name: `read ${route}?${query.replaceAll(/(from|to)=[^&]*&?/g, "")}`,
    measured: `p50 ${http.toFixed(1)} ms`,
    against: `its SQL ${direct.toFixed(1)} ms; raw events ${raw.toFixed(1)} ms`,
    ratio: `${(http / direct).toFixed(2)}; ${(direct / raw).toFixed(2)}`,
  });
}
console.log(JSON.stringify(rows));
process.exit(0);
