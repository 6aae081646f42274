import { existsSync } from "node:fs";
import { join } from "node:path";
import { Cause, Effect, Exit } from "effect";
import { AppSettings, describeFailure, layerSettings } from "../src/config.ts";
import { type DeadLetter, Ledger } from "../src/spool/ledger.ts";
import { LEDGER_NAME } from "../src/spool/open-ledger.ts";

const usage = `bun run dead-letters list [--json]            events that ClickHouse could not store, and why
bun run dead-letters retry <number>… | --all  try them again
bun run dead-letters drop <number>… | --all   forget them; they are lost then

A dead letter is an accepted event whose row ClickHouse refused to read, so that the others of its batch could be
stored. None comes from what senders do: each stands for a mistake in Footfall or in the tables. Correct it, then retry.
Works beside a running service, which makes the attempt within seconds; without one it is made at the next start.`;

const fail = (message: string): never => {
  console.error(`${message}\n\n${usage}`);
  process.exit(2);
};

/** The letters that were named, or all of them. */
const chosen = (letters: ReadonlyArray<DeadLetter>, names: ReadonlyArray<string>): ReadonlyArray<number> => {
  if (names.length === 1 && names[0] === "--all") return letters.map(({ id }) => id);
  const known = new Set(letters.map(({ id }) => String(id)));
  const unknown = names.find((name) => !known.has(name));
  if (names.length === 0) return fail("Which ones? Name their numbers, or --all.");
  return unknown === undefined ? names.map(Number) : fail(`There is no dead letter ${unknown}.`);
};

const ROW_SHOWN = 500;

/** On one line and without control characters, which a terminal would obey. */
const printable = (text: string): string => JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"');

const show = (letter: DeadLetter): string => {
  const row = printable(letter.row.slice(0, ROW_SHOWN)) + (letter.row.length > ROW_SHOWN ? " …" : "");
  const asked = letter.retry ? "   (to be tried again)" : "";
  return `${letter.id}   ${letter.rejectedAt}${asked}\n    ${printable(letter.reason)}\n    ${row}`;
};

const events = (count: number): string => (count === 1 ? "1 event" : `${count} events`);

const commands: Readonly<Record<string, (ledger: Ledger, rest: ReadonlyArray<string>) => void>> = {
  list: (ledger, rest) => {
    const asJson = rest.length === 1 && rest[0] === "--json";
    if (rest.length > 0 && !asJson) fail(`${rest[0]} is not an option of list.`);
    const letters = ledger.deadLetters();
    for (const letter of letters) console.log(asJson ? JSON.stringify(letter) : show(letter));
    if (letters.length === 0 && !asJson) console.log("No dead letters.");
  },
  retry: (ledger, rest) => {
    const count = ledger.retryLetters(chosen(ledger.deadLetters(), rest));
    console.log(`${events(count)} to be tried again: within seconds, or when Footfall starts.`);
  },
  drop: (ledger, rest) => {
    console.log(`${events(ledger.dropLetters(chosen(ledger.deadLetters(), rest)))} forgotten.`);
  },
};

const [name = "", ...rest] = process.argv.slice(2);
if (name === "--help") {
  console.log(usage);
  process.exit(0);
}
const command = commands[name] ?? fail(name === "" ? "What is to be done?" : `${name} is not a command.`);

const exit = await Effect.runPromiseExit(
  Effect.gen(function* () {
    const { dataDir } = yield* AppSettings;
    const path = join(dataDir, "spool", LEDGER_NAME);
    if (!existsSync(path)) {
      console.log(`No dead letters: there is no spool in ${dataDir}.`);
      return;
    }
    const ledger = new Ledger(path, { sync: true, isLost: false });
    try {
      command(ledger, rest);
    } finally {
      ledger.close();
    }
  }).pipe(Effect.provide(layerSettings)),
);
if (Exit.isFailure(exit)) console.error(describeFailure(Cause.squash(exit.cause)));
process.exit(Exit.isSuccess(exit) ? 0 : 1);
