import { Cause, Data, Effect, Exit, Layer } from "effect";
import { AppSettings, describeFailure, layerSettings } from "../src/config.ts";
import { layerClickHouse } from "../src/layers.ts";
import { lockDirectory } from "../src/store/directory-lock.ts";
import { MOST_DIFFERENCES } from "../src/verify/comparison-statement.ts";
import { hasOpenBatch } from "../src/verify/open-batch.ts";
import { differenceLine } from "../src/verify/report.ts";
import { DAY_MS } from "../src/verify/rollup.ts";
import { type News, type Verification, verify } from "../src/verify/verify.ts";

const usage = `bun run verify [--from 2026-01-01] [--to 2026-01-31] [--repair]

Counts the raw events again as every rollup does and prints each bucket that differs, at most ${MOST_DIFFERENCES} of a table
and a stretch of days. Then the same with what is stored of days that are sealed.

  --from DAY    first day, UTC            [the first that raw events are completely kept of]
  --to DAY      last day, UTC, inclusive  [the last there is]
  --repair      make the buckets that differ what the raw events say, seal the days that differ anew, and compare
                them again

Exit status: 0 all agree, or do after the repair; 1 not all agree; 2 it could not run.

Works on the embedded engine in DATA_DIR while the service is stopped, or on the server that CLICKHOUSE_URL names. There
the service may go on, but not during --repair.`;

const wrong = (message: string): never => {
  console.error(`${message}\nSee: bun run verify --help`);
  process.exit(2);
};

interface Arguments {
  fromMs: number | undefined;
  toMs: number | undefined;
  repair: boolean;
}

const day = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Start of a UTC day; undefined where there is no such day. */
const dayStart = (text: string | undefined): number | undefined => {
  const ms = text !== undefined && /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(ms) || day(ms) !== text ? undefined : ms;
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

const count = (n: number): string => n.toLocaleString("en-US");
const plural = (n: number, word: string): string => `${count(n)} ${word}${n === 1 ? "" : "s"}`;

const LINE_INTERVAL_MS = 5_000;

/** Which day it is at, on stderr: drawn over on a terminal, a line now and then elsewhere. */
const makeProgress = () => {
  let days = 0;
  let shownAt = performance.now();
  return {
    begin: (total: number) => {
      days = total;
    },
    show: (fromMs: number, done: number, of = plural(days, "day")) => {
      const line = `${day(fromMs)}  ${count(done)} of ${of} compared`;
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line}`);
      else if (performance.now() - shownAt >= LINE_INTERVAL_MS) {
        shownAt = performance.now();
        console.error(line);
      }
    },
    clear: () => {
      if (process.stderr.isTTY) process.stderr.write("\r\x1b[K");
    },
  };
};

type Progress = ReturnType<typeof makeProgress>;

const printNews = (progress: Progress) => (news: News) => {
  if (news.kind === "days") return progress.show(news.fromMs, news.done);
  if (news.kind === "sealed") return progress.show(news.dayMs, news.done, plural(news.days, "sealed day"));
  progress.clear();
  switch (news.kind) {
    case "start": {
      progress.begin(news.days);
      const last = news.expired.at(-1);
      if (last === undefined) return;
      return console.log(
        `Not compared: ${plural(news.expired.length, "day")} until ${day(last)}, of which raw events have expired.`,
      );
    }
    case "different": {
      const { differences, differing } = news.comparison;
      for (const difference of differences) console.log(differenceLine(difference));
      const more = differing - differences.length;
      if (more > 0) console.log(`${news.table}: … and ${plural(more, "more bucket")}.`);
      return;
    }
    case "gone":
      return console.log(
        `${day(news.dayMs)} has rollups and no raw events. It is these that are missing: not compared, not repaired.`,
      );
    case "repair":
      return console.error(`Repairing ${news.table} …`);
    case "sealed different": {
      const { differences } = news.comparison;
      for (const difference of differences.slice(0, MOST_DIFFERENCES)) {
        console.log(differenceLine(difference));
      }
      return;
    }
    case "seal":
      return console.error(`Sealing ${plural(news.days, "day")} anew …`);
  }
};

const summary = (result: Verification): string => {
  const { firstDayMs, lastDayMs, buckets, differing, left, unsettled, agrees } = result;
  if (firstDayMs === undefined || lastDayMs === undefined) {
    return agrees ? "There is nothing to compare." : "Nothing could be compared.";
  }
  const compared = `${plural(buckets, "bucket")} of ${plural(result.rollups, "rollup")}, ${day(firstDayMs)} to ${day(lastDayMs)}`;
  const waiting =
    unsettled === 0 ? "" : `; ${count(unsettled)} cannot be compared before the newest batch is stored`;
  if (differing === 0)
    return `${compared}: ${agrees ? "all" : "the others"} agree with the raw events${waiting}.`;
  const repaired = left === differing ? "" : left === 0 ? "; all repaired" : `; ${count(left)} still do`;
  return `${compared}: ${count(differing)} differ${differing === 1 ? "s" : ""} from the raw events${repaired}${waiting}.`;
};

const sealedSummary = ({ days, differing, left, unsettled }: Verification["sealed"]): string => {
  const waiting =
    unsettled === 0 ? "" : `; ${count(unsettled)} cannot be compared before the newest batch is stored`;
  const compared = `${plural(days, "sealed day")} of sites`;
  if (differing === 0) {
    return `${compared}: ${unsettled === 0 ? "all" : "the others"} agree with the raw events${waiting}.`;
  }
  const repaired = left === differing ? "" : left === 0 ? "; all sealed anew" : `; ${count(left)} still do`;
  return `${compared}: ${count(differing)} differ${differing === 1 ? "s" : ""} from the raw events${repaired}${waiting}.`;
};

/** The service has not settled its last batch. */
class RepairRefused extends Data.TaggedError("RepairRefused")<{ readonly message: string }> {}

const run = (asked: Arguments) =>
  Effect.gen(function* () {
    const { clickhouseUrl, dataDir } = yield* AppSettings;
    // The embedded engine keeps others out by itself; a server does not.
    if (asked.repair) yield* lockDirectory(dataDir);
    const live = clickhouseUrl !== undefined && !asked.repair;
    if (!live && hasOpenBatch(dataDir)) {
      const why = `The service in ${dataDir} ended while it stored a batch, which its next start completes.`;
      if (asked.repair) {
        return yield* new RepairRefused({ message: `${why} Start it, stop it, and repair then.` });
      }
      console.log(`${why} Until then the buckets of this batch may differ.`);
    }
    const progress = makeProgress();
    const result = yield* Effect.ensuring(
      verify({ ...asked, live, tell: printNews(progress) }),
      Effect.sync(progress.clear),
    );
    console.log(summary(result));
    if (result.sealed.days > 0) console.log(sealedSummary(result.sealed));
    return result.agrees;
  });

const asked = readArguments(process.argv.slice(2));
const exit = await Effect.runPromiseExit(
  Effect.scoped(run(asked)).pipe(Effect.provide(layerClickHouse.pipe(Layer.provideMerge(layerSettings)))),
);
if (Exit.isFailure(exit)) console.error(describeFailure(Cause.squash(exit.cause)));
process.exit(Exit.isFailure(exit) ? 2 : exit.value ? 0 : 1);
