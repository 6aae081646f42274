import { isDeepStrictEqual } from "node:util";
import type { Events } from "../../../scripts/chaos/clients/events.ts";
import { Journal } from "../../../scripts/chaos/clients/journal.ts";
import { withTables } from "../../../scripts/chaos/processes/engine.ts";
import { readStored, type Stored, type StoredRow } from "../../../scripts/chaos/verdict/stored.ts";
import { failures, judge } from "../../../scripts/chaos/verdict/verdict.ts";
import type { Sending } from "./scenario.ts";

/** All rows of `events` and all buckets of the rollups, each in one fixed order. */
export interface Tables {
  readonly rows: ReadonlyArray<StoredRow>;
  readonly rollups: Stored["rollups"];
}

const byText =
  <A>(text: (value: A) => string) =>
  (a: A, b: A) =>
    text(a) < text(b) ? -1 : 1;

/** Reads the tables of a data directory that no process has open. */
export const readTables = (dataDir: string): Promise<Tables> =>
  withTables(`${dataDir}/clickhouse`, async (url) => {
    const stored = await readStored(url);
    const rows: Array<StoredRow> = [];
    for await (const row of stored.rows) rows.push(row);
    rows.sort(byText(({ event_id }) => event_id));
    return {
      rows,
      rollups: stored.rollups.map(({ table, buckets }) => ({
        table,
        buckets: [...buckets].sort(byText(({ key }) => key)),
      })),
    };
  });

const list = (what: string, values: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  values.length === 0 ? [] : [`${values.length} ${what}: ${JSON.stringify(values.slice(0, 5))}`];

/** What is not exactly as it has to be when these sendings are stored, and nothing else is; empty when all is. */
export const differencesFrom = async (
  events: Events,
  sendings: ReadonlyArray<Sending>,
  { rows, rollups }: Tables,
): Promise<ReadonlyArray<string>> => {
  const numbers = sendings.flatMap((sending) => sending.numbers);
  const journal = new Journal();
  journal.make(Math.max(...numbers) + 1);
  journal.send(numbers, 1);
  journal.answer(numbers, 1);
  const verdict = await judge(journal, events, {
    rows: (async function* () {
      yield* rows;
    })(),
    rollups,
  });
  if (failures(verdict) === 0 && rows.length === numbers.length) return [];
  return [
    ...list("events lost", verdict.lost),
    ...list("events stored twice", verdict.doubled),
    ...list("events stored with other content", verdict.wrong),
    ...list("events stored that nobody sent", verdict.strangers),
    ...list("rollup buckets wrong", verdict.differences),
    `${rows.length} rows, expected ${numbers.length}`,
  ];
};

export const sameTables = (a: Tables, b: Tables): boolean => isDeepStrictEqual(a, b);
