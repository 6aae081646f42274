import { parseArgs } from "node:util";
import { accept } from "./accept.ts";
import { erase } from "./erase.ts";
import { footprint } from "./footprint.ts";
import { insert } from "./insert/insert.ts";
import { keyed } from "./keyed.ts";
import { type Outcome, ofRows } from "./outcome.ts";
import { read } from "./read/read.ts";
import { sustain } from "./sustain.ts";
import { printTable } from "./table.ts";

const usage = `bun run bench [--only accept,sustain,insert,read,erase,footprint] [--events 1000000] [--rounds 3]
              [--data <dir>] [--candidates] [--json <file>]

Measures Footfall on this machine and prints tables. Every ratio compares two measurements of the same run; the absolute
figures are only this machine's.

  --only         what to measure; everything without it
  --events       events per round of sustain and insert, and events in the data of read and erase; several sizes for read
                 are separated by commas, of which the others take the first (1000000)
  --rounds       rounds of accept, sustain and insert; the table shows medians (3)
  --data         where read and erase put their data, one directory per size, and find it again (erase works on a copy);
                 without it the data is made anew and deleted afterwards
  --candidates   insert also measures two views that this release does without
  --json         a file for all results

read takes 90 days of traffic on 20 sites, the largest with 40 % of it, seals every day that is over (1800 days of sites,
which takes minutes at any size), and asks the questions of a dashboard 30 times each in turn: over HTTP, by their own SQL
on the engine, and of single events alone.`;

const stages = ["accept", "sustain", "insert", "read", "erase", "footprint"] as const;
type Stage = (typeof stages)[number];

const fail = (message: string): never => {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
};

const wholeNumber = (name: string, text: string): number => {
  const n = /^\d[\d_]*$/.test(text) ? Number(text.replaceAll("_", "")) : Number.NaN;
  return Number.isSafeInteger(n) && n > 0 ? n : fail(`--${name} takes a whole number above 0.`);
};

const isStage = (name: string): name is Stage => (stages as ReadonlyArray<string>).includes(name);

const options = {
  only: { type: "string", default: stages.join(",") },
  events: { type: "string", default: "1000000" },
  rounds: { type: "string", default: "3" },
  data: { type: "string" },
  candidates: { type: "boolean", default: false },
  json: { type: "string" },
  help: { type: "boolean", default: false },
} as const;

const readArguments = () => {
  try {
    return parseArgs({ options }).values;
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
};

const given = readArguments();
if (given.help) {
  console.log(usage);
  process.exit(0);
}
const names = given.only.split(",");
const only = names.every(isStage) ? names : fail(`--only takes some of ${stages.join(", ")}.`);
const [events = 0, ...otherSizes] = given.events.split(",").map((text) => wholeNumber("events", text));
const rounds = wholeNumber("rounds", given.rounds);

const measure: Record<Stage, () => Promise<Outcome>> = {
  accept: async () => ofRows([...(await accept({ rounds })), await keyed({ rounds })]),
  sustain: async () => ofRows([await sustain({ events, rounds })]),
  insert: () => insert({ events, rounds, candidates: given.candidates }),
  read: () => read({ sizes: [events, ...otherSizes], parent: given.data }),
  erase: async () => ofRows([await erase(events, given.data)]),
  footprint: async () => ofRows(await footprint()),
};

const command = `bun run bench ${process.argv.slice(2).join(" ")}`.trimEnd();
const outcomes = new Map<Stage, Outcome>();
for (const stage of only) {
  console.error(`measuring ${stage} …`);
  outcomes.set(stage, await measure[stage]());
  if (given.json === undefined) continue;
  const results = Object.fromEntries([...outcomes].map(([name, { details }]) => [name, details]));
  await Bun.write(given.json, `${JSON.stringify({ command, results }, undefined, 2)}\n`);
}

const tables = [...outcomes.values()].flatMap((outcome) => outcome.tables);
const untitled = tables.filter(({ title }) => title === undefined).flatMap(({ rows }) => rows);
if (untitled.length > 0) printTable(untitled);
for (const { title, rows } of tables) {
  if (title === undefined) continue;
  console.log(`\n${title}\n`);
  printTable(rows);
}
const lines = [...outcomes.values()].flatMap((outcome) => outcome.lines);
if (lines.length > 0) console.log(`\n${lines.join("\n")}`);
console.log(`\n${command}`);
process.exit(0);
