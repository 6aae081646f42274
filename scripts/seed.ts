import { Data, Effect, Schedule } from "effect";
import { AppSettings, type Settings } from "../src/config.ts";
import { DEFAULT_PROJECT } from "../src/domain/project.ts";
import { instantOf } from "../src/ingest/batch.ts";
import { ClickHouse } from "../src/store/clickhouse.ts";
import { eventColumns, numberRows } from "../src/store/event-row.ts";
import { migrate, requireMigrated } from "../src/store/migrator.ts";
import { type TrafficRows, trafficRows } from "../src/testing/traffic/rows.ts";
import { makeTally } from "../src/testing/traffic/tally.ts";
import { makeTraffic } from "../src/testing/traffic/traffic.ts";
import { latestBatch } from "../src/writer/batch-number.ts";
import { runScript } from "./run.ts";
import { type Example, exampleNames, findExample } from "./seed/examples.ts";
import { day, grouped, makeProgress, plural } from "./seed/progress.ts";

const usage = `bun run seed [--events 1000000] [--days 90] [--seed 1] [--sites 20] [--until <time>] [--example tax]

Fills the database with believable traffic: sites of unequal size, posts by Zipf's law, phones in widgets, visitors who
come back, crawlers, days and weeks with their rhythm. Rows are those that the service would have stored.

  --events N    events to make, 1 to 1000000000             [1000000]
  --days N      days they are spread over, 1 to 3650; no more than RAW_RETENTION_DAYS   [90]
  --seed N      other numbers give other traffic            [1]
  --sites N     sites, 1 to 1000                            [20]
  --until T     when it ends, such as 2026-01-31 or 2026-01-31T08:00:00Z   [now]
  --example E   traffic of a certain kind instead, with funnels for it; --events and --sites are then its own.
                tax: people file tax returns; keeps the funnels MRI, TOT and NIL, whose numbers are known

The same seed, events, days, sites and --until give the same rows. Running it again adds to what is there; take another
--seed then. Works on the embedded engine in DATA_DIR, or on the server that CLICKHOUSE_URL names; stop the service first.`;

const DAY_MS = 86_400_000;
const BATCH_ROWS = 50_000;
/** Between two chunks the event loop gets its turn, for signals and for an insert under way. */
const CHUNK_ROWS = 2_500;

interface Arguments {
  events: number;
  days: number;
  seed: number;
  sites: number;
  until: number;
  example: Example | undefined;
}

/** What was asked for cannot be done; the message says why. */
class SeedRefused extends Data.TaggedError("SeedRefused")<{ readonly message: string }> {}

/** Somebody ended it early; what was stored by then stays. */
class SeedStopped extends Data.TaggedError("SeedStopped")<{ readonly message: string }> {}

const bounds = {
  events: [1, 1_000_000_000],
  days: [1, 3650],
  seed: [0, Number.MAX_SAFE_INTEGER],
  sites: [1, 1000],
} as const;

const wrong = (message: string): never => {
  console.error(`${message}\nSee: bun run seed --help`);
  process.exit(2);
};

const readArguments = (given: ReadonlyArray<string>, now: number): Arguments => {
  const read: Arguments = { events: 1_000_000, days: 90, seed: 1, sites: 20, until: now, example: undefined };
  const own = new Set<string>();
  for (let i = 0; i < given.length; i++) {
    const [flag = "", inline] = (given[i] ?? "").split(/=(.*)/s, 2);
    if (flag === "--help" || flag === "-h") {
      console.log(usage);
      process.exit(0);
    }
    const name = (["events", "days", "seed", "sites", "until"] as const).find(
      (known) => flag === `--${known}`,
    );
    if (flag === "--example") {
      const value = inline ?? given[++i];
      read.example = findExample(value);
      if (read.example === undefined)
        return wrong(`--example takes ${exampleNames}, not ${value ?? "nothing"}.`);
      continue;
    }
    if (name === undefined) return wrong(`Unknown argument ${flag}.`);
    own.add(name);
    const value = inline ?? given[++i];
    if (name === "until") {
      const until = instantOf(value);
      if (until === undefined)
        return wrong(`--until takes a time such as 2026-01-31, not ${value ?? "nothing"}.`);
      if (until > now) return wrong(`--until must not be in the future, as ${value} is.`);
      read.until = until;
      continue;
    }
    const [least, most] = bounds[name];
    const number = /^\d[\d_]*$/.test(value ?? "") ? Number(value?.replaceAll("_", "")) : Number.NaN;
    if (!(number >= least && number <= most)) {
      return wrong(`--${name} takes a whole number from ${least} to ${most}, not ${value ?? "nothing"}.`);
    }
    read[name] = number;
  }
  if (read.example !== undefined && (own.has("events") || own.has("sites"))) {
    return wrong("--example has its own events and sites; leave --events and --sites out.");
  }
  return read;
};

/**
 * The days that will still be there: raw events beyond the retention would be deleted again at the next merge, while
 * the rollups would go on counting them. Whole days, so that a repeated run gives the same rows.
 */
const keptDays = ({ days, until, example }: Arguments, { rawRetentionDays }: Settings, now: number) => {
  const room = rawRetentionDays - (now - until) / DAY_MS;
  const kept = Math.min(days, Math.floor(room));
  if (example !== undefined && kept < example.minimumDays) {
    return new SeedRefused({
      message: `The example needs ${example.minimumDays} days that are kept; there are ${Math.max(0, kept)}.`,
    });
  }
  if (kept < 1) {
    return new SeedRefused({
      message: `Events from before ${new Date(until).toISOString()} would not be kept: RAW_RETENTION_DAYS is ${rawRetentionDays}.`,
    });
  }
  if (kept < days) {
    console.log(
      `RAW_RETENTION_DAYS is ${rawRetentionDays}, and rollups must not count what the raw events no longer hold: making ${plural(kept, "day")} instead of ${days}.`,
    );
  }
  // An hour's grace, or the first events would be gone before the last ones are stored.
  return Effect.succeed(kept + 1 / 24 > room ? kept - 1 / 24 : kept);
};

const stopOnSignal = (): (() => boolean) => {
  let stopped = false;
  const stop = () => {
    if (stopped) process.exit(130);
    stopped = true;
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return () => stopped;
};

const howToLook = (
  { adminApiKey, dataDir, port }: Settings,
  from: number,
  until: number,
  paths: ReadonlyArray<string>,
): string => {
  const directory = /^[\w./-]+$/.test(dataDir) ? dataDir : `'${dataDir.replaceAll("'", "'\\''")}'`;
  const key = adminApiKey === undefined ? `$(cat ${directory}/admin.key)` : "$ADMIN_API_KEY";
  const range = `from=${day(from)}&to=${day(until)}`;
  const addressOf = (path: string) =>
    `http://localhost:${port}${path}${path.includes("?") ? "&" : "?"}${range}`;
  return [
    "Look at it: bun start, and then",
    ...paths.map((path) => `  curl -H "x-admin-key: ${key}" "${addressOf(path)}"`),
  ].join("\n");
};

/** Chunks gathered into one insert; undefined after the last. */
const nextBatch = (chunks: Iterator<TrafficRows, void>) =>
  Effect.gen(function* () {
    const taken: Array<TrafficRows> = [];
    while (taken.length < BATCH_ROWS / CHUNK_ROWS) {
      const chunk = chunks.next();
      if (chunk.done) break;
      taken.push(chunk.value);
      yield* Effect.promise(() => Bun.sleep(0));
    }
    if (taken.length === 0) return undefined;
    return { chunks: taken, rows: Buffer.concat(taken.map(({ rows }) => rows)) };
  });

const seed = (asked: Arguments, now: number) =>
  Effect.gen(function* () {
    const settings = yield* AppSettings;
    const clickhouse = yield* ClickHouse;
    const days = yield* keptDays(asked, settings, now);
    const from = asked.until - days * DAY_MS;
    yield* settings.clickhouseUrl === undefined || settings.autoMigrate ? migrate(settings) : requireMigrated;
    const [held] = yield* clickhouse.query<{ events: number }>("SELECT count() AS events FROM events");
    if (held !== undefined && held.events > 0) {
      console.log(`The database holds ${plural(held.events, "event")} already; these come on top.`);
    }
    const isStopped = stopOnSignal();
    const { tally, add } = makeTally();
    const example = asked.example?.make({ seed: asked.seed, days, until: asked.until });
    const total = example?.events ?? asked.events;
    const progress = makeProgress(total);

    const reportFailure = () => {
      progress.end();
      if (tally.events > 0) console.log(`Stored until then: ${plural(tally.events, "event")}.`);
    };

    // Two runs must not have a token in common, or the second one's rows would be taken for a repetition.
    const run = crypto.randomUUID();
    let batch = yield* latestBatch;
    const insert = (rows: Buffer) =>
      Effect.suspend(() => {
        batch++;
        numberRows(rows, batch);
        return clickhouse
          .insertRows({ table: "landing", columns: eventColumns, rows, token: `${run}:${batch}` })
          .pipe(
            Effect.retry({
              schedule: Schedule.exponential("200 millis"),
              times: 5,
              while: ({ retryable }) => retryable,
            }),
            Effect.tapError(() => Effect.sync(reportFailure)),
          );
      });
    const traffic = example?.traffic ?? makeTraffic({ ...asked, days });
    const chunks = trafficRows(traffic, {
      seed: asked.seed,
      project: DEFAULT_PROJECT,
      chunkRows: CHUNK_ROWS,
    });
    progress.show(0);
    let next = yield* nextBatch(chunks);
    while (next !== undefined && !isStopped()) {
      const current = next;
      // The insert begins first and runs outside of JavaScript's thread while the next batch is made.
      [, next] = yield* Effect.all([insert(current.rows), nextBatch(chunks)], { concurrency: 2 });
      for (const chunk of current.chunks) add(chunk.requests);
      progress.show(tally.events);
    }
    const seconds = progress.seconds();
    progress.end();
    if (next !== undefined) {
      return yield* new SeedStopped({
        message: `Stopped: ${grouped(tally.events)} of ${grouped(total)} events are stored.`,
      });
    }
    console.log(
      `Stored ${plural(tally.events, "event")} in ${seconds.toFixed(1)} s (${grouped(tally.events / seconds)} rows/s), ${day(from)} to ${day(asked.until)}:\n` +
        `${plural(tally.visitors, "visitor")} in ${plural(tally.sessions, "session")} on ${plural(tally.sites.size, "site")} with ${plural(tally.posts.size, "post")} seen; ${((tally.crawled / tally.events) * 100).toFixed(1)} % of the events by crawlers.\n`,
    );
    if (example !== undefined) console.log(yield* example.keep(DEFAULT_PROJECT));
    const paths = example?.paths ?? ["/v1/stats/posts?limit=5", "/v1/stats/timeseries?interval=week"];
    console.log(howToLook(settings, from, asked.until, paths));
  });

const now = Date.now();
const asked = readArguments(process.argv.slice(2), now);
await runScript(seed(asked, now));
