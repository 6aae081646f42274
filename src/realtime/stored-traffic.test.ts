import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { ingestBatch } from "../ingest/pipeline.ts";
import { ClickHouse, defaultBudget } from "../store/clickhouse.ts";
import { eventColumns, numberRows } from "../store/event-row.ts";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { testContext } from "../testing/service/ingest-context.ts";
import { RecentTraffic } from "./recent-traffic.ts";
import type { Sighting } from "./sightings.ts";
import { recordRows } from "./spooled-traffic.ts";
import { raiseToStored } from "./stored-traffic.ts";

const MINUTE = 60_000;
const now = Date.parse("2026-11-21T12:34:56.789Z");
const GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

interface Taken {
  readonly project: string;
  readonly country: string;
  readonly rows: Buffer;
  readonly sightings: ReadonlyArray<Sighting>;
}

const numbers = {
  clientVisitor: (_: string, id: string) => String(Bun.hash.xxHash64(id)),
  session: () => "7",
  cookielessVisitor: () => "1",
  prune: () => {},
  problem: () => undefined,
};

const taken = (
  project: string,
  country: string,
  receivedAt: number,
  events: ReadonlyArray<object>,
): Taken => {
  const { rows, sightings, rejections } = ingestBatch(
    { events, sentAt: undefined, hasEscapes: true, mayHoldEmail: true, apiKey: undefined },
    testContext({
      project,
      receivedAt,
      place: { country, region: "" },
      visitorKeys: numbers,
      newId: () => crypto.randomUUID(),
    }),
  );
  expect(rejections).toEqual([]);
  return { project, country, rows: Buffer.from(rows), sightings };
};

/** An hour of traffic of all kinds, in the order in which it was received. */
const traffic: ReadonlyArray<Taken> = Array.from({ length: 240 }, (_, n) => {
  const receivedAt = now - (239 - n) * 15_000;
  return taken(n % 5 === 0 ? "it's \\ 日本" : "default", n % 3 === 0 ? "DE" : "FR", receivedAt, [
    ...Array.from({ length: 3 }, (_, k) => ({
      event_type: k === 2 ? "click" : "page_view",
      visitor_id: `v${n % 40}`,
      site_id: `site${n % 3}`,
      page_path: `/page-${(n * 7 + k) % 13}`,
      referrer: (n % 40) % 2 === 0 ? "https://www.google.com/" : "",
      occurred_at: receivedAt - (n % 6 === 0 ? (n % 9) * MINUTE : 0),
    })),
    { event_type: "page_view", visitor_id: "future", occurred_at: receivedAt + MINUTE },
    { event_type: "page_view", visitor_id: "bot", user_agent: GOOGLEBOT },
  ]);
});

const store = (requests: ReadonlyArray<Taken>, batch: number) =>
  Effect.gen(function* () {
    const { insertRows } = yield* ClickHouse;
    const rows = Buffer.concat(requests.map((request) => request.rows));
    numberRows(rows, batch);
    yield* insertRows({ table: "landing", columns: eventColumns, rows, token: crypto.randomUUID() });
  });

const record = (memory: RecentTraffic, requests: ReadonlyArray<Taken>) => {
  for (const { project, country, sightings } of requests) memory.record(project, country, sightings);
};

const scopes = ["default", "it's \\ 日本"].flatMap((project) => [
  { project, sites: undefined },
  { project, sites: new Set(["site1"]) },
  { project, sites: new Set(["site0", "site2", "none"]) },
]);

const read = (memory: RecentTraffic) => scopes.map((scope) => memory.document(scope));

describe.each(testEngines)("the past in ClickHouse, $engine", ({ engine, layer }) => {
  const { it } = testsOn(layer());

  it("gives the same numbers as if it had been seen, and raising them again or beside one's own changes nothing", () =>
    Effect.gen(function* () {
      yield* store(traffic, 1);
      const whole = new RecentTraffic(() => now);
      record(whole, traffic);
      expect(whole.document({ project: "default", sites: undefined }).activeUsers).toBeGreaterThan(5);

      const raised = new RecentTraffic(() => now);
      yield* raiseToStored(raised, { now, budget: defaultBudget });
      expect(read(raised)).toEqual(read(whole));
      yield* raiseToStored(raised, { now, budget: defaultBudget });
      expect(read(raised)).toEqual(read(whole));

      // One of several processes has taken every second request itself.
      const partly = new RecentTraffic(() => now);
      record(
        partly,
        traffic.filter((_, n) => n % 2 === 0),
      );
      for (const { project } of scopes) yield* raiseToStored(partly, { now, project, budget: defaultBudget });
      expect(read(partly)).toEqual(read(whole));
    }));

  it("and the spool together count a batch once that may be in both", () =>
    Effect.gen(function* () {
      const { command } = yield* ClickHouse;
      yield* command("TRUNCATE TABLE events");
      const waiting = traffic.slice(200);
      yield* store(traffic.slice(0, 200), 1);
      yield* store(waiting, 2);
      const memory = new RecentTraffic(() => now);
      yield* raiseToStored(memory, { now, withoutBatch: 2, budget: defaultBudget });
      recordRows(memory, Buffer.concat(waiting.map(({ rows }) => rows)), now);
      const whole = new RecentTraffic(() => now);
      record(whole, traffic);
      expect(read(memory)).toEqual(read(whole));
    }));

  if (engine === "server") return;

  it("is asked for a part of the visitors where there are more than are followed", () =>
    Effect.gen(function* () {
      const { command } = yield* ClickHouse;
      yield* command("TRUNCATE TABLE events");
      yield* command(
        `INSERT INTO landing (project_id, event_type, occurred_at, received_at, visitor_id, page_path)
        SELECT 'crowd', 'page_view', t, t, sipHash64(number), concat('/', toString(number % 4))
        FROM (SELECT number, toDateTime64('2026-11-21 12:34:00', 3, 'UTC') AS t FROM numbers(200000))`,
      );
      const memory = new RecentTraffic(() => now);
      yield* raiseToStored(memory, { now, budget: defaultBudget });
      const { activeUsers, pageviewsLast5Min, pages, exact } = memory.document({
        project: "crowd",
        sites: undefined,
      });
      expect({ pageviewsLast5Min, exact }).toEqual({ pageviewsLast5Min: 200_000, exact: false });
      expect(Math.abs(activeUsers / 200_000 - 1)).toBeLessThan(0.05);
      expect(Math.abs((pages[0]?.visitors ?? 0) / 50_000 - 1)).toBeLessThan(0.1);
    }));
});
