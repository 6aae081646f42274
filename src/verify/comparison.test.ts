import { describe, expect } from "bun:test";
import { Effect, Fiber } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse, testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { compare, nobodyWrites, whileWriting } from "./comparison.ts";
import { DAY_MS, readRollups } from "./rollup.ts";
import { asked, changed, dayMs, dayText, deleted, hurried, inserted, storeDay, verified } from "./sample.ts";

const TIMEOUT_MS = 30_000;
const budget = { maxSeconds: 60, maxMemoryBytes: 1_000_000_000 };
const yesterday = { fromMs: dayMs(1), toMs: dayMs(1) + DAY_MS };

const hourly = Effect.map(readRollups, (rollups) => {
  const rollup = rollups.find(({ name }) => name === "hourly_event_stats");
  if (rollup === undefined) throw new Error("There is no such rollup");
  return rollup;
});

/** An event of batch `batch` that has reached the raw events and no rollup. */
const onItsWay = (batch: number, site: string) =>
  changed(
    `INSERT INTO events (project_id, site_id, event_type, occurred_at, batch)
     SELECT 'p', '${site}', 'page_view', toDateTime64('${dayText(1)} 09:30:00', 3, 'UTC'), ${batch}`,
  );

const arrived = (batch: number, site: string) =>
  inserted(
    "hourly_event_stats",
    `(project_id, site_id, hour, event_type, events, unique_visitors, watermark)
     SELECT 'p', '${site}', '${dayText(1)} 09:00:00', 'page_view', 1, uniqState(toUInt64(0)), ${batch}`,
  );

describe.each(testEngines)("a comparison on $engine", ({ layer }) => {
  const { it } = testsOn(layer());

  it(
    "tells rows of the newest batch that are on their way from rows that were lost",
    () =>
      Effect.gen(function* () {
        yield* storeDay(1, 1);
        const look = Effect.flatMap(hourly, (rollup) =>
          hurried(50)(compare(rollup, yesterday, whileWriting, budget)),
        );
        expect(yield* look).toMatchObject({ differing: 0, unsettled: 0 });
        yield* onItsWay(2, "one");
        expect(yield* look).toMatchObject({ differing: 0, unsettled: 1 });
        // A later batch means that the one before has ended: what is missing of it now will not come.
        yield* storeDay(1, 3);
        expect(yield* look).toMatchObject({
          differing: 1,
          unsettled: 0,
          differences: [{ kind: "missing", key: { site_id: "one" } }],
          times: [`${dayText(1)} 09:00:00`],
        });
        // A rollup may have the newest batch before the raw events do.
        yield* arrived(4, "two");
        expect(yield* look).toMatchObject({ differing: 1, unsettled: 1 });
        // Both have it, so both have all that came before.
        yield* onItsWay(4, "one");
        yield* arrived(4, "one");
        yield* onItsWay(4, "two");
        expect(yield* look).toMatchObject({
          differing: 1,
          unsettled: 0,
          differences: [{ kind: "changed", values: [{ name: "events", found: "1", expected: "2" }] }],
        });
        const all = yield* Effect.flatMap(hourly, (rollup) =>
          compare(rollup, yesterday, nobodyWrites, budget),
        );
        expect(all).toMatchObject({ differing: 1, unsettled: 0 });
        yield* verified({ repair: true });
      }),
    TIMEOUT_MS,
  );

  it(
    "waits for rows that are on their way",
    () =>
      Effect.gen(function* () {
        const rollup = yield* hourly;
        yield* onItsWay(5, "three");
        const looks: Array<string> = [];
        const clickhouse = yield* ClickHouse;
        const looking = yield* Effect.fork(
          Effect.provideService(compare(rollup, yesterday, whileWriting, budget), ClickHouse, {
            ...clickhouse,
            query: (sql, ...read) => {
              looks.push(sql);
              return clickhouse.query(sql, ...read);
            },
          }),
        );
        while (looks.length < 2) yield* Effect.sleep("5 millis");
        yield* arrived(5, "three");
        expect(yield* Fiber.join(looking)).toMatchObject({ differing: 0, unsettled: 0 });
      }),
    TIMEOUT_MS,
  );

  it(
    "finds no difference while batch after batch comes into the same hours",
    () =>
      Effect.gen(function* () {
        const rollups = yield* readRollups;
        let batch = 6;
        const writing = yield* Effect.fork(Effect.forever(Effect.suspend(() => storeDay(1, batch++, 200))));
        for (let round = 0; round < 4; round++) {
          for (const rollup of rollups) {
            const comparison = yield* hurried(50)(compare(rollup, yesterday, whileWriting, budget));
            expect(comparison).toMatchObject({ differing: 0, differences: [] });
          }
        }
        yield* Fiber.interrupt(writing);
        expect(batch).toBeGreaterThan(8);
        expect(yield* verified({ live: true })).toMatchObject({ agrees: true, unsettled: 0 });
        const [{ n } = { n: 0 }] = yield* asked<{ n: number }>("SELECT max(batch) AS n FROM events");
        expect(n).toBeGreaterThanOrEqual(batch - 2);
      }),
    TIMEOUT_MS,
  );
});

describe("a comparison", () => {
  const { it } = testsOn(testClickHouse());

  it(
    "finds the same whether its groups are in memory or on disk",
    () =>
      Effect.gen(function* () {
        yield* changed(
          `INSERT INTO landing (project_id, site_id, event_type, occurred_at, visitor_id, batch)
           SELECT 'many', toString(number % 10000), 'page_view', toDateTime64('${dayText(1)} 00:00:00', 3, 'UTC') + number % 80000, number, 1
           FROM numbers(40000)`,
        );
        yield* deleted("hourly_event_stats", "project_id = 'many' AND cityHash64(site_id) % 5 = 0");
        const rollup = yield* hourly;
        const inMemory = yield* compare(rollup, yesterday, nobodyWrites, budget);
        expect([inMemory.differing > 1000, inMemory.differences.length, inMemory.times.length]).toEqual([
          true,
          1000,
          12,
        ]);
        const onDisk = yield* compare(rollup, yesterday, nobodyWrites, { ...budget, spillBytes: 2_000_000 });
        expect(onDisk.buckets).toBe(inMemory.buckets);
        expect(Bun.deepEquals(onDisk, inMemory)).toBe(true);
      }),
    TIMEOUT_MS,
  );
});
