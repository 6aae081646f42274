import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import {
  answers,
  at,
  buildsOf,
  DAY,
  expectExact,
  keptLong,
  lastBatch,
  onSealedDays,
  openDays,
  SITE,
  seal,
  sealHolds,
  store,
  visits,
} from "./sample.ts";
import { SealedDays } from "./sealed-days.ts";

const TIMEOUT_MS = 60_000;

describe("a seal", () => {
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
        expect(yield* buildsOf(project)).toBe(2);
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
});
