import { accept } from "./accept.ts";
import { footprint } from "./footprint.ts";
import { read } from "./read.ts";
import { sustain } from "./sustain.ts";
import { printTable, type Row } from "./table.ts";

const usage = `bun run bench [--only accept,sustain,read,footprint] [--events 1000000] [--rounds 3]

Measures Footfall on this machine and prints one table. Every ratio compares two measurements of the same run; the
absolute figures are only this machine's.

  --only     which rows to measure; all of them without it
  --events   events per round of sustain, and events in the data that read asks (1000000)
  --rounds   rounds of accept and sustain; the table shows medians (3)`;

const stages = ["accept", "sustain", "read", "footprint"] as const;
type Stage = (typeof stages)[number];

const fail = (message: string): never => {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
};

const wholeNumber = (name: string, text: string | undefined): number => {
  const n = Number(text);
  return Number.isSafeInteger(n) && n > 0 ? n : fail(`${name} takes a whole number above 0.`);
};

const isStage = (name: string): name is Stage => (stages as ReadonlyArray<string>).includes(name);

const readArguments = () => {
  let only: ReadonlyArray<Stage> = stages;
  let events = 1_000_000;
  let rounds = 3;
  const rest = process.argv.slice(2);
  while (rest.length > 0) {
    const name = rest.shift() as string;
    if (name === "--help") {
      console.log(usage);
      process.exit(0);
    } else if (name === "--only") {
      const names = (rest.shift() ?? "").split(",");
      only = names.every(isStage) ? names : fail(`--only takes some of ${stages.join(", ")}.`);
    } else if (name === "--events") events = wholeNumber(name, rest.shift());
    else if (name === "--rounds") rounds = wholeNumber(name, rest.shift());
    else fail(`${name} is not an option.`);
  }
  return { only, events, rounds };
};

const { only, events, rounds } = readArguments();
const measure: Record<Stage, () => Promise<ReadonlyArray<Row>>> = {
  accept: () => accept({ rounds }),
  sustain: async () => [await sustain({ events, rounds })],
  read: () => read(events),
  footprint,
};

const rows: Array<Row> = [];
for (const stage of only) {
  console.error(`measuring ${stage} …`);
  rows.push(...(await measure[stage]()));
}
printTable(rows);
console.log(`\nbun run bench ${process.argv.slice(2).join(" ")}`.trimEnd());
process.exit(0);
