import { parseArgs } from "node:util";
import { chaos } from "./chaos.ts";
import type { EngineKind } from "./plan.ts";
import { describeFindings, summary } from "./report.ts";

const usage = `bun run chaos [--engine embedded|http] [--cycles 20] [--seed N] [--events-per-cycle 1000] [--check-every N]

Proves on this machine that an answered event is stored exactly once, in the raw table and in every rollup. The service
runs under load, is hurt and killed at random moments, and starts again on the same data directory, cycle after cycle.
Then its tables are compared with what its clients were told. Exit status 1 if an event is lost, doubled or counted
wrongly; data, log and findings are kept then.

  --engine            embedded, or http: a ClickHouse HTTP interface in a process of its own, behind a bad network (embedded)
  --cycles            lives of the service (20)
  --seed              draws the same injuries, events and settings again; the moments are the machine's (random)
  --events-per-cycle  new events in each cycle (1000)
  --check-every       compare after so many cycles as well, and end with the first finding
  --disk              own: a tmpfs that can be full, where it may be mounted; plain: the temporary directory (own)
  --setting           a further setting of the service, such as --setting DURABILITY=process; may be repeated`;

const fail = (message: string): never => {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
};

const wholeNumber = (name: string, text: string): number => {
  const n = Number(text);
  return Number.isSafeInteger(n) && n > 0 ? n : fail(`--${name} takes a whole number above 0.`);
};

const oneOf = <A extends string>(name: string, text: string, values: ReadonlyArray<A>): A =>
  values.find((value) => value === text) ?? fail(`--${name} takes ${values.join(" or ")}.`);

const readArguments = () => {
  try {
    return parseArgs({
      options: {
        engine: { type: "string", default: "embedded" },
        cycles: { type: "string", default: "20" },
        seed: { type: "string", default: String(1 + Math.floor(Math.random() * 1_000_000)) },
        "events-per-cycle": { type: "string", default: "1000" },
        "check-every": { type: "string" },
        disk: { type: "string", default: "own" },
        setting: { type: "string", multiple: true, default: [] },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

const given = readArguments();
if (given.help) {
  console.log(usage);
  process.exit(0);
}
const engine = oneOf<EngineKind>("engine", given.engine, ["embedded", "http"]);
const seed = wholeNumber("seed", given.seed);
const checkEvery = given["check-every"];
// Whatever ends this process, its children and its disk go with it.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));

const report = await chaos({
  engine,
  seed,
  cycles: wholeNumber("cycles", given.cycles),
  eventsPerCycle: wholeNumber("events-per-cycle", given["events-per-cycle"]),
  checkEvery: checkEvery === undefined ? undefined : wholeNumber("check-every", checkEvery),
  disk: oneOf("disk", given.disk, ["own", "plain"]),
  env: Object.fromEntries(
    given.setting.map((setting) => {
      const [name = "", ...value] = setting.split("=");
      return [name, value.join("=")];
    }),
  ),
  progress: (line) => console.error(line),
});
const findings = describeFindings(report);
if (findings !== "") console.log(`${findings}\n`);
console.log(summary(report));
const again = process.argv.slice(2);
if (!again.some((argument) => argument.startsWith("--seed"))) again.push("--seed", String(seed));
console.log(`\nbun run chaos ${again.join(" ")}`);
if (report.keptIn !== undefined) console.log(`Kept: ${report.keptIn}`);
process.exit(report.failed ? 1 : 0);
