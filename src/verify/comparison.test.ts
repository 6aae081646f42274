import { describe, expect } from "bun:test";
import { Effect, Fiber } from "effect";
import { ClickHouse, type ClickHouseShape } from "../store/clickhouse.ts";
import { ClickHouseError } from "../store/clickhouse-error.ts";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import { type Comparison, compare, compareSettled } from "./comparison.ts";
import { readRollups } from "./rollup.ts";
import { changed, DAY_MS, dayMs, dayText, storeDay, verified } from "./sample.ts";

const TIMEOUT_MS = 30_000;
const budget = { maxSeconds: 30, maxMemoryBytes: 1_000_000_000 };

const tooMuch = new ClickHouseError({
  failure: "over_budget",
  retryable: true,
  code: 241,
  message: "Memory limit exceeded",
});

/** A ClickHouse that can compare no more than a quarter of an hourly or a sixteenth of a daily rollup's day. */
const small = (clickhouse: ClickHouseShape, asked: Array<string>): ClickHouseShape => ({
  ...clickhouse,
  query: (sql, params, given) => {
    if (!sql.includes("verify_side")) return clickhouse.query(sql, params, given);
    const { bucket_from, bucket_to, of = 1 } = params ?? {};
    const hours = (Date.parse(String(bucket_to)) - Date.parse(String(bucket_from))) / 3_600_000;
    asked.push(`${hours} h / ${of}`);
    return hours > 6 && Number(of) < 16 ? Effect.fail(tooMuch) : clickhouse.query(sql, params, given);
  },
});

const summed = (days: ReadonlyMap<number, Comparison>) =>
  [...days]
    .sort(([a], [b]) => a - b)
    .map(([day, { differences, ...counts }]) => ({ day, ...counts, differences }));

describe.each(testEngines)("a comparison on $engine", ({ layer }) => {
  const { it } = testsOn(layer());
  const twoDays = { fromMs: dayMs(3), toMs: dayMs(1) };

  it(
    "that exceeds its budget is made of smaller ones, and finds the same",
    () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        yield* storeDay(3, 1);
        yield* storeDay(2, 2);
        yield* changed(
          `ALTER TABLE hourly_event_stats DELETE WHERE hour = '${dayText(2)} 07:00:00' SETTINGS mutations_sync = 2`,
        );
        yield* changed(`ALTER TABLE daily_post_stats DELETE WHERE post_id = 3 SETTINGS mutations_sync = 2`);
        for (const rollup of yield* readRollups) {
          const asked: Array<string> = [];
          const whole = yield* compare(rollup, twoDays, budget);
          const parts = yield* Effect.provideService(
            compare(rollup, twoDays, budget),
            ClickHouse,
            small(clickhouse, asked),
          );
          expect(summed(parts)).toEqual(summed(whole));
          expect(asked[0]).toBe("48 h / 1");
          expect(asked).toContain(rollup.name === "hourly_event_stats" ? "6 h / 1" : "24 h / 16");
        }
      }),
    TIMEOUT_MS,
  );

  it("that exceeds its budget however small it is fails", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const [rollup] = yield* readRollups;
      if (rollup === undefined) throw new Error("There is no rollup");
      const error = yield* Effect.flip(
        Effect.provideService(compare(rollup, twoDays, budget), ClickHouse, {
          ...clickhouse,
          query: () => Effect.fail(tooMuch),
        }),
      );
      expect(error).toMatchObject({ failure: "over_budget" });
    }));

  it(
    "while rows are on their way does not take them for a difference, but what stays is one",
    () =>
      Effect.gen(function* () {
        const rollup = (yield* readRollups).find(({ name }) => name === "hourly_event_stats");
        if (rollup === undefined) throw new Error("There is no such rollup");
        yield* verified({ repair: true });
        yield* changed(
          "CREATE TABLE arriving ENGINE = Memory AS SELECT * FROM hourly_event_stats WHERE site_id = 'one.example'",
        );
        yield* changed(
          "ALTER TABLE hourly_event_stats DELETE WHERE site_id = 'one.example' SETTINGS mutations_sync = 2",
        );
        yield* changed(
          `INSERT INTO hourly_event_stats (project_id, hour, events) SELECT 'nobody', '${dayText(2)} 03:00:00', 3`,
        );
        expect((yield* compare(rollup, twoDays, budget)).get(dayMs(2))?.differing).toBeGreaterThan(10);
        const looking = yield* Effect.fork(
          compareSettled(rollup, twoDays, budget, ["2 seconds", "100 millis"]),
        );
        yield* Effect.sleep("1 second");
        yield* changed(
          "INSERT INTO hourly_event_stats SETTINGS deduplicate_insert = 'disable', deduplicate_insert_select = 'disable' SELECT * FROM arriving",
        );
        const seen = yield* Fiber.join(looking);
        expect(seen.get(dayMs(3))).toMatchObject({ differing: 0, differences: [], times: [] });
        expect(seen.get(dayMs(2))).toMatchObject({
          differing: 1,
          unfounded: 1,
          times: [`${dayText(2)} 03:00:00`],
          differences: [{ kind: "unfounded", key: { project_id: "nobody" } }],
        });
        yield* verified({ repair: true });
      }).pipe(Effect.ensuring(Effect.ignore(changed("DROP TABLE IF EXISTS arriving")))),
    TIMEOUT_MS,
  );

  it(
    "of a service at work leaves out the hour and the day under way",
    () =>
      Effect.gen(function* () {
        const hour = new Date(Math.floor(Date.now() / 3_600_000) * 3_600_000)
          .toISOString()
          .slice(0, 19)
          .replace("T", " ");
        yield* changed(
          `INSERT INTO hourly_event_stats (project_id, hour, events) SELECT 'nobody', '${hour}', 3`,
        );
        yield* changed(
          `INSERT INTO daily_post_stats (project_id, date, widget_clicks) SELECT 'nobody', '${dayText(0)}', 3`,
        );
        expect(yield* verified({ live: true })).toMatchObject({ agrees: true, differing: 0 });
        const offline = yield* verified({ fromMs: dayMs(0), toMs: dayMs(0) + DAY_MS });
        expect(offline.differing + offline.goneDays).toBeGreaterThan(0);
      }).pipe(Effect.provide(fastClock(20))),
    TIMEOUT_MS,
  );
});
