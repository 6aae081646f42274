import { describe, expect } from "bun:test";
import { Effect, Layer } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testClickHouse, testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import { makeRandom } from "../../testing/traffic/random.ts";
import { type AnomaliesQuery, anomaliesAt } from "./anomalies.ts";
import { anomalyMetrics } from "./counts.ts";
import { poisson } from "./testing/random-counts.ts";
import { type CountedEvent, clockIn, recount } from "./testing/recount.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

// Across the end of summer time in Europe, and as long ago as it may be read from any date on.
const NOW_MS = Date.UTC(2024, 10, 13, 14);
const retention = { rawRetentionDays: 3650, rollupRetentionYears: 50 };

/** Hours of Poisson counts with a daily and a weekly rhythm, up to `NOW_MS`. */
const traffic = (seed: number, days: number, perHour: number): Array<CountedEvent> => {
  const random = makeRandom(seed);
  const events: Array<CountedEvent> = [];
  const startMs = NOW_MS - days * DAY_MS;
  for (let ms = startMs; ms < NOW_MS; ms += HOUR_MS) {
    const clock = new Date(ms);
    const busy = (clock.getUTCHours() >= 7 ? 1.4 : 0.2) * (clock.getUTCDay() % 6 === 0 ? 0.5 : 1);
    for (let count = poisson(random, perHour * busy); count > 0; count--) {
      events.push({
        ms: ms + random.below(HOUR_MS),
        site: random.chance(0.7) ? "one.example" : "two.example",
        type: random.chance(0.6) ? "page_view" : "scroll",
        visitor: 1 + random.below(300),
        bot: random.chance(0.05),
      });
    }
  }
  return events;
};

const stored = (project: string, events: ReadonlyArray<CountedEvent>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const rows = events.map(({ ms, site, type, visitor, bot }) =>
      JSON.stringify([
        project,
        site,
        type,
        new Date(ms).toISOString().slice(0, 23).replace("T", " "),
        visitor,
        bot,
      ]),
    );
    yield* clickhouse.insertRows({
      table: "landing",
      columns: ["project_id", "site_id", "event_type", "occurred_at", "visitor_id", "is_bot"],
      rows: Buffer.from(rows.join("\n")),
      token: project,
    });
  });

const query = (overrides: Partial<AnomaliesQuery>): AnomaliesQuery => ({
  project: "default",
  sites: [],
  zone: "UTC",
  metrics: anomalyMetrics,
  threshold: 3.5,
  ...overrides,
});

describe.each(testEngines)("anomalies on $engine", ({ layer }) => {
  const { it } = testsOn(Layer.merge(layer(undefined, retention), testSettings(retention)));

  it("every number is that of an independent recount, in any zone, across daylight saving", () =>
    Effect.gen(function* () {
      // Nine weeks and some hours: the oldest parts of weeks are there for some metrics' neighbours only.
      const events = traffic(5, 60.5, 12);
      yield* stored("recounted", events);
      for (const sites of [[], ["two.example"]]) {
        const own = events.filter(({ site }) => sites.length === 0 || sites.includes(site));
        const firstMs = Math.min(...own.filter(({ bot }) => !bot).map(({ ms }) => ms));
        for (const [zone, nowMs] of [
          ["UTC", NOW_MS],
          ["Europe/Berlin", NOW_MS],
          ["America/New_York", NOW_MS - 5 * HOUR_MS],
          ["Asia/Kolkata", NOW_MS - HOUR_MS / 2],
          ["Asia/Kathmandu", NOW_MS - HOUR_MS * 0.75],
        ] as const) {
          const before = own.filter(({ ms }) => ms < nowMs);
          const { data } = yield* anomaliesAt(nowMs, query({ project: "recounted", sites, zone }));
          for (const { metric, hour, ...today } of data) {
            const told = [today, hour].map(({ value, expected, score }) => ({ value, expected, score }));
            const again = recount(before, metric, { nowMs, zone, firstMs });
            expect({ zone, metric, told }).toEqual({ zone, metric, told: [again.today, again.hour] });
            expect(hour.weeks).toBe(8);
          }
        }
      }
    }));
});

describe("anomalies", () => {
  const { it } = testsOn(Layer.merge(testClickHouse(undefined, retention), testSettings(retention)));
  const [first] = [NOW_MS - HOUR_MS];

  it("an hour of silence and a rush are found, a usual hour is not", () =>
    Effect.gen(function* () {
      const events = traffic(6, 60, 60);
      const silent = events.filter(({ ms }) => ms < first);
      const rush = events.flatMap((event) => (event.ms < first ? [event] : [event, event, event]));
      yield* stored("usual", events);
      yield* stored("silent", silent);
      yield* stored("rush", rush);
      const hours = Effect.fn(function* (project: string) {
        const { data } = yield* anomaliesAt(NOW_MS, query({ project }));
        return data.map(({ metric, hour }) => [metric, hour.direction]);
      });
      expect(yield* hours("usual")).toEqual([
        ["events", null],
        ["pageviews", null],
        ["visitors", null],
      ]);
      expect(yield* hours("silent")).toEqual([
        ["events", "down"],
        ["pageviews", "down"],
        ["visitors", "down"],
      ]);
      // The same visitors three times.
      expect(yield* hours("rush")).toEqual([
        ["events", "up"],
        ["pageviews", "up"],
        ["visitors", null],
      ]);
    }));

  it("too little history expects nothing and says so; hours without events count", () =>
    Effect.gen(function* () {
      const hourOfWeek = (weeks: number) => ({
        ms: NOW_MS - HOUR_MS - weeks * 7 * DAY_MS,
        site: "s",
        type: "page_view",
        visitor: 1,
        bot: false,
      });
      yield* stored("young", traffic(7, 24, 20));
      const [young] = (yield* anomaliesAt(NOW_MS, query({ project: "young" }))).data;
      expect(young).toMatchObject({
        expected: null,
        reason: "too_little_history",
        weeks: 3,
        anomalous: false,
      });
      expect(young?.value).toBeGreaterThan(0);
      expect(young?.hour).toMatchObject({ expected: null, score: null, lower: null, weeks: 3 });

      // One event six weeks ago: since then there have been five hours, all of them empty.
      yield* stored("sparse", [hourOfWeek(6)]);
      const [sparse] = (yield* anomaliesAt(NOW_MS, query({ project: "sparse" }))).data;
      expect(sparse?.hour).toMatchObject({ value: 0, expected: 0, weeks: 5, anomalous: false });

      const [nobody] = (yield* anomaliesAt(NOW_MS, query({ project: "nobody" }))).data;
      expect(nobody).toMatchObject({ value: 0, expected: null, weeks: 0 });
    }));

  it("a site that fell silent for good stops raising alarms within days, and a week of silence is not compared with", () =>
    Effect.gen(function* () {
      const events = traffic(8, 75, 60);
      const left = events.filter(({ ms }) => ms < NOW_MS - 5 * DAY_MS);
      yield* stored("left", left);
      const [gone] = (yield* anomaliesAt(NOW_MS, query({ project: "left" }))).data;
      expect(gone?.hour).toMatchObject({ value: 0, expected: 0, anomalous: false });

      const pause = [14, 30].map((days) => NOW_MS - days * DAY_MS);
      const back = events.filter(({ ms }) => ms < (pause[1] ?? 0) || ms > (pause[0] ?? 0));
      yield* stored("back", back);
      const [again] = (yield* anomaliesAt(NOW_MS, query({ project: "back" }))).data;
      expect(again?.hour.weeks).toBeLessThan(8);
      expect(again?.hour.weeks).toBeGreaterThanOrEqual(4);
      expect(again?.hour.anomalous).toBe(false);
    }));

  it("says what it compared, and before the first hour of a day is over there is no day so far", () =>
    Effect.gen(function* () {
      const zone = "Europe/Berlin";
      const day = yield* anomaliesAt(NOW_MS + 10 * 60_000, query({ zone }));
      expect(day.timeRange).toEqual({
        from: "2024-11-13T00:00:00+01:00",
        to: "2024-11-13T15:00:00+01:00",
        timezone: zone,
      });
      expect(day.hour.from).toBe("2024-11-13T14:00:00+01:00");
      const night = yield* anomaliesAt(
        Date.UTC(2024, 10, 13, 23, 40),
        query({ zone, metrics: ["visitors"] }),
      );
      expect(night.timeRange.from).toBe(night.timeRange.to);
      expect(night.data.map(({ metric, reason, value }) => [metric, reason, value])).toEqual([
        ["visitors", "day_just_begun", 0],
      ]);
      expect(night.hour.to).toBe("2024-11-14T00:00:00+01:00");
    }));
});

describe("where single events are kept for a short time", () => {
  const { it } = testsOn(
    Layer.merge(testClickHouse(undefined, retention), testSettings({ rawRetentionDays: 40 })),
  );

  it("zones that need them know as many weeks as are kept, others all", () =>
    Effect.gen(function* () {
      yield* stored("kept", traffic(9, 60, 20));
      const weeks = Effect.fn(function* (zone: string) {
        const { data } = yield* anomaliesAt(NOW_MS, query({ project: "kept", zone }));
        return data[0]?.hour.weeks;
      });
      expect(yield* weeks("Europe/Berlin")).toBe(8);
      expect(yield* weeks("Asia/Kolkata")).toBe(5);
      expect(clockIn("Asia/Kolkata")(NOW_MS).hour % 24).toBe(19);
    }));
});
