import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chaos } from "../../scripts/chaos/chaos.ts";
import { type ChaosEvent, makeEvents } from "../../scripts/chaos/clients/events.ts";
import { Journal } from "../../scripts/chaos/clients/journal.ts";
import { type Effects, missingFrom } from "../../scripts/chaos/effects.ts";
import {
  type Network,
  type NetworkFault,
  networkFaults,
  openNetwork,
} from "../../scripts/chaos/faults/network.ts";
import { kindsOf } from "../../scripts/chaos/plan.ts";
import { ask, type EngineProcess, openEngine, withTables } from "../../scripts/chaos/processes/engine.ts";
import { describeFindings, summary } from "../../scripts/chaos/report.ts";
import { Recount, rollupRules } from "../../scripts/chaos/verdict/recount.ts";
import { readStored, type Stored, type StoredRow } from "../../scripts/chaos/verdict/stored.ts";
import { failures, judge } from "../../scripts/chaos/verdict/verdict.ts";
import { startService } from "../testing/service/child.ts";

/** `FOOTFALL_SEED=7 bun test src/end-to-end/chaos.test.ts` draws other injuries; `bun run chaos` is the long version. */
const seed = Number(process.env.FOOTFALL_SEED ?? 1);

const COUNT = 60;
const events = makeEvents(7, Date.now());

const asStored = ({ visitor, session, ...event }: ChaosEvent, batch = 1): StoredRow => ({
  ...event,
  visitor_id: visitor,
  session_id: session,
  batch,
});

const rollupsOf = (rows: ReadonlyArray<StoredRow>): Stored["rollups"] =>
  rollupRules.map((rule) => {
    const recount = new Recount(rule);
    for (const row of rows) recount.add(row);
    return { table: rule.table, buckets: [...recount.keys()].map((key) => recount.bucket(key)) };
  });

const storedRows = (rows: ReadonlyArray<StoredRow>, rollups = rollupsOf(rows)): Stored => ({
  rows: (async function* () {
    yield* rows;
  })(),
  rollups,
});

/** Events 0 to 59 were sent, and all but the last ten were answered. */
const knownJournal = (): Journal => {
  const journal = new Journal();
  journal.send(journal.make(COUNT), 1);
  journal.answer(
    Array.from({ length: COUNT - 10 }, (_, number) => number),
    1,
  );
  return journal;
};

const rowsOf = (...numbers: ReadonlyArray<number>) => numbers.map((number) => asStored(events.of(number)));
const answered = Array.from({ length: COUNT - 10 }, (_, number) => number);
const counts = (event: number) =>
  rollupRules.filter((rule) => rule.of(asStored(events.of(event))) !== undefined).length;
const counted = answered.find((number) => counts(number) === rollupRules.length) as number;

describe("the checker, on made-up tables", () => {
  test("finds nothing where all answered events and some of the others are stored once", async () => {
    const verdict = await judge(knownJournal(), events, storedRows(rowsOf(...answered, 55)));
    expect(failures(verdict)).toBe(0);
    expect(verdict).toMatchObject({ storedRows: 51, unansweredStored: 1, unansweredNotStored: 9 });
  });

  test("finds an answered event that is not stored", async () => {
    const rows = rowsOf(...answered.filter((number) => number !== 3));
    const verdict = await judge(knownJournal(), events, storedRows(rows));
    expect(verdict).toMatchObject({ lost: [3], doubled: [], differences: [] });
  });

  test("finds an event that is stored twice, answered or not, with the batches that brought it", async () => {
    const rows = [...rowsOf(...answered, 55), asStored(events.of(5), 4), asStored(events.of(55), 9)];
    const verdict = await judge(knownJournal(), events, storedRows(rows, rollupsOf(rowsOf(...answered, 55))));
    expect(verdict).toMatchObject({
      lost: [],
      doubled: [
        { number: 5, times: 2, batches: [1, 4] },
        { number: 55, times: 2, batches: [1, 9] },
      ],
      differences: [],
    });
  });

  test("finds an event that is in the single events and missing in every rollup, or there twice", async () => {
    const rows = rowsOf(...answered);
    const without = rollupsOf(rowsOf(...answered.filter((number) => number !== counted)));
    const twice = rollupsOf([...rows, ...rowsOf(counted)]);
    for (const rollups of [without, twice]) {
      const verdict = await judge(knownJournal(), events, storedRows(rows, rollups));
      expect(verdict.differences.map(({ table }) => table)).toEqual(rollupRules.map(({ table }) => table));
      expect(failures(verdict)).toBe(rollupRules.length);
    }
  });

  test("finds a rollup with one visitor too many, and one with a bucket that no event has", async () => {
    const rows = rowsOf(...answered);
    const rollups = rollupsOf(rows).map(({ table, buckets }) => ({
      table,
      buckets: [
        ...buckets.map((bucket, i) => (i === 0 ? { ...bucket, visitors: bucket.visitors + 1 } : bucket)),
        { key: "nowhere", sums: [1], visitors: 1, sessions: 1 },
      ],
    }));
    expect((await judge(knownJournal(), events, storedRows(rows, rollups))).differences).toHaveLength(6);
  });

  test.each([
    ["mapping_id", 999],
    ["occurredAtMs", 5],
    ["event_type", "other"],
    ["isBot", "yes"],
    ["visitor_id", "somebody else"],
  ])("finds an event stored with another %s", async (column, value) => {
    const rows = rowsOf(...answered).map((row, i) => (i === 8 ? { ...row, [column]: value } : row));
    const { wrong } = await judge(knownJournal(), events, storedRows(rows));
    expect(wrong.length).toBeGreaterThan(0);
  });

  test("finds what nobody sent", async () => {
    const strange = { ...asStored(events.of(1)), event_id: "strange" };
    const unsent = asStored(events.of(COUNT + 1));
    const verdict = await judge(
      knownJournal(),
      events,
      storedRows([...rowsOf(...answered), strange, unsent]),
    );
    expect(verdict.strangers).toEqual(["strange", events.of(COUNT + 1).event_id]);
  });
});

describe("a long run", () => {
  const some = {
    recovered: { arrived: 1, completed: 1, sent_again: 1 },
    met: Object.fromEntries(networkFaults.map((fault) => [fault, 1])) as Effects["met"],
    failedInView: 1,
    commitsWithoutSpace: 1,
    insertsWithoutSpace: 1,
    failedInserts: {},
  };

  test.each(["embedded", "http"] as const)(
    "is not passed without every injury and its effect, %s",
    (engine) => {
      const all = new Set(kindsOf(engine, true));
      expect(missingFrom(engine, true, 100, all, some)).toEqual([]);
      for (const kind of all) {
        const others = new Set([...all].filter((other) => other !== kind));
        expect(missingFrom(engine, true, 100, others, some)).toEqual([kind]);
        expect(missingFrom(engine, true, 5, others, some)).toEqual([]);
      }
      const without = {
        ...some,
        recovered: { ...some.recovered, completed: 0 },
        failedInView: 0,
        commitsWithoutSpace: 0,
      };
      expect(missingFrom(engine, true, 100, all, without)).toHaveLength(3);
      expect(missingFrom(engine, false, 100, all, without)).toHaveLength(2);
    },
  );
});

describe("the checker, on the tables of a service", () => {
  test("finds nothing, and then exactly what was done to them", async () => {
    await using service = await startService();
    const journal = new Journal();
    const numbers = journal.make(COUNT);
    journal.send(numbers, 1);
    const body = `{"events":[${numbers.map(events.encode).join(",")}]}`;
    const answer = await fetch(`${service.url}/v1/events`, { method: "POST", body });
    expect([answer.status, await answer.json()]).toEqual([200, { accepted: COUNT, rejected: 0 }]);
    journal.answer(numbers, 1);
    expect(await service.stop()).toBe(0);
    await withTables(join(service.dataDir, "clickhouse"), async (url) => {
      const look = async () => judge(journal, events, await readStored(url));
      const whole = await look();
      expect([whole.storedRows, failures(whole)]).toEqual([COUNT, 0]);

      await ask(url, "INSERT INTO hourly_event_stats SELECT * FROM hourly_event_stats LIMIT 1");
      const counting = await look();
      expect(counting).toMatchObject({ lost: [], doubled: [] });
      expect(counting.differences.map(({ table }) => table)).toEqual(["hourly_event_stats"]);

      const id = events.of(counted).event_id;
      await ask(
        url,
        `INSERT INTO events SELECT * REPLACE (77 AS batch) FROM events WHERE event_id = '${id}'`,
      );
      expect(await look()).toMatchObject({
        lost: [],
        doubled: [{ number: counted }],
        differences: counting.differences,
      });

      await ask(url, `ALTER TABLE events DELETE WHERE event_id = '${id}' SETTINGS mutations_sync = 1`);
      const without = await look();
      expect(without).toMatchObject({ lost: [counted], doubled: [] });
      expect(new Set(without.differences.map(({ table }) => table)).size).toBe(rollupRules.length);
    });
  }, 60_000);
});

describe("the bad network", () => {
  const path = mkdtempSync(join(tmpdir(), "footfall-network-"));
  let engine: EngineProcess;
  let network: Network;
  beforeAll(async () => {
    engine = await openEngine(path);
    network = await openNetwork(engine.url);
    await fetch(engine.url(), { method: "POST", body: "CREATE DATABASE analytics" });
    await ask(engine.url(), "CREATE TABLE arrived (fault String) ENGINE = MergeTree ORDER BY fault");
  }, 30_000);
  afterAll(async () => {
    network.close();
    await engine.stop();
    rmSync(path, { recursive: true, force: true });
  });

  const insert = async (fault: string): Promise<number | undefined> => {
    const query = encodeURIComponent("INSERT INTO analytics.arrived FORMAT JSONCompactEachRow");
    const body = `["${fault}"]`;
    const answer = await fetch(`${network.url}/?query=${query}`, { method: "POST", body }).catch(
      () => undefined,
    );
    return answer?.status;
  };

  const outcomes: ReadonlyArray<readonly [NetworkFault, status: number | undefined, arrives: boolean]> = [
    ["request_cut", undefined, false],
    ["request_lost", undefined, false],
    ["answer_cut", undefined, true],
    ["answer_held", undefined, true],
    ["late", undefined, true],
    ["error_500", 500, false],
    ["error_503", 503, false],
    ["error_after", 500, true],
  ];
  test.each(outcomes)("%s", async (fault, status, arrives) => {
    network.arm({ fault, times: 1, insertsOnly: true, delayMs: 100 });
    const found = () => ask(engine.url(), `SELECT count() FROM arrived WHERE fault = '${fault}'`);
    expect(await insert(fault)).toBe(status as number);
    if (fault === "late") expect(await found()).toBe("0\n");
    await Bun.sleep(200);
    expect(await found()).toBe(arrives ? "1\n" : "0\n");
    expect(await insert("nothing")).toBe(200);
  });

  test("the engine comes back after a crash with what it had, at the same address", async () => {
    const before = engine.url();
    await engine.kill();
    expect(await insert("while it is down")).toBeUndefined();
    await engine.start();
    expect(engine.url()).toBe(before);
    expect(await insert("crash")).toBe(200);
    expect(await ask(engine.url(), "SELECT count() FROM arrived WHERE fault = 'answer_cut'")).toBe("1\n");
  });
});

describe.each([
  { engine: "embedded", cycles: 4 },
  { engine: "http", cycles: 3 },
] as const)("a service that is hurt and killed, ClickHouse $engine", ({ engine, cycles }) => {
  test(`every answered event is stored once, ${cycles} lives`, async () => {
    const report = await chaos({ engine, cycles, seed, eventsPerCycle: 800 });
    if (report.failed) console.log(`${describeFindings(report)}\n${summary(report)}\nKept: ${report.keptIn}`);
    expect(report.troubles).toEqual([]);
    expect(report.failed).toBe(false);
    // The load was what it claims to be.
    expect(report.journal.answeredEvents).toBeGreaterThan(cycles * 100);
    expect(report.verdict?.storedRows).toBeGreaterThanOrEqual(report.journal.answeredEvents);
    expect(report.injections.length).toBeGreaterThanOrEqual(cycles);
  }, 180_000);
});
