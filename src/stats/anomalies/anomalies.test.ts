import { describe, expect } from "bun:test";
import { Effect, Layer } from "effect";
import { onSealedDays, store } from "../../sealing/sample.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { timeText } from "../../store/time-text.ts";
import { testClickHouse, testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { makeRandom } from "../../testing/traffic/random.ts";
import { settableClock } from "../../webhooks/testing/clock.ts";
import { sealSome } from "../recount/testing/sealed-store.ts";
import { type AnomaliesQuery, anomaliesAt } from "./anomalies.ts";
import { poisson } from "./testing/random-counts.ts";
import { type CountedEvent, recount, recountedGoal, rowOf } from "./testing/recount.ts";
import { type AnomalyMetric, anomalyMetrics } from "./watched.ts";

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

/** Some of them are followed by a conversion, in the same session or soon after it. */
const withConversions = (seed: number, events: ReadonlyArray<CountedEvent>): ReadonlyArray<CountedEvent> => {
  const random = makeRandom(seed);
  return events.flatMap((event) =>
    random.chance(0.4)
      ? [
          event,
          { ...event, ms: event.ms + random.below(HOUR_MS), type: random.chance(0.5) ? "signup" : "order" },
        ]
      : [event],
  );
};

const stored = (project: string, events: ReadonlyArray<CountedEvent>) =>
  store(
    project,
    events.map((event) => rowOf(event)),
  );

const query = (overrides: Partial<AnomaliesQuery>): AnomaliesQuery => ({
  project: "default",
  sites: [],
  goal: recountedGoal,
  zone: "UTC",
  metrics: anomalyMetrics,
  threshold: 3.5,
  ...overrides,
});

/** What is told at `nowMs` is what a recount of the events before it tells, of what is known since `firstMs`. */
const expectRecounted = (
  { project = "default", sites = [], zone = "UTC" }: Partial<AnomaliesQuery>,
  nowMs: number,
  events: ReadonlyArray<CountedEvent>,
  firstMs: (metric: AnomalyMetric) => number,
) =>
  Effect.gen(function* () {
    const before = events.filter(
      ({ ms, site }) => ms < nowMs && (sites.length === 0 || sites.includes(site)),
    );
    const { data } = yield* anomaliesAt(nowMs, query({ project, sites, zone }));
    for (const { metric, hour, ...today } of data) {
      const told = [today, hour].map(({ value, expected, score, weeks }) => ({
        value,
        expected,
        score,
        weeks,
      }));
      const again = recount(before, metric, { nowMs, zone, firstMs: firstMs(metric) });
      expect({ zone, metric, told }).toEqual({ zone, metric, told: [again.today, again.hour] });
    }
    return Object.fromEntries(data.map(({ metric, hour }) => [metric, hour.weeks]));
  });

const weeksOfAll = (weeks: number) => Object.fromEntries(anomalyMetrics.map((metric) => [metric, weeks]));

describe.each(testEngines)("anomalies on $engine", ({ layer }) => {
  const { it } = testsOn(onSealedDays(layer(undefined, retention), retention));

  it(
    "every number is that of an independent recount, in any zone, across daylight saving, of sealed days and others",
    () =>
      Effect.gen(function* () {
        // Nine weeks and some hours: the oldest parts of weeks are there for some metrics' neighbours only.
        const events = withConversions(5, traffic(5, 60.5, 12));
        yield* stored("recounted", events);
        yield* sealSome("recounted", 2);
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
            const asked = { project: "recounted", sites, zone };
            expect(yield* expectRecounted(asked, nowMs, events, () => firstMs)).toEqual(weeksOfAll(8));
          }
        }
      }),
    120_000,
  );
});

describe("anomalies", () => {
  const { it } = testsOn(onSealedDays(testClickHouse(undefined, retention), retention));
  const [first] = [NOW_MS - HOUR_MS];

  it("an hour of silence and a rush are found, a usual hour is not", () =>
    Effect.gen(function* () {
      const events = withConversions(6, traffic(6, 60, 60)).filter(({ ms }) => ms < NOW_MS);
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
        ["conversions", null],
        ["sessions", null],
      ]);
      expect(yield* hours("silent")).toEqual([
        ["events", "down"],
        ["pageviews", "down"],
        ["visitors", "down"],
        ["conversions", "down"],
        ["sessions", "down"],
      ]);
      // The same visitors, in the same sessions, three times.
      expect(yield* hours("rush")).toEqual([
        ["events", "up"],
        ["pageviews", "up"],
        ["visitors", null],
        ["conversions", "up"],
        ["sessions", null],
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
  const short = { ...retention, rawRetentionDays: 40 };
  // Ten minutes after the hour, as in life: nothing begins just when single events do.
  const clock = settableClock(NOW_MS + 10 * 60_000);
  const goneMs = clock.state.nowMs - short.rawRetentionDays * DAY_MS;
  const { it } = testsOn(Layer.merge(onSealedDays(testClickHouse(undefined, retention), short), clock.layer));

  const events = withConversions(9, traffic(9, 60, 12));
  const firstMs = Math.min(...events.filter(({ bot }) => !bot).map(({ ms }) => ms));

  /** The events of a project that seals each `share`-th day, after the oldest are gone. */
  const expired = (project: string, share: number) =>
    Effect.gen(function* () {
      yield* stored(project, events);
      yield* sealSome(project, share);
      const clickhouse = yield* ClickHouse;
      yield* clickhouse.command(
        `ALTER TABLE events DELETE WHERE project_id = {project:String}
         AND occurred_at < {gone:DateTime64(3, 'UTC')} SETTINGS mutations_sync = 2`,
        { project, gone: timeText(goneMs) },
      );
    });

  it(
    "zones that need them know as many weeks as are kept, others all; sealed days know their sessions in any zone",
    () =>
      Effect.gen(function* () {
        yield* expired("sealed", 1);
        const berlin = { project: "sealed", zone: "Europe/Berlin" };
        expect(yield* expectRecounted(berlin, NOW_MS, events, () => firstMs)).toEqual(weeksOfAll(8));
        const kathmandu = { project: "sealed", zone: "Asia/Kathmandu" };
        const weeks = yield* expectRecounted(kathmandu, NOW_MS - HOUR_MS * 0.75, events, (metric) =>
          metric === "sessions" ? firstMs : goneMs,
        );
        expect(weeks).toEqual({ ...weeksOfAll(5), sessions: 8 });
      }),
    120_000,
  );

  it(
    "where days were never sealed, sessions are known as far back as single events are kept",
    () =>
      Effect.gen(function* () {
        yield* expired("open", 3);
        const berlin = { project: "open", zone: "Europe/Berlin" };
        const weeks = yield* expectRecounted(berlin, NOW_MS, events, (metric) =>
          metric === "sessions" ? goneMs : firstMs,
        );
        expect(weeks).toEqual({ ...weeksOfAll(8), sessions: 5 });
        const kathmandu = { project: "open", zone: "Asia/Kathmandu" };
        const nowMs = NOW_MS - HOUR_MS * 0.75;
        expect(yield* expectRecounted(kathmandu, nowMs, events, () => goneMs)).toEqual(weeksOfAll(5));
      }),
    120_000,
  );
});
