import { parseArgs } from "node:util";
import { fuzz } from "../src/end-to-end/fuzz/fuzz.ts";
import { describeRun } from "../src/end-to-end/fuzz/summary.ts";

const usage = `bun run fuzz [--bodies 100000] [--seed N] [--connections 8] [--setting NAME=value]

Sends random and mutated requests to a service of its own: bytes, JSON, gzip and HTTP that are wrong in many ways, beside
batches that are right. Then holds its answers against what it stored. Exit status 1 if there is a 5xx that nobody intended,
a request without an answer, memory that climbs, a crash, or an event stored that was not answered as accepted, or the
other way round.

  --bodies        how many requests (100000)
  --seed          makes the same requests again (random)
  --connections   at the same time (8)
  --setting       a further setting of the service, such as --setting MAX_QUEUE_SIZE=500; may be repeated`;

const fail = (message: string): never => {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
};

const wholeNumber = (name: string, text: string): number => {
  const n = Number(text);
  return Number.isSafeInteger(n) && n > 0 ? n : fail(`--${name} takes a whole number above 0.`);
};

const readArguments = () => {
  try {
    return parseArgs({
      options: {
        bodies: { type: "string", default: "100000" },
        seed: { type: "string", default: String(1 + Math.floor(Math.random() * 1_000_000)) },
        connections: { type: "string", default: "8" },
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
const seed = wholeNumber("seed", given.seed);
const report = await fuzz({
  bodies: wholeNumber("bodies", given.bodies),
  seed,
  connections: wholeNumber("connections", given.connections),
  env: Object.fromEntries(
    given.setting.map((setting) => {
      const [name = "", ...value] = setting.split("=");
      return [name, value.join("=")];
    }),
  ),
  progress: (line) => console.error(line),
});
for (const finding of report.findings) console.log(finding);
const again = process.argv.slice(2);
if (!again.some((argument) => argument.startsWith("--seed"))) again.push("--seed", String(seed));
console.log(`${describeRun(report)}\n\nbun run fuzz ${again.join(" ")}`);
process.exit(report.findings.length === 0 ? 0 : 1);
