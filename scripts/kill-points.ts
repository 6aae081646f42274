import { parseArgs } from "node:util";
import { callText, concerns, isOfSpool } from "../src/end-to-end/kill-points/concern.ts";
import { openPlace } from "../src/end-to-end/kill-points/place.ts";
import { callsTable, trialsTable } from "../src/end-to-end/kill-points/report.ts";
import { makeScenario } from "../src/end-to-end/kill-points/scenario.ts";
import { spread, trySeries } from "../src/end-to-end/kill-points/series.ts";
import { prepareStages, type Stage, stages, undisturbed } from "../src/end-to-end/kill-points/stages.ts";

const usage = `bun run kill-points [--stage first|later|recovery] [--points N] [--minutes N] [--calls] [--jobs 2]

Kills the service before its N-th call that changes a file, while a batch of events over three months goes from the
request into every table, for every N; starts it again, twice, and compares the tables with what was sent. Linux on
x86-64 only.

  --stage    first: the first batch of a life; later: a later one, only calls on the spool, since the others are the
             same; recovery: the start that completes a batch of which a part had arrived (all)
  --points   so many of each stage, spread evenly, instead of every N
  --minutes  begin no new one after so long; those that were tried by then lie all over the range
  --calls    print the calls of undisturbed lives and end
  --jobs     services side by side (2)

Exit status 1 if an event is lost, stored twice or counted wrongly; the data directories are kept then.`;

const { values: given } = parseArgs({
  options: {
    stage: { type: "string" },
    points: { type: "string", default: "Infinity" },
    minutes: { type: "string", default: "Infinity" },
    calls: { type: "boolean", default: false },
    jobs: { type: "string", default: "2" },
    help: { type: "boolean", default: false },
  },
});
const chosen = stages.filter((stage) => given.stage === undefined || given.stage === stage);
if (given.help || chosen.length === 0) {
  console.log(usage);
  process.exit(given.help ? 0 : 2);
}

const scenario = makeScenario(Date.now());
const place = await openPlace(scenario);
const setups = await prepareStages(scenario, place);
const concernOf = concerns(place.prepared);
const points: Array<{ readonly stage: Stage; readonly killPoint: { readonly before: number } }> = [];
for (const stage of chosen) {
  const calls = await undisturbed(place, setups[stage]);
  console.log(`${stage}: ${calls.length} calls\n\n${callsTable(calls, concernOf)}\n`);
  if (given.calls)
    console.log(`${calls.map((call) => `${concernOf(call)}: ${callText(call)}`).join("\n")}\n`);
  const numbers = calls.flatMap((call, i) => (stage !== "later" || isOfSpool(call) ? [i + 1] : []));
  for (const before of spread(numbers, Number(given.points))) points.push({ stage, killPoint: { before } });
}

// Multiples of the golden ratio fall evenly, however many of them there are.
const GOLDEN_RATIO = 1.618_033_988_749_895;
const rank = (n: number) => (n * GOLDEN_RATIO) % 1;
points.sort((a, b) => rank(a.killPoint.before) - rank(b.killPoint.before));

if (given.calls) {
  await place[Symbol.asyncDispose]();
  process.exit(0);
}

const startedAt = performance.now();
let done = 0;
const trials = await trySeries({
  scenario,
  place,
  stages: setups,
  points,
  jobs: Number(given.jobs),
  isOver: () => performance.now() - startedAt > Number(given.minutes) * 60_000,
  tell: ({ stage, killPoint, call, answered, finding, differences }) => {
    done++;
    const what = call === undefined ? "not reached" : callText(call);
    const answer = answered ? "answered" : "not answered";
    console.log(
      `${done}/${points.length} ${stage} ${killPoint.before}: ${what}; ${answer}; ${finding}; ${differences.length === 0 ? "exact" : "DIFFERENT"}`,
    );
    for (const difference of differences) console.log(`  ${difference}`);
  },
});
const failed = trials.some(({ differences }) => differences.length > 0);
if (failed) place.keep();
await place[Symbol.asyncDispose]();
console.log(`\n${trialsTable(trials)}\n\n${Math.round((performance.now() - startedAt) / 1000)} s`);
console.log(`bun run kill-points ${process.argv.slice(2).join(" ")}`);
process.exit(failed ? 1 : 0);
