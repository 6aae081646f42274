import { describe, expect } from "bun:test";
import { Clock, Duration, Effect, Layer, Logger } from "effect";
import { layerMetrics } from "../metrics/metrics.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { ClickHouseError } from "../store/clickhouse-error.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { testSettings } from "../testing/settings.ts";
import { EventWriter } from "../writer/event-writer.ts";
import { at, DAY, keptLong, lastBatch, openDays, store } from "./sample.ts";
import { DAY_MS, layerSealedDays, SealedDays } from "./sealed-days.ts";
import { layerSealer } from "./sealer.ts";

const TIMEOUT_MS = 60_000;

let nowMs = at(1, "00:30");
const live = Clock.make();
/** Stands where it was put, and pauses are over fifty times sooner. */
const clock = Layer.setClock({
  ...live,
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  currentTimeMillis: Effect.sync(() => nowMs),
  unsafeCurrentTimeMillis: () => nowMs,
  sleep: (duration) => live.sleep(Duration.unsafeDivide(duration, 50)),
});

const writer = Layer.succeed(EventWriter, {
  state: () => ({ alive: true, stored: 0, failing: undefined, completedBatch: lastBatch() }),
  betweenBatches: (effect) => effect,
});

const logs: Array<string> = [];
const logger = Logger.replace(
  Logger.defaultLogger,
  Logger.make(({ message }) => void logs.push(Bun.inspect(message))),
);

const on = (retention = keptLong) =>
  Layer.mergeAll(layerSealedDays, writer, layerMetrics).pipe(
    Layer.provideMerge(testClickHouse(undefined, keptLong)),
    Layer.provideMerge(testSettings(retention)),
  );

/** Runs while a sealer is at work. */
const sealing = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.scoped(Effect.zipRight(Layer.build(layerSealer), effect)).pipe(
    Effect.provide(Layer.merge(clock, logger)),
  );

const untilOpen = (project: string, days: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    const deadline = Date.now() + 20_000;
    while (Date.now() < deadline) {
      if (`${yield* openDays(project)}` === `${days}`) return;
      yield* Effect.promise(() => Bun.sleep(20));
    }
    expect(yield* openDays(project)).toEqual([...days]);
  });

const someTurns = Effect.promise(() => Bun.sleep(500));

describe("the sealer", () => {
  const { it } = testsOn(on());

  it(
    "seals a day when it has been over for an hour, not before",
    () =>
      sealing(
        Effect.gen(function* () {
          nowMs = at(1, "00:59:59");
          yield* store("over", [
            { occurredAtMs: at(0, "10:00") },
            { occurredAtMs: at(-1, "10:00") },
            { occurredAtMs: at(1, "00:10") },
          ]);
          yield* untilOpen("over", [0, 1]);
          yield* someTurns;
          expect(yield* openDays("over")).toEqual([0, 1]);
          nowMs = at(1, "01:00");
          yield* untilOpen("over", [1]);
        }),
      ),
    TIMEOUT_MS,
  );

  it(
    "seals a day again that a late event has reached, each time after twice as long",
    () =>
      sealing(
        Effect.gen(function* () {
          nowMs = at(3, "12:00");
          yield* store("again", [{ occurredAtMs: at(0, "10:00") }]);
          yield* untilOpen("again", []);
          for (const seconds of [60, 120, 240]) {
            yield* store("again", [{ occurredAtMs: at(0, "11:00") }]);
            nowMs += (seconds - 1) * 1000;
            yield* someTurns;
            expect(yield* openDays("again")).toEqual([0]);
            nowMs += 1000;
            yield* untilOpen("again", []);
          }
        }),
      ),
    TIMEOUT_MS,
  );

  it(
    "a day that fails holds up no other, and is tried again",
    () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        nowMs = at(30, "12:00");
        yield* store("fails", [
          { occurredAtMs: at(12, "10:00"), site_id: "bad.example" },
          { occurredAtMs: at(11, "10:00") },
        ]);
        let isBad = true;
        const failing = Layer.succeed(ClickHouse, {
          ...clickhouse,
          command: (sql, params) =>
            isBad && params?.site === "bad.example"
              ? Effect.fail(
                  new ClickHouseError({
                    failure: "over_budget",
                    retryable: true,
                    code: 241,
                    message: "Memory limit exceeded",
                  }),
                )
              : clickhouse.command(sql, params),
        });
        yield* sealing(
          Effect.gen(function* () {
            yield* untilOpen("fails", [12]);
            expect(logs.join("\n")).toContain("could not be sealed: Memory limit exceeded");
            isBad = false;
            nowMs += 60_000;
            yield* untilOpen("fails", []);
          }),
        ).pipe(Effect.provide(failing));
      }),
    TIMEOUT_MS,
  );

  it(
    "goes on when ClickHouse is back",
    () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        const sealed = yield* SealedDays;
        nowMs = at(30, "12:00");
        yield* store("away", [{ occurredAtMs: at(20, "10:00") }]);
        let isAway = true;
        const away = new ClickHouseError({
          failure: "unavailable",
          retryable: true,
          code: undefined,
          message: "connect ECONNREFUSED",
        });
        const absent = Layer.merge(
          Layer.succeed(ClickHouse, {
            ...clickhouse,
            query: (...read) => (isAway ? Effect.fail(away) : clickhouse.query(...read)),
          }),
          Layer.succeed(SealedDays, {
            ...sealed,
            refresh: Effect.suspend(() => (isAway ? Effect.fail(away) : sealed.refresh)),
          }),
        );
        yield* sealing(
          Effect.gen(function* () {
            yield* someTurns;
            expect(yield* openDays("away").pipe(Effect.provideService(SealedDays, sealed))).toEqual([20]);
            isAway = false;
            yield* untilOpen("away", []);
          }),
        ).pipe(Effect.provide(absent));
      }),
    TIMEOUT_MS,
  );
});

describe("the sealer and the retention", () => {
  const { it } = testsOn(on({ ...keptLong, rawRetentionDays: 10 }));

  it(
    "leaves days alone whose events expire, and lets their last seals stand",
    () =>
      sealing(
        Effect.gen(function* () {
          nowMs = at(5, "12:00");
          yield* store("expiring", [
            { occurredAtMs: at(0, "10:00") },
            { occurredAtMs: at(1, "10:00") },
            { occurredAtMs: at(2, "10:00") },
          ]);
          yield* untilOpen("expiring", []);
          const sealed = yield* SealedDays;
          const buildOf = (day: number) =>
            sealed.days("expiring", undefined, DAY + day, DAY + day + 1)[0]?.build;
          const builds = [0, 1, 2].map(buildOf);
          nowMs = at(11, "12:00");
          yield* someTurns;
          yield* store("expiring", [
            { occurredAtMs: at(0, "11:00") },
            { occurredAtMs: at(1, "11:00") },
            { occurredAtMs: at(2, "11:00") },
          ]);
          yield* untilOpen("expiring", []);
          // The last of them can be sealed again.
          expect([0, 1].map(buildOf)).toEqual(builds.slice(0, 2));
          expect(buildOf(2)).toBeGreaterThan(builds[2] ?? 0);
          expect(Math.floor(nowMs / DAY_MS) - DAY).toBe(11);
        }),
      ),
    TIMEOUT_MS,
  );
});
