import { join } from "node:path";
import { parseArgs } from "node:util";
import { temporaryDirectory } from "../bench/child.ts";
import { type SoakReport, type Stretch, soak } from "./soak.ts";

const usage = `bun run soak [--minutes 20] [--rate 5000]

Runs the service under an even load while questions are asked, and shows at the start, in the middle and at the end what
must not grow: memory, file handles, parts per table, the time of an answer. Afterwards every event must have been stored
and bun run verify must agree. Exit status 1 if something grew from the middle to the end, or is missing.

  --minutes   how long (20)
  --rate      events per second (5000)`;

const fail = (message: string): never => {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
};

const positive = (name: string, text: string): number => {
  const n = Number(text);
  return n > 0 && Number.isFinite(n) ? n : fail(`--${name} takes a number above 0.`);
};

const readArguments = () => {
  try {
    return parseArgs({
      options: {
        minutes: { type: "string", default: "20" },
        rate: { type: "string", default: "5000" },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

const mib = (bytes: number) => `${Math.round(bytes / 1024 / 1024)} MiB`;
const ms = (value: number) => `${value.toFixed(1)} ms`;

const tableOf = ({ start, middle, end }: SoakReport): string => {
  const tables = [...end.parts.keys()];
  const rows: ReadonlyArray<readonly [name: string, of: (stretch: Stretch) => string]> = [
    ["memory", ({ residentBytes }) => mib(residentBytes)],
    ["of it ids of recent events", ({ idBytes }) => mib(idBytes)],
    ["file handles", ({ handles }) => String(handles)],
    ...tables.map(
      (table) => [`parts of ${table}`, ({ parts }: Stretch) => String(parts.get(table) ?? 0)] as const,
    ),
    ["answer to a batch, p50", ({ p50 }) => ms(p50)],
    ["answer to a batch, p99", ({ p99 }) => ms(p99)],
    ["slowest answer to a question", ({ query }) => ms(query)],
    ["events waiting", ({ waiting }) => String(waiting)],
  ];
  const lines = rows.map(([name, of]) => [name, of(start), of(middle), of(end)]);
  return [["", "start", "middle", "end"], ["-", "-", "-", "-"], ...lines]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
};

const given = readArguments();
if (given.help) {
  console.log(usage);
  process.exit(0);
}
const minutes = positive("minutes", given.minutes);
const rate = positive("rate", given.rate);
const dataDir = temporaryDirectory();
const report = await soak({
  seconds: minutes * 60,
  rate,
  dataDir,
  progress: (line) => console.error(line),
});
const verify = Bun.spawn([process.execPath, join(import.meta.dir, "../verify.ts")], {
  env: { ...process.env, DATA_DIR: dataDir },
  stdout: "pipe",
  stderr: "inherit",
});
const verified = (await new Response(verify.stdout).text()).trim();
const agrees = (await verify.exited) === 0;

console.log(tableOf(report));
console.log(
  `\n${report.sent} events answered, ${report.refused} refusals, ${report.accepted} counted as accepted, ${report.stored} stored`,
);
console.log(verified);
if (report.notFlat.length > 0) console.log(`Grew from the middle to the end: ${report.notFlat.join(", ")}`);
console.log(`\nbun run soak ${process.argv.slice(2).join(" ")}`.trimEnd());
const isExact = report.sent === report.accepted && report.stored === report.accepted;
process.exit(isExact && agrees && report.notFlat.length === 0 ? 0 : 1);
