import { parseArgs } from "node:util";
import { fuzz } from "../src/end-to-end/fuzz/fuzz.ts";
import { describeRun } from "../src/end-to-end/fuzz/summary.ts";

const usage = `bun run fuzz [--bodies 100000] [--seed N] [--connections 8]

Sends random and mutated requests to a service of its own: bytes, JSON, gzip and HTTP that are wrong in many ways, beside
batches that are right. Then holds its answers against what it stored. Exit status 1 if there is a 5xx that nobody intended,
a request without an answer, memory that climbs, a crash, or an event stored that was not answered as accepted, or the
other way round.

  --bodies        how many requests (100000)
  --seed          makes the same requests again (random)
  --connections   at the same time (8)`;

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
const report = await fuzz({
  bodies: wholeNumber("bodies", given.bodies),
  seed: wholeNumber("seed", given.seed),
  connections: wholeNumber("connections", given.connections),
  progress: (line) => console.error(line),
});
for (const finding of report.findings) console.log(finding);
console.log(`${describeRun(report)}\n\nbun run fuzz --bodies ${report.bodies} --seed ${report.seed}`);
process.exit(report.findings.length === 0 ? 0 : 1);
