import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { asked, changed, dayMs, dayText, deleted, storeDay, verified } from "./sample.ts";

const TIMEOUT_MS = 30_000;

const total = (table: string, sum: string) => asked(`SELECT ${sum} AS n FROM ${table}`);

describe("days whose raw events are gone", () => {
  const { it } = testsOn(testClickHouse());

  it(
    "the oldest are left alone, with the day on which the end lies, as after a longer retention was set",
    () =>
      Effect.gen(function* () {
        for (const ago of [6, 5, 4, 3, 2]) yield* storeDay(ago, 10 - ago);
        yield* deleted("events", `occurred_at < '${dayText(4)} 08:00:00'`);
        const before = yield* total("hourly_event_stats", "sum(events)");
        const result = yield* verified({ repair: true });
        expect(result).toMatchObject({ agrees: true, differing: 0, firstDayMs: dayMs(3) });
        expect(result.news[0]).toEqual({
          kind: "start",
          days: 2,
          expired: [dayMs(6), dayMs(5), dayMs(4)],
        });
        expect(yield* total("hourly_event_stats", "sum(events)")).toEqual(before);
        // Nothing but such days is no agreement.
        expect(yield* verified({ toMs: dayMs(4) })).toMatchObject({ agrees: false, firstDayMs: undefined });
      }),
    TIMEOUT_MS,
  );

  it(
    "a later one is told and left alone, while the others are repaired",
    () =>
      Effect.gen(function* () {
        yield* storeDay(1, 20);
        yield* deleted("events", `toDate(occurred_at) = '${dayText(2)}'`);
        yield* deleted("daily_post_stats", `date != '${dayText(2)}'`);
        const ofThatDay = `sumIf(widget_impressions, date = '${dayText(2)}')`;
        const before = yield* total("daily_post_stats", ofThatDay);
        const found = yield* verified({ repair: true });
        expect(found).toMatchObject({ agrees: false, left: 0 });
        expect(found.differing).toBeGreaterThan(0);
        expect(found.news.filter(({ kind }) => kind === "gone")).toEqual([{ kind: "gone", dayMs: dayMs(2) }]);
        expect(yield* total("daily_post_stats", ofThatDay)).toEqual(before);
        expect(yield* verified({ toMs: dayMs(2) })).toMatchObject({ agrees: true, differing: 0 });
        expect(yield* verified({ fromMs: dayMs(1) })).toMatchObject({ agrees: true, differing: 0 });
      }),
    TIMEOUT_MS,
  );
});

describe("the retention", () => {
  const { it } = testsOn(testClickHouse(undefined, { rawRetentionDays: 5, rollupRetentionYears: 2 }));

  it(
    "nothing before the first day that raw events are completely kept of is compared or touched",
    () =>
      Effect.gen(function* () {
        yield* changed("SYSTEM STOP TTL MERGES");
        for (const ago of [6, 5, 4, 3]) yield* storeDay(ago, 10 - ago);
        // As far as the TTL has come: day 6 and, in part, day 5.
        yield* deleted("events", "occurred_at < now() - INTERVAL 5 DAY");
        const before = yield* total("hourly_event_stats", "sum(events)");
        const result = yield* verified({ fromMs: dayMs(9), repair: true });
        expect(result).toMatchObject({ agrees: true, differing: 0, firstDayMs: dayMs(4) });
        expect(result.news[0]).toEqual({ kind: "start", days: 2, expired: [dayMs(6), dayMs(5)] });
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
        yield* storeDay(1, 20);
        expect(yield* verified()).toMatchObject({
          agrees: true,
          firstDayMs: dayMs(1),
          lastDayMs: dayMs(1),
        });
      }),
    TIMEOUT_MS,
  );
});
