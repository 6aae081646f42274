import type { ChaosEvent, Events } from "../clients/events.ts";
import type { Journal } from "../clients/journal.ts";
import { type Bucket, Recount, rollupRules } from "./recount.ts";
import type { Stored, StoredRow } from "./stored.ts";

/** An event that lies in the store more than once. */
export interface Doubled {
  readonly number: number;
  readonly times: number;
  /** The batches that brought it. */
  readonly batches: ReadonlyArray<number>;
}

/** A bucket of a rollup that is not what its events add up to. */
export interface Difference {
  readonly table: string;
  readonly expected: Bucket;
  readonly found: Bucket;
  /** Batches whose absence or repetition would explain it. */
  readonly batches: ReadonlyArray<number>;
}

/** What the tables say about what the clients were told. All lists are empty when the promise was kept. */
export interface Verdict {
  readonly lost: ReadonlyArray<number>;
  readonly doubled: ReadonlyArray<Doubled>;
  /** Stored with other content than was sent. */
  readonly wrong: ReadonlyArray<{ readonly number: number; readonly what: string }>;
  /** Ids in the store that no client sent. */
  readonly strangers: ReadonlyArray<string>;
  readonly differences: ReadonlyArray<Difference>;
  /** Never answered, and stored: allowed. */
  readonly unansweredStored: number;
  readonly unansweredNotStored: number;
  readonly storedRows: number;
}

/** Ids of people, as the service hashes them: each name has one number, and no two names have the same. */
class Names {
  readonly #numbers = new Map<string, string>();
  readonly #names = new Map<string, string>();

  fits(name: string, number: string): boolean {
    if (!this.#numbers.has(name) && !this.#names.has(number)) {
      this.#numbers.set(name, number);
      this.#names.set(number, name);
    }
    return this.#numbers.get(name) === number && this.#names.get(number) === name;
  }
}

const columns = [
  "event_type",
  "occurredAtMs",
  "site_id",
  "source",
  "page_title",
  "isBot",
  "mapping_id",
  "post_id",
  "device_slug",
] as const satisfies ReadonlyArray<keyof ChaosEvent & keyof StoredRow>;

const sameBucket = (a: Bucket, b: Bucket): boolean =>
  a.visitors === b.visitors &&
  a.sessions === b.sessions &&
  a.sums.length === b.sums.length &&
  a.sums.every((sum, i) => sum === b.sums[i]);

const total = ({ sums }: Bucket): number => sums.reduce((sum, each) => sum + each, 0);

const differencesOf = (recount: Recount, buckets: ReadonlyArray<Bucket>): ReadonlyArray<Difference> => {
  const found = new Map(buckets.map((bucket) => [bucket.key, bucket]));
  const keys = new Set([...recount.keys(), ...found.keys()]);
  return [...keys].flatMap((key): ReadonlyArray<Difference> => {
    const expected = recount.bucket(key);
    const actual = found.get(key) ?? { key, sums: expected.sums.map(() => 0), visitors: 0, sessions: 0 };
    if (sameBucket(expected, actual)) return [];
    const batches = recount.batchesWith(key, Math.abs(total(expected) - total(actual)));
    return [{ table: recount.rule.table, expected, found: actual, batches }];
  });
};

/** Compares what lies in the tables with what the clients know, and the rollups with a recount of the single events. */
export const judge = async (journal: Journal, events: Events, stored: Stored): Promise<Verdict> => {
  const times = new Uint8Array(journal.events);
  const seenTwice = new Map<number, Array<number>>();
  const firstBatch = new Float64Array(journal.events);
  const wrong: Array<{ readonly number: number; readonly what: string }> = [];
  const strangers: Array<string> = [];
  const [visitors, sessions] = [new Names(), new Names()];
  const recounts = rollupRules.map((rule) => new Recount(rule));
  let storedRows = 0;

  const checkContent = (number: number, row: StoredRow) => {
    const sent = events.of(number);
    const column = columns.find((name) => sent[name] !== row[name]);
    if (column !== undefined) {
      wrong.push({ number, what: `${column} is ${row[column]}, sent was ${sent[column]}` });
    } else if (!visitors.fits(sent.visitor, row.visitor_id) || !sessions.fits(sent.session, row.session_id)) {
      wrong.push({ number, what: `${sent.visitor} has the visitor_id or session_id of another` });
    }
  };

  for await (const row of stored.rows) {
    storedRows++;
    const number = events.numberOf(row.event_id);
    if (number === undefined || journal.sends(number) === 0) {
      strangers.push(row.event_id);
      continue;
    }
    const before = times[number] ?? 0;
    times[number] = Math.min(255, before + 1);
    checkContent(number, row);
    if (before === 0) {
      firstBatch[number] = row.batch;
      for (const recount of recounts) recount.add(row);
    } else {
      const batches = seenTwice.get(number) ?? [firstBatch[number] ?? 0];
      batches.push(row.batch);
      seenTwice.set(number, batches);
    }
  }

  const lost: Array<number> = [];
  let unansweredStored = 0;
  let unansweredNotStored = 0;
  for (let number = 0; number < journal.events; number++) {
    const isStored = times[number] !== 0;
    if (journal.isAnswered(number)) {
      if (!isStored) lost.push(number);
    } else if (isStored) unansweredStored++;
    else if (journal.sends(number) > 0) unansweredNotStored++;
  }
  return {
    lost,
    doubled: [...seenTwice].map(([number, batches]) => ({ number, times: times[number] ?? 0, batches })),
    wrong,
    strangers,
    differences: recounts.flatMap((recount) => {
      const table = stored.rollups.find((rollup) => rollup.table === recount.rule.table);
      return differencesOf(recount, table?.buckets ?? []);
    }),
    unansweredStored,
    unansweredNotStored,
    storedRows,
  };
};

/** How many findings break the promise. */
export const failures = ({ lost, doubled, wrong, strangers, differences }: Verdict): number =>
  lost.length + doubled.length + wrong.length + strangers.length + differences.length;
