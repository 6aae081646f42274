import { describe, expect } from "bun:test";
import { Effect, Layer } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse, testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { latestBatch } from "../writer/batch-number.ts";
import { removeGarbage } from "./garbage.ts";
import {
  answers,
  at,
  DAY,
  failingAfter,
  keptLong,
  lastBatch,
  onSealedDays,
  openDays,
  SITE,
  seal,
  store,
} from "./sample.ts";
import { layerSealedDays, SealedDays } from "./sealed-days.ts";

const TIMEOUT_MS = 60_000;

/** Page views of one visitor at these times. */
const visits = (day: number, times: ReadonlyArray<string>, visitor = 1, more: object = {}) =>
  times.map((time, index) => ({
    occurredAtMs: at(day, time),
    visitor_id: visitor,
    page_path: index % 2 === 0 ? "/a" : "/b",
    country: visitor % 2 === 0 ? "DE" : "US",
    ...more,
  }));

/** Questions are answered as the events say, wherever the answers come from. */
const expectExact = (project: string) =>
  Effect.gen(function* () {
    expect(yield* answers(project, {})).toEqual(yield* answers(project, { from: "raw" }));
  });

const sealHolds = (project: string, day: number, siteId = SITE) =>
  Effect.gen(function* () {
    const sealed = yield* SealedDays;
    yield* sealed.refresh;
    return sealed.sealOf({ project, siteId, day: DAY + day }) !== undefined;
  });

const rowsOf = (project: string) =>
  Effect.flatMap(ClickHouse, ({ query }) =>
    Effect.map(
      query<{ builds: number }>(
        `SELECT count() AS builds FROM (
           SELECT build FROM sessions WHERE project_id = {project:String}
           UNION DISTINCT SELECT build FROM daily_field_stats WHERE project_id = {project:String})`,
        { project },
      ),
      ([row]) => row?.builds,
    ),
  );

describe.each(testEngines)("sealing on $engine", ({ layer }) => {
  const { it } = testsOn(onSealedDays(layer(undefined, keptLong)));

  it(
    "names are values, whatever they look like",
    () =>
      Effect.gen(function* () {
        const sites = [
          "it's \\ \"quoted\"\\'",
          "{site:String}",
          "tab\tand\nline\r\0end",
          "zażółć 🦊 \u202e\u2028",
          "",
          "x' OR 1=1 --",
          "\ufffd\uffff",
          "%27%5C",
        ];
        const projects = ["it's \\ \"quoted\"\\'", "{site:String}", "zażółć 🦊"];
        for (const project of projects) {
          yield* store(
            project,
            sites.flatMap((site_id, index) => visits(index % 3, ["10:00", "10:05"], index, { site_id })),
          );
          const sealed = yield* SealedDays;
          yield* sealed.refresh;
          const open = sealed.open(0, 65_535).filter((day) => day.project === project);
          expect(open.map(({ siteId }) => siteId).sort()).toEqual([...sites].sort());
          for (const { siteId, day } of open) yield* seal(project, day - DAY, siteId);
          expect(yield* openDays(project)).toEqual([]);
          yield* expectExact(project);
        }
        // As a start reads them back.
        const again = yield* Effect.provide(
          Effect.map(SealedDays, (sealed) => sealed.open(0, 65_535)),
          layerSealedDays,
        );
        expect(again.filter(({ project }) => projects.includes(project))).toEqual([]);
      }),
    TIMEOUT_MS,
  );
});

describe("sealing", () => {
  const { it } = testsOn(onSealedDays(testClickHouse(undefined, keptLong)));

  it(
    "a late event breaks the seal at once, and the day can be sealed again",
    () =>
      Effect.gen(function* () {
        const project = "late";
        yield* store(project, [...visits(0, ["08:00", "08:10", "12:00"]), ...visits(0, ["09:00"], 2)]);
        expect(yield* openDays(project)).toEqual([0]);
        expect(yield* seal(project, 0)).toMatchObject({ watermark: lastBatch(), nextHours: 0 });
        expect(yield* openDays(project)).toEqual([]);
        const sealed = yield* answers(project, {});
        expect(sealed).toEqual(yield* answers(project, { from: "raw" }));
        // It joins two sessions.
        yield* store(project, visits(0, ["08:35"]));
        const late = yield* answers(project, {});
        expect(late).not.toEqual(sealed);
        expect(late).toEqual(yield* answers(project, { from: "raw" }));
        expect(yield* openDays(project)).toEqual([0]);
        yield* seal(project, 0);
        expect(yield* openDays(project)).toEqual([]);
        expect(yield* answers(project, {})).toEqual(late);
        expect(yield* rowsOf(project)).toBe(2);
      }),
    TIMEOUT_MS,
  );

  it(
    "a session over midnight: its events of the next day break the seal, those after it do not",
    () =>
      Effect.gen(function* () {
        const project = "midnight";
        yield* store(project, [...visits(0, ["23:40", "23:55"]), ...visits(1, ["00:20"])]);
        expect(yield* seal(project, 0)).toMatchObject({ nextHours: 1 });
        expect(yield* seal(project, 1)).toMatchObject({ nextHours: 0 });
        yield* store(project, visits(1, ["01:00"], 2));
        expect([yield* sealHolds(project, 0), yield* sealHolds(project, 1)]).toEqual([true, false]);
        yield* expectExact(project);
        yield* store(project, visits(1, ["00:49:59.999"]));
        expect(yield* sealHolds(project, 0)).toBe(false);
        yield* expectExact(project);
        // The session reaches further now.
        expect(yield* seal(project, 0)).toMatchObject({ nextHours: 2 });
        yield* seal(project, 1);
        yield* expectExact(project);
      }),
    TIMEOUT_MS,
  );

  it(
    "an event of the last half hour before takes the session of the next day along",
    () =>
      Effect.gen(function* () {
        const project = "before";
        yield* store(project, [...visits(1, ["00:05", "00:10"]), ...visits(0, ["10:00"])]);
        yield* seal(project, 0);
        yield* seal(project, 1);
        yield* store(project, visits(0, ["23:45"]));
        expect([yield* sealHolds(project, 0), yield* sealHolds(project, 1)]).toEqual([false, false]);
        yield* expectExact(project);
        yield* seal(project, 1);
        yield* expectExact(project);
        yield* seal(project, 0);
        yield* expectExact(project);
        expect(yield* openDays(project)).toEqual([]);
      }),
    TIMEOUT_MS,
  );

  it(
    "whatever a sealing is cut off at, answers are right, and the next one counts",
    () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        for (const commands of [0, 1, 2, 3]) {
          const project = `cut off after ${commands}`;
          yield* store(project, [...visits(0, ["08:00", "08:10", "23:50"]), ...visits(1, ["00:01"])]);
          const before = yield* answers(project, { from: "raw" });
          const cut = seal(project, 0).pipe(
            Effect.provideService(ClickHouse, failingAfter(clickhouse, commands)),
          );
          expect(yield* Effect.flip(cut)).toMatchObject({ message: "The process ends here" });
          expect(yield* openDays(project)).toEqual([0, 1]);
          expect(yield* answers(project, {})).toEqual(before);
          yield* seal(project, 0);
          expect(yield* openDays(project)).toEqual([1]);
          expect(yield* answers(project, {})).toEqual(before);
          expect(yield* rowsOf(project)).toBe(commands === 0 ? 1 : 2);
        }
        // What was cut off goes; what counts stays.
        const { lastBuild } = yield* SealedDays;
        yield* removeGarbage({ upToBuild: lastBuild(), leastShare: 0, wait: true });
        for (const commands of [0, 1, 2, 3]) {
          expect(yield* rowsOf(`cut off after ${commands}`)).toBe(1);
          yield* expectExact(`cut off after ${commands}`);
        }
      }),
    TIMEOUT_MS,
  );

  it(
    "a seal that lands after its answer was lost is found by the next start",
    () =>
      Effect.gen(function* () {
        const project = "landed";
        yield* store(project, visits(0, ["08:00", "08:10"]));
        const clickhouse = yield* ClickHouse;
        const deaf = { ...clickhouse };
        const sealed = yield* SealedDays;
        // The index of this process never hears of it.
        yield* seal(project, 0).pipe(
          Effect.provideService(SealedDays, { ...sealed, keep: () => Effect.void }),
          Effect.provideService(ClickHouse, deaf),
        );
        expect(yield* openDays(project)).toEqual([0]);
        yield* Effect.provide(
          Effect.gen(function* () {
            expect(yield* openDays(project)).toEqual([]);
            yield* expectExact(project);
          }),
          Layer.fresh(layerSealedDays),
        );
        yield* seal(project, 0);
        yield* expectExact(project);
      }),
    TIMEOUT_MS,
  );

  it(
    "while a batch is on its way a day waits",
    () =>
      Effect.gen(function* () {
        yield* store("way", visits(0, ["08:00"]));
        yield* store("way", visits(0, ["09:00"]));
        expect(yield* seal("way", 0, SITE, lastBatch() - 1)).toBe("arriving");
        expect(yield* rowsOf("way")).toBe(0);
        expect(yield* seal("way", 0)).toMatchObject({ watermark: lastBatch() });
      }),
    TIMEOUT_MS,
  );

  it(
    "the writer goes on above the batch of a seal, also where that batch was given up and its ledger is lost",
    () =>
      Effect.gen(function* () {
        yield* store("given up", visits(0, ["08:00"]));
        const givenUp = lastBatch() + 1000;
        yield* seal("given up", 0, SITE, givenUp);
        expect(yield* latestBatch).toBe(givenUp);
        const clickhouse = yield* ClickHouse;
        yield* clickhouse.command("TRUNCATE TABLE sealed_days");
        expect(yield* latestBatch).toBe(lastBatch());
      }),
    TIMEOUT_MS,
  );

  it(
    "a batch that comes while a day is sealed breaks its seal, whether it is in it or not",
    () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        for (const commands of [0, 1, 2, 3]) {
          const project = `meanwhile ${commands}`;
          yield* store(project, visits(0, ["08:00", "08:10"]));
          let left = commands;
          const completedBatch = lastBatch();
          yield* seal(project, 0, SITE, completedBatch).pipe(
            Effect.provideService(ClickHouse, {
              ...clickhouse,
              command: (...statement) => {
                left -= 1;
                const late = left === -1 ? store(project, visits(0, ["08:30"], 2)) : Effect.void;
                return Effect.zipRight(
                  Effect.orDie(Effect.provideService(late, ClickHouse, clickhouse)),
                  clickhouse.command(...statement),
                );
              },
            }),
          );
          expect(yield* openDays(project)).toEqual([0]);
          yield* expectExact(project);
        }
      }),
    TIMEOUT_MS,
  );

  it(
    "a batch whose months arrive one after the other breaks the seals of both",
    () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        // 2026-10-31 and 2026-11-01.
        yield* store("months", [...visits(26, ["08:00"]), ...visits(27, ["08:00"])]);
        yield* seal("months", 26);
        yield* seal("months", 27);
        const arrive = (day: number) =>
          clickhouse.command(
            `INSERT INTO hourly_event_stats (project_id, site_id, hour, event_type, events, watermark)
             SELECT 'months', '${SITE}', toDateTime('${new Date(at(day, "09:00")).toISOString().slice(0, 19)}', 'UTC'), 'page_view', 1, ${lastBatch() + 1}`,
          );
        yield* arrive(26);
        expect([yield* sealHolds("months", 26), yield* sealHolds("months", 27)]).toEqual([false, true]);
        yield* arrive(27);
        expect(yield* sealHolds("months", 27)).toBe(false);
      }),
    TIMEOUT_MS,
  );

  it(
    "a day of which events are gone is not sealed again: its last seal stands",
    () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        yield* store("gone", [...visits(0, ["08:00", "08:10"]), ...visits(0, ["20:00"], 2)]);
        yield* seal("gone", 0);
        // Without the one about pages, for which sessions are asked together with their events.
        const sealedAnswers = Effect.map(answers("gone", {}), (all) => all.slice(0, 3));
        const sealed = yield* sealedAnswers;
        yield* clickhouse.command(
          "ALTER TABLE events DELETE WHERE project_id = 'gone' AND toHour(occurred_at) < 10 SETTINGS mutations_sync = 2",
        );
        yield* store("gone", visits(0, ["21:00"], 3));
        expect(yield* seal("gone", 0)).toBe("gone");
        expect(yield* openDays("gone")).toEqual([]);
        expect(yield* sealedAnswers).toEqual(sealed);
      }),
    TIMEOUT_MS,
  );

  it(
    "a day before the retention keeps its last seal too",
    () =>
      Effect.gen(function* () {
        yield* store("old", visits(0, ["08:00"]));
        yield* seal("old", 0);
        const sealed = yield* answers("old", {});
        yield* store("old", visits(0, ["21:00"], 3));
        expect(yield* openDays("old")).toEqual([0]);
        const index = yield* SealedDays;
        index.makeFinalBefore(DAY + 1);
        expect(yield* openDays("old")).toEqual([]);
        expect(yield* answers("old", {})).toEqual(sealed);
        index.makeFinalBefore(0);
        yield* expectExact("old");
      }),
    TIMEOUT_MS,
  );

  it(
    "a day stays open while a session that began on it goes on, and no other day does",
    () =>
      Effect.gen(function* () {
        const all = (day: number) =>
          Array.from({ length: 72 }, (_, i) => ({ occurredAtMs: at(day, "00:00") + i * 20 * 60_000 }));
        yield* store("kiosk", [0, 1, 2, 3].flatMap(all));
        expect(yield* seal("kiosk", 0)).toBe("endless");
        for (const day of [1, 2, 3])
          expect(yield* seal("kiosk", day)).toMatchObject({ watermark: lastBatch() });
        expect(yield* openDays("kiosk")).toEqual([0]);
        yield* expectExact("kiosk");
        // Nothing was written of what does not count.
        expect(yield* rowsOf("kiosk")).toBe(3);
      }),
    TIMEOUT_MS,
  );

  it(
    "a session of up to a day after is waited for",
    () =>
      Effect.gen(function* () {
        const long = Array.from({ length: 60 }, (_, i) => ({
          occurredAtMs: at(0, "12:00") + i * 29 * 60_000,
        }));
        yield* store("long", long);
        expect(yield* seal("long", 0)).toMatchObject({ nextHours: 18 });
        yield* seal("long", 1);
        yield* expectExact("long");
        yield* store("long", visits(1, ["17:00"], 2));
        expect(yield* sealHolds("long", 0)).toBe(false);
        yield* expectExact("long");
      }),
    TIMEOUT_MS,
  );

  it(
    "days of bots alone are not there, and bots break no seal",
    () =>
      Effect.gen(function* () {
        yield* store("bots", [...visits(0, ["08:00"]), ...visits(1, ["08:00"], 2, { is_bot: true })]);
        expect(yield* openDays("bots")).toEqual([0]);
        yield* seal("bots", 0);
        yield* store("bots", visits(0, ["08:20"], 1, { is_bot: true }));
        expect(yield* sealHolds("bots", 0)).toBe(true);
        yield* expectExact("bots");
      }),
    TIMEOUT_MS,
  );

  it(
    "builds grow, also after a start with a clock that went back",
    () =>
      Effect.gen(function* () {
        yield* store("clock", visits(0, ["08:00"]));
        const { nextBuild } = yield* SealedDays;
        const future = Number.MAX_SAFE_INTEGER - 1_000_000;
        const clickhouse = yield* ClickHouse;
        yield* clickhouse.command(
          `INSERT INTO sessions (project_id, site_id, date, build) SELECT 'clock', '${SITE}', '2026-10-05', ${future}`,
        );
        const first = yield* nextBuild;
        expect(first).toBeLessThan(future);
        expect(yield* nextBuild).toBeGreaterThan(first);
        yield* Effect.provide(
          Effect.gen(function* () {
            const result = yield* seal("clock", 0);
            expect(result).toMatchObject({ build: future + 1 });
            yield* expectExact("clock");
            // The same once more, as the start after that reads it.
            yield* store("clock", visits(0, ["08:20"]));
            yield* seal("clock", 0);
          }),
          Layer.fresh(layerSealedDays),
        );
        yield* Effect.provide(
          Effect.gen(function* () {
            expect(yield* openDays("clock")).toEqual([]);
            yield* expectExact("clock");
          }),
          Layer.fresh(layerSealedDays),
        );
      }),
    TIMEOUT_MS,
  );
});

describe("two databases", () => {
  const first = testsOn(onSealedDays(testClickHouse(undefined, keptLong)));
  const second = testsOn(onSealedDays(testClickHouse(undefined, keptLong)));

  first.it(
    "the sealed days of one are none of the other",
    () =>
      Effect.gen(function* () {
        yield* store("default", visits(0, ["08:00"]));
        yield* Effect.promise(() => second.runtime.runPromise(store("default", visits(0, ["08:00"]))));
        yield* seal("default", 0);
        expect(yield* openDays("default")).toEqual([]);
        expect(yield* Effect.promise(() => second.runtime.runPromise(openDays("default")))).toEqual([0]);
      }),
    TIMEOUT_MS,
  );
});
