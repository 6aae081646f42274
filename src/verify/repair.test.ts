import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { ClickHouse, type ClickHouseShape } from "../store/clickhouse.ts";
import { ClickHouseError } from "../store/clickhouse-error.ts";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { asked, changed, dayMs, dayText, storeDay, verified, watermarks } from "./sample.ts";

const TIMEOUT_MS = 30_000;

const cutOff = new ClickHouseError({
  failure: "other",
  retryable: false,
  code: undefined,
  message: "The process ends here.",
});

/** A ClickHouse that is gone before the command that `isLast` knows. */
const endingBefore = (clickhouse: ClickHouseShape, isLast: (sql: string) => boolean): ClickHouseShape => {
  let ended = false;
  return {
    ...clickhouse,
    command: (sql, params) =>
      Effect.suspend(() => {
        ended ||= isLast(sql);
        return ended ? Effect.fail(cutOff) : clickhouse.command(sql, params);
      }),
  };
};

const removeHour = `ALTER TABLE hourly_event_stats DELETE WHERE hour = '${dayText(2)} 07:00:00' SETTINGS mutations_sync = 2`;
const doubleDay = `INSERT INTO hourly_event_stats SETTINGS deduplicate_insert = 'disable', deduplicate_insert_select = 'disable'
  SELECT * REPLACE (watermark + 1000 AS watermark) FROM hourly_event_stats WHERE toDate(hour) = '${dayText(2)}'`;

const total = (table: string, sum: string) => asked<{ n: number }>(`SELECT ${sum} AS n FROM ${table}`);

describe.each(testEngines)("repair on $engine", ({ layer }) => {
  describe("an interrupted one", () => {
    const { it } = testsOn(layer());

    for (const [when, isLast] of [
      ["before anything is deleted", (sql: string) => sql.startsWith("ALTER")],
      ["between deleting and inserting", (sql: string) => sql.includes("FROM (SELECT CAST")],
      ["before it began", (sql: string) => sql.startsWith("INSERT")],
    ] as const) {
      it(
        `${when} is finished by the next, and no watermark ever goes down`,
        () =>
          Effect.gen(function* () {
            const clickhouse = yield* ClickHouse;
            yield* storeDay(3, 1);
            yield* storeDay(2, 2);
            yield* Effect.forEach([removeHour, doubleDay], changed);
            const highest = yield* watermarks("hourly_event_stats");
            const failed = yield* Effect.flip(
              Effect.provideService(verified({ repair: true }), ClickHouse, endingBefore(clickhouse, isLast)),
            );
            expect(failed.message).toBe(cutOff.message);
            expect(yield* watermarks("hourly_event_stats")).toEqual(highest);
            const between = yield* verified();
            expect(between.differing).toBeGreaterThan(1);
            expect(between.differences.map(({ kind }) => kind)).toContain("missing");
            expect(yield* verified({ repair: true })).toMatchObject({
              agrees: true,
              repaired: between.differing,
            });
            expect(yield* verified()).toMatchObject({ agrees: true, differing: 0 });
            expect(yield* watermarks("hourly_event_stats")).toEqual(highest);
          }),
        TIMEOUT_MS,
      );
    }
  });

  describe("where raw events are gone", () => {
    const { it } = testsOn(layer());
    const goneFrom = (news: Effect.Effect.Success<ReturnType<typeof verified>>["news"]) =>
      news.flatMap((one) => (one.kind === "gone" ? [one.dayMs] : []));

    it(
      "leaves the oldest days alone, with the day on which the end lies, as after a longer retention was set",
      () =>
        Effect.gen(function* () {
          for (const ago of [6, 5, 4, 3, 2]) yield* storeDay(ago, 10 - ago);
          yield* changed(
            `ALTER TABLE events DELETE WHERE occurred_at < '${dayText(4)} 08:00:00' SETTINGS mutations_sync = 2`,
          );
          const before = yield* total("hourly_event_stats", "sum(events)");
          const result = yield* verified({ repair: true });
          expect(result).toMatchObject({ agrees: true, differing: 0, goneDays: 3, firstDayMs: dayMs(3) });
          expect(goneFrom(result.news)).toEqual([dayMs(6), dayMs(5), dayMs(4)]);
          expect(yield* total("hourly_event_stats", "sum(events)")).toEqual(before);
          // Nothing but such days is no agreement.
          expect(yield* verified({ toMs: dayMs(4) })).toMatchObject({ agrees: false, firstDayMs: undefined });
        }),
      TIMEOUT_MS,
    );

    it(
      "tells of a later day without raw events and does not repair it, but the others",
      () =>
        Effect.gen(function* () {
          yield* changed(
            `ALTER TABLE events DELETE WHERE toDate(occurred_at) = '${dayText(2)}' SETTINGS mutations_sync = 2`,
          );
          yield* changed(
            `ALTER TABLE daily_post_stats DELETE WHERE date = '${dayText(3)}' SETTINGS mutations_sync = 2`,
          );
          const before = yield* total(
            "daily_post_stats",
            `sumIf(widget_impressions, date = '${dayText(2)}')`,
          );
          const found = yield* verified({ repair: true });
          expect(found.agrees).toBe(false);
          expect(found.repaired).toBeGreaterThan(0);
          expect(found.news.filter(({ kind }) => kind === "kept")).toEqual([
            { kind: "kept", dayMs: dayMs(2) },
          ]);
          expect(
            yield* total("daily_post_stats", `sumIf(widget_impressions, date = '${dayText(2)}')`),
          ).toEqual(before);
          expect(yield* verified({ toMs: dayMs(2) })).toMatchObject({ agrees: true });
        }),
      TIMEOUT_MS,
    );
  });

  describe("and the retention", () => {
    const { it } = testsOn(layer(undefined, { rawRetentionDays: 5, rollupRetentionYears: 2 }));

    it(
      "nothing before the first day that raw events are completely kept of is compared or touched",
      () =>
        Effect.gen(function* () {
          yield* changed("SYSTEM STOP TTL MERGES");
          for (const ago of [6, 5, 4, 3]) yield* storeDay(ago, 10 - ago);
          // As far as the TTL has come: days 6 and, in part, 5.
          yield* changed(
            `ALTER TABLE events DELETE WHERE occurred_at < now() - INTERVAL 5 DAY SETTINGS mutations_sync = 2`,
          );
          const before = yield* total("hourly_event_stats", "sum(events)");
          const result = yield* verified({ fromMs: dayMs(9), repair: true });
          expect(result).toMatchObject({ agrees: true, differing: 0, firstDayMs: dayMs(4), goneDays: 0 });
          expect(result.news[0]).toMatchObject({ kind: "start", keptFromMs: dayMs(4), days: 2 });
          expect(yield* total("hourly_event_stats", "sum(events)")).toEqual(before);
        }).pipe(Effect.ensuring(Effect.ignore(changed("SYSTEM START TTL MERGES")))),
      TIMEOUT_MS,
    );

    it(
      "rollups that expire before raw events do are not missed",
      () =>
        Effect.gen(function* () {
          yield* changed("ALTER TABLE hourly_event_stats MODIFY TTL hour + toIntervalDay(3)");
          yield* changed("OPTIMIZE TABLE hourly_event_stats FINAL");
          expect(yield* verified()).toMatchObject({
            agrees: true,
            firstDayMs: dayMs(4),
            lastDayMs: dayMs(3),
          });
        }),
      TIMEOUT_MS,
    );
  });
});
