import { Cause, Data, Effect, Exit, Layer } from "effect";
import { AppSettings, describeFailure, layerSettings } from "../src/config.ts";
import { layerClickHouse } from "../src/layers.ts";
import { MOST_DIFFERENCES } from "../src/verify/comparison-statement.ts";
import { hasOpenBatch } from "../src/verify/open-batch.ts";
import { differenceLine } from "../src/verify/report.ts";
import { type News, type Verification, verify } from "../src/verify/verify.ts";

const usage = `bun run verify [--from 2026-01-01] [--to 2026-01-31] [--repair]

Recounts every rollup from the raw events and prints each bucket that differs, at most ${MOST_DIFFERENCES} of a table.

  --from DAY    first day, UTC            [the first that raw events are completely kept of]
  --to DAY      last day, UTC, inclusive  [the last there is]
  --repair      make the buckets that differ what the raw events say, and verify them again

Exit status: 0 all agree, or do after the repair; 1 there are differences; 2 it could not run.

Works on the embedded engine in DATA_DIR while the service is stopped, or on the server that CLICKHOUSE_URL names. There
the service may go on, and only hours and days that are over are compared; stop it for --repair.`;

const DAY_MS = 86_400_000;

const wrong = (message: string): never => {
  console.error(`${message}\nSee: bun run verify --help`);
  process.exit(2);
};

interface Arguments {
  fromMs: number | undefined;
  toMs: number | undefined;
  repair: boolean;
}

/** Start of a UTC day; undefined where there is no such day. */
const dayStart = (text: string | undefined): number | undefined => {
  if (text === undefined || !/^\d{4}-\d\d-\d\d$/.test(text)) return undefined;
  const ms = Date.parse(`${text}T00:00:00Z`);
  return Number.isNaN(ms) || new Date(ms).toISOString().slice(0, 10) !== text ? undefined : ms;
};

const readArguments = (given: ReadonlyArray<string>): Arguments => {
  const read: Arguments = { fromMs: undefined, toMs: undefined, repair: false };
  for (let i = 0; i < given.length; i++) {
    const [flag = "", inline] = (given[i] ?? "").split(/=(.*)/s, 2);
    if (flag === "--help" || flag === "-h") {
      console.log(usage);
      process.exit(0);
    }
    if (flag === "--repair" && inline === undefined) {
      read.repair = true;
      continue;
    }
    if (flag !== "--from" && flag !== "--to") return wrong(`Unknown argument ${given[i]}.`);
    const value = inline ?? given[++i];
    const ms = dayStart(value);
    if (ms === undefined) return wrong(`${flag} takes a day such as 2026-01-31, not ${value ?? "nothing"}.`);
    if (flag === "--from") read.fromMs = ms;
    else read.toMs = ms + DAY_MS;
  }
  if (read.fromMs !== undefined && read.toMs !== undefined && read.fromMs >= read.toMs) {
    return wrong("--from must not be after --to.");
  }
  return read;
};

const grouped = (n: number): string => n.toLocaleString("en-US");
const plural = (n: number, word: string): string => `${grouped(n)} ${word}${n === 1 ? "" : "s"}`;
const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Prints the news; the day under way is drawn over on a terminal. */
const makePrinter = ({ fromMs }: Arguments) => {
  const printed = new Map<string, number>();
  const hidden = new Map<string, number>();
  let days = 0;
  const clear = () => {
    if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
  };
  const print = (line: string) => {
    clear();
    console.log(line);
  };
  const uncompared = (news: Extract<News, { kind: "start" }>) => {
    for (const { name, measures } of news.rollups) {
      const columns = measures.filter(({ isCompared }) => !isCompared).map((measure) => measure.name);
      if (columns.length > 0) {
        print(`Not compared, because the order of events decides it: ${columns.join(", ")} of ${name}.`);
      }
    }
    if (news.keptFromMs > (fromMs ?? 0)) {
      print(
        `Compared from ${day(news.keptFromMs)} on: of earlier days raw events have expired, and the rollups are all there is.`,
      );
    }
  };
  const tell = (news: News) => {
    switch (news.kind) {
      case "start":
        days = news.days;
        return uncompared(news);
      case "slice":
        clear();
        if (process.stderr.isTTY)
          process.stderr.write(`${day(news.dayMs)}  ${news.index + 1} of ${days} days`);
        return;
      case "gone":
        return print(`${day(news.dayMs)} is not compared: its raw events are gone, at least in part.`);
      case "kept":
        return print(
          `${day(news.dayMs)}: most buckets have no raw events. It is these that are missing, so the rollups stay as they are.`,
        );
      case "repaired":
        return print(
          news.left.differing === 0
            ? `${news.table} ${day(news.dayMs)} repaired.`
            : `${news.table} ${day(news.dayMs)} repaired, but ${plural(news.left.differing, "bucket")} still differ${news.left.differing === 1 ? "s" : ""}.`,
        );
      case "different": {
        const before = printed.get(news.table) ?? 0;
        const shown = news.comparison.differences.slice(0, MOST_DIFFERENCES - before);
        for (const difference of shown) print(differenceLine(difference));
        printed.set(news.table, before + shown.length);
        hidden.set(news.table, (hidden.get(news.table) ?? 0) + news.comparison.differing - shown.length);
      }
    }
  };
  const end = (result: Verification) => {
    for (const [table, count] of hidden) {
      if (count > 0) print(`… and ${plural(count, "more bucket")} of ${table}.`);
    }
    print(summary(result));
  };
  return { tell, end, clear };
};

const summary = (result: Verification): string => {
  const { firstDayMs, lastDayMs, buckets, differing, repaired, goneDays, rollups } = result;
  if (firstDayMs === undefined || lastDayMs === undefined) {
    return goneDays === 0
      ? "There is nothing to compare."
      : `Nothing could be compared: the raw events of ${plural(goneDays, "day")} are gone.`;
  }
  const what = `${plural(buckets, "bucket")} of ${plural(rollups, "rollup")}, ${day(firstDayMs)} to ${day(lastDayMs)}`;
  if (differing === 0) return `${what}: all agree with the raw events.`;
  const differ = `${what}: ${grouped(differing)} differ${differing === 1 ? "s" : ""} from the raw events`;
  if (repaired === 0) return `${differ}.`;
  return `${differ}; ${repaired === differing ? "all repaired" : `${grouped(repaired)} repaired`}.`;
};

/** A batch is under way: the watermarks that its recovery reads must stay as they are. */
class RepairRefused extends Data.TaggedError("RepairRefused")<{ readonly message: string }> {}

const run = (asked: Arguments) =>
  Effect.gen(function* () {
    const { clickhouseUrl, dataDir } = yield* AppSettings;
    if (hasOpenBatch(dataDir)) {
      if (asked.repair) {
        return yield* new RepairRefused({
          message: `A batch of events is not settled in ${dataDir}: the service is running, or did not end properly. Start it, stop it, and repair then.`,
        });
      }
      console.log(
        "A batch of events is not settled: the service is running, or did not end properly. Its events may differ until it is.",
      );
    }
    const { tell, end, clear } = makePrinter(asked);
    // The embedded engine's directory belongs to this process alone; elsewhere the service may be writing.
    const live = clickhouseUrl !== undefined;
    const result = yield* Effect.tapError(verify({ ...asked, live, tell }), () => Effect.sync(clear));
    end(result);
    return result.agrees;
  });

const asked = readArguments(process.argv.slice(2));
const exit = await Effect.runPromiseExit(
  Effect.provide(run(asked), layerClickHouse.pipe(Layer.provideMerge(layerSettings))),
);
if (Exit.isFailure(exit)) console.error(describeFailure(Cause.squash(exit.cause)));
process.exit(Exit.isFailure(exit) ? 2 : exit.value ? 0 : 1);
