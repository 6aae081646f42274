import { Layer, ManagedRuntime } from "effect";
import { buildTracker } from "../../../src/client/tracker/build.ts";
import { AppSettings, layerSettings } from "../../../src/config.ts";
import { makeApp } from "../../../src/http/app.ts";
import { layerClickHouse, layerMigrated, layerStages } from "../../../src/layers.ts";
import { ClickHouse } from "../../../src/store/clickhouse.ts";
import { memoryOf } from "../memory.ts";
import { mergesEnded } from "../merges.ts";
import { clockFrom } from "./clock.ts";
import { measure } from "./measure.ts";
import { dashboardQuestions } from "./questions.ts";
import type { ServiceResult } from "./result.ts";
import { recording } from "./statements.ts";

// The service on a seeded and sealed DATA_DIR, at the moment at which its data ends; prints what its routes take as JSON.
const untilMs = Number(process.argv[2]);
const MERGES_SECONDS = 600;
const adminKey = process.env.ADMIN_API_KEY ?? "";

const engine = ManagedRuntime.make(Layer.provideMerge(layerClickHouse, layerSettings));
const clickhouse = await engine.runPromise(ClickHouse);
const { recorder, statementsOf } = recording(clickhouse);
const live = ManagedRuntime.make(
  layerStages.pipe(
    Layer.provideMerge(layerMigrated),
    Layer.provideMerge(Layer.succeed(ClickHouse, recorder)),
    Layer.provideMerge(layerSettings),
    Layer.provideMerge(clockFrom(untilMs)),
  ),
);
const app = makeApp({
  runtime: await live.runtime(),
  settings: await live.runPromise(AppSettings),
  tracker: await buildTracker(),
  stopping: () => false,
}).listen({ port: 0, hostname: "127.0.0.1" });
const origin = `http://127.0.0.1:${app.server?.port}`;

// What seeding and sealing left to do.
await engine.runPromise(mergesEnded(clickhouse, MERGES_SECONDS));

const most = async (column: string, condition: string): Promise<string> => {
  const [row] = await engine.runPromise(
    clickhouse.query<{ value: string }>(
      `SELECT ${column} AS value FROM events WHERE ${condition} GROUP BY value ORDER BY count() DESC, value LIMIT 1`,
    ),
  );
  if (row === undefined) throw new Error("There are no events.");
  return row.value;
};
const dayBefore = new Date(untilMs - 86_400_000).toISOString().slice(0, 19).replace("T", " ");
const recent = `occurred_at > '${dayBefore}' AND event_type = 'page_view'`;
const site = await most("site_id", recent);
const page = await most("page_path", `${recent} AND site_id = '${site}'`);

const { questions, missing, askRaw } = await measure(dashboardQuestions({ untilMs, site, page }), {
  ask: ({ path, body }) =>
    fetch(`${origin}${path}`, {
      headers: { "x-admin-key": adminKey, "content-type": "application/json" },
      ...(body === undefined ? {} : { method: "POST", body: JSON.stringify(body) }),
    }),
  run: (effect) => live.runPromise(effect),
  statementsOf,
});
// What is asked of single events for comparison is not the service's own work.
const peakBytes = memoryOf(process.pid, "peak");
await askRaw();
console.log(JSON.stringify({ peakBytes, questions: questions(), missing } satisfies ServiceResult));
process.exit(0);
