import { describe, expect } from "bun:test";
import { Effect, Layer, Logger } from "effect";
import { type NotSealed, sealDay } from "../../sealing/seal-day.ts";
import { layerSealedDays, type Seal, SealedDays } from "../../sealing/sealed-days.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testClickHouse, testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { latestBatch } from "../../writer/batch-number.ts";
import { verifyRecent } from "../hourly-verify.ts";
import { DAY_MS } from "../rollup.ts";
import { changed, dayMs, dayText, deleted, hurried, storeDay, verified } from "../sample.ts";

const TIMEOUT_MS = 60_000;

/** Seals every open day that is over; how many. */
const sealAll = Effect.gen(function* () {
  const sealed = yield* SealedDays;
  yield* sealed.refresh;
  const open = sealed.open(0, Math.floor(Date.now() / DAY_MS));
  const completedBatch = yield* latestBatch;
  const results: Array<Seal | NotSealed> = [];
  for (const day of open) results.push(yield* sealDay(day, completedBatch));
  expect(results.filter((result) => typeof result === "string")).toEqual([]);
  return results.length;
});

const verifiedSealed = (options: Parameters<typeof verified>[0] = {}) =>
  Effect.map(verified(options), (result) => ({
    ...result,
    differences: result.news.flatMap((one) =>
      one.kind === "sealed different" ? one.comparison.differences : [],
    ),
  }));

const counting = "build IN (SELECT build FROM sealed_days FINAL)";

const contents = Effect.gen(function* () {
  const { query } = yield* ClickHouse;
  const sessions = yield* query(
    `SELECT toString(date) AS day, count() AS rows, toString(sum(cityHash64(* EXCEPT (build)))) AS content
     FROM sessions WHERE ${counting} GROUP BY day ORDER BY day`,
  );
  const sets = ["visitors", "session_visitors"];
  const fields = yield* query(
    `SELECT toString(date) AS day, count() AS rows, toString(sum(cityHash64(
       * EXCEPT (build, ${sets.join(", ")}), ${sets.map((set) => `finalizeAggregation(${set})`).join(", ")}
     ))) AS content FROM daily_field_stats WHERE ${counting} GROUP BY day ORDER BY day`,
  );
  return { sessions, fields };
});

const thatDay = `date = '${dayText(2)}' AND site_id = 'one.example'`;
const key = { project_id: "default", site_id: "one.example", date: dayText(2) };

const damages = [
  {
    name: "a session that is missing",
    damage: deleted(
      "sessions",
      `${thatDay} AND (visitor_id, session_id) IN (SELECT visitor_id, session_id FROM sessions WHERE ${thatDay} LIMIT 1)`,
    ),
    expected: { table: "sessions", kind: "changed", key },
    values: ["sessions"],
  },
  {
    name: "a session that came twice",
    damage: changed(`INSERT INTO sessions SELECT * FROM sessions WHERE ${thatDay} LIMIT 1`),
    expected: { table: "sessions", kind: "changed", key },
    values: ["sessions"],
  },
  {
    name: "sessions that have swapped their pages",
    damage: changed(
      `ALTER TABLE sessions UPDATE entry_page = if(pageviews % 2 = 0, 'x', 'y'), exit_page = '/other' WHERE ${thatDay} SETTINGS mutations_sync = 2`,
    ),
    expected: { table: "sessions", kind: "changed", key },
    values: ["entry_page", "exit_page"],
  },
  {
    name: "a count that is wrong",
    damage: changed(
      `ALTER TABLE daily_field_stats UPDATE events = events + 1 WHERE ${thatDay} AND field = 'device_slug' AND value = 'phone-b' SETTINGS mutations_sync = 2`,
    ),
    expected: {
      table: "daily_field_stats",
      kind: "changed",
      key: { ...key, field: "device_slug", value: "phone-b" },
    },
    values: ["events"],
  },
  {
    name: "as many visitors, but others",
    damage: changed(
      `ALTER TABLE daily_field_stats UPDATE visitors = arrayReduce('uniqState',
         arrayMap(n -> toUInt64(5000 + n), range(finalizeAggregation(visitors))))
       WHERE ${thatDay} AND field = 'post' AND value = '3' SETTINGS mutations_sync = 2`,
    ),
    expected: { table: "daily_field_stats", kind: "changed", key: { ...key, field: "post", value: "3" } },
    values: ["visitors"],
  },
  {
    name: "a row that is missing",
    damage: deleted("daily_field_stats", `${thatDay} AND field = 'event_type' AND value = 'widget_click'`),
    expected: {
      table: "daily_field_stats",
      kind: "missing",
      key: { ...key, field: "event_type", value: "widget_click" },
    },
    values: ["events", "visitors"],
  },
] as const;

const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const lines: Array<string> = [];
    const logger = Logger.make(({ message }) => void lines.push(String(message)));
    return {
      result: yield* Effect.provide(effect, Logger.replace(Logger.defaultLogger, logger)),
      lines,
    };
  });

describe.each(testEngines)("verify of sealed days on $engine", ({ layer }) => {
  const { it } = testsOn(Layer.provideMerge(layerSealedDays, layer()));

  it(
    "honest days agree, and every sealed one is compared",
    () =>
      Effect.gen(function* () {
        for (const ago of [4, 3, 2, 1]) {
          yield* storeDay(ago, 10 - ago, 120);
          yield* storeDay(ago, 20 - ago, 180);
        }
        const days = yield* sealAll;
        expect(days).toBe(8);
        const result = yield* verifiedSealed();
        expect(result).toMatchObject({ agrees: true, sealed: { days, differing: 0, left: 0, unsettled: 0 } });
        expect(result.sealed.rows).toBeGreaterThan(1000);
        expect((yield* verifiedSealed({ fromMs: dayMs(2), toMs: dayMs(1) })).sealed.days).toBe(2);
        expect((yield* hurried(50)(logged(verifyRecent))).lines).toEqual([]);
      }),
    TIMEOUT_MS,
  );

  it(
    "much damage of all kinds is found and repaired",
    () =>
      Effect.gen(function* () {
        const before = yield* contents;
        for (const { damage } of damages) yield* damage;
        const found = yield* verifiedSealed();
        expect(found).toMatchObject({ agrees: false, differing: 0, sealed: { differing: 1, left: 1 } });
        expect(found.differences.length).toBeGreaterThanOrEqual(5);
        const { result, lines } = yield* hurried(50)(logged(verifyRecent));
        expect(result).toBe(1);
        expect(lines.at(-1)).toContain("1 sealed day(s) of sites and their raw events differ");
        const repaired = yield* verifiedSealed({ repair: true });
        expect(repaired).toMatchObject({ agrees: true, sealed: { differing: 1, left: 0 } });
        expect(yield* contents).toEqual(before);
        expect(yield* verifiedSealed()).toMatchObject({ agrees: true, sealed: { days: 8, differing: 0 } });
      }),
    TIMEOUT_MS,
  );
});

// What follows is the same statements again.
describe("verify of sealed days", () => {
  const { it } = testsOn(Layer.provideMerge(layerSealedDays, testClickHouse()));

  it(
    "a database whose days are not sealed agrees",
    () =>
      Effect.gen(function* () {
        for (const ago of [3, 2, 1]) yield* storeDay(ago, 10 - ago, 200);
        expect(yield* verifiedSealed()).toMatchObject({ agrees: true, sealed: { days: 0 } });
        expect(yield* sealAll).toBe(6);
      }),
    TIMEOUT_MS,
  );

  for (const { name, damage, expected, values } of damages) {
    it(
      `finds ${name}, says what differs, and repairs it`,
      () =>
        Effect.gen(function* () {
          const before = yield* contents;
          yield* damage;
          const found = yield* verifiedSealed();
          const first = found.differences.find(({ table }) => table === expected.table);
          expect(first).toMatchObject(expected);
          expect(first?.values.map((value) => value.name)).toEqual(
            expect.arrayContaining([...values]) as unknown as Array<string>,
          );
          expect(found.sealed).toMatchObject({ differing: 1, left: 1 });
          expect(yield* verifiedSealed({ repair: true })).toMatchObject({ agrees: true });
          expect(yield* contents).toEqual(before);
        }).pipe(Effect.ensuring(Effect.ignore(verifiedSealed({ repair: true })))),
      TIMEOUT_MS,
    );
  }

  it(
    "events that were deleted: the rollups are repaired, and the days of these events sealed anew",
    () =>
      Effect.gen(function* () {
        yield* deleted("events", `visitor_id = 17 AND toDate(occurred_at) = '${dayText(2)}'`);
        const found = yield* verifiedSealed();
        expect(found.differing).toBeGreaterThan(0);
        expect(found.sealed).toMatchObject({ differing: 1, left: 1 });
        expect(yield* verifiedSealed({ repair: true })).toMatchObject({
          agrees: true,
          left: 0,
          sealed: { differing: 1, left: 0 },
        });
        expect(yield* verifiedSealed()).toMatchObject({ agrees: true, sealed: { days: 6, differing: 0 } });
      }),
    TIMEOUT_MS,
  );

  it(
    "a seal that a late event has broken is no difference",
    () =>
      Effect.gen(function* () {
        yield* storeDay(2, 30, 60);
        expect(yield* verifiedSealed()).toMatchObject({ agrees: true, sealed: { days: 2, differing: 0 } });
        expect(yield* verifiedSealed({ live: true })).toMatchObject({ agrees: true, sealed: { days: 2 } });
        yield* sealAll;
      }),
    TIMEOUT_MS,
  );

  it(
    "events that are on their way are told from those that a rollup has lost",
    () =>
      Effect.gen(function* () {
        const insert = (table: string, project: string, batch: number) =>
          changed(
            `INSERT INTO ${table} (project_id, site_id, event_type, occurred_at, batch)
             SELECT '${project}', 'one.example', 'page_view', toDateTime64('${dayText(2)} 09:30:00', 3, 'UTC'), ${batch}`,
          );
        yield* insert("events", "default", 40);
        const live = hurried(50)(verifiedSealed({ live: true }));
        expect((yield* live).sealed).toMatchObject({ differing: 0, unsettled: 1 });
        // A later batch means that the one before has ended.
        yield* insert("landing", "other", 41);
        expect((yield* live).sealed).toMatchObject({ differing: 1, unsettled: 0 });
        expect((yield* verifiedSealed()).sealed).toMatchObject({ differing: 1, unsettled: 0 });
        // The repaired rollup knows of the batch, and so the seal does not hold any more.
        expect(yield* verifiedSealed({ repair: true })).toMatchObject({
          agrees: true,
          sealed: { differing: 0, left: 0 },
        });
        yield* sealAll;
        expect(yield* verifiedSealed()).toMatchObject({ agrees: true, sealed: { differing: 0 } });
      }),
    TIMEOUT_MS,
  );
});
