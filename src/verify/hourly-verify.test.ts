import { describe, expect, test } from "bun:test";
import { Effect, Layer, Logger, LogLevel } from "effect";
import { layerMetrics, Metrics, makeMetrics } from "../metrics/metrics.ts";
import { layerSealedDays, SealedDays } from "../sealing/sealed-days.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse, testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import { layerHourlyVerify, verifyRecent } from "./hourly-verify.ts";
import { HOUR_MS } from "./rollup.ts";
import { dayText, hurried, inserted, storeDay, timeText } from "./sample.ts";

const TIMEOUT_MS = 30_000;

/** The lines that an effect logs as errors or warnings. */
const logged = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function* () {
    const lines: Array<string> = [];
    const logger = Logger.make(({ logLevel, message }) => {
      if (LogLevel.greaterThanEqual(logLevel, LogLevel.Warning)) lines.push(`${logLevel.label} ${message}`);
    });
    const result = yield* Effect.provide(effect, Logger.replace(Logger.defaultLogger, logger));
    return { result, lines };
  });

/** A bucket without events in the hour that began so many hours before this one. */
const phantom = (hours: number) =>
  inserted(
    "hourly_event_stats",
    `(project_id, site_id, hour, event_type, events)
     SELECT 'nobody', 'a\\nb', '${timeText((Math.floor(Date.now() / HOUR_MS) - hours) * HOUR_MS)}', 'page_view', 3`,
  );

describe.each(testEngines)("the hourly check on $engine", ({ layer }) => {
  const { it } = testsOn(Layer.provideMerge(layerSealedDays, layer()));

  it(
    "compares the hours that are over, and their days, and says what differs",
    () =>
      Effect.gen(function* () {
        yield* storeDay(1, 1);
        yield* storeDay(0, 2);
        expect(yield* logged(hurried(50)(verifyRecent))).toEqual({ result: 0, lines: [] });

        // What is under way, and what earlier checks have seen, is left alone.
        yield* phantom(0);
        yield* phantom(4);
        expect((yield* logged(hurried(50)(verifyRecent))).result).toBe(0);

        yield* phantom(1);
        const day = dayText(new Date().getUTCHours() === 0 ? 1 : 0);
        yield* inserted(
          "daily_widget_stats",
          `(project_id, site_id, date, mapping_id, clicks) SELECT 'default', 'nobody.example', '${day}', 5, 1`,
        );
        expect(yield* logged(hurried(50)(verifyRecent))).toEqual({
          result: 2,
          lines: [
            expect.stringMatching(
              /^ERROR Rollup and raw events differ: daily_widget_stats \{"project_id":"default","site_id":"nobody.example","date":"[\d-]+","mapping_id":"5",.*\} has no raw events: clicks 1, raw 0$/,
            ),
            expect.stringMatching(
              /^ERROR .*hourly_event_stats \{"project_id":"nobody","site_id":"a\\nb",.* events 3, raw 0$/,
            ),
            expect.stringContaining("differ in 2 bucket(s)"),
          ],
        });
      }),
    TIMEOUT_MS,
  );
});

describe("the hourly check", () => {
  const { it } = testsOn(Layer.provideMerge(layerSealedDays, testClickHouse()));

  it(
    "runs some minutes after the start and then every hour, goes on after a failure, and is counted",
    () =>
      Effect.gen(function* () {
        yield* storeDay(0, 1);
        yield* phantom(1);
        const clickhouse = yield* ClickHouse;
        const clock = yield* Effect.clock;
        const startedAt = performance.now();
        const results: Array<{ readonly result: number | "failed"; readonly minutes: number }> = [];
        // On this clock five minutes are a tenth of a second, and an hour is 1.2 s.
        const SPEED = 3000;
        const count = (result: number | "failed") =>
          void results.push({ result, minutes: ((performance.now() - startedAt) * SPEED) / 60_000 });
        const failingFirst = Layer.succeed(ClickHouse, {
          ...clickhouse,
          query: (...read) =>
            results.length === 0
              ? Effect.die(new Error("a bug"))
              : Effect.withClock(clickhouse.query(...read), clock),
        });
        const counting = Layer.succeed(Metrics, {
          ...makeMetrics(),
          verified: count,
          verifyFailed: () => count("failed"),
        });
        const { lines } = yield* logged(
          Effect.scoped(
            Effect.gen(function* () {
              yield* Layer.build(
                layerHourlyVerify.pipe(Layer.provide([failingFirst, counting, fastClock(SPEED)])),
              );
              while (results.length < 3) yield* Effect.sleep("10 millis");
            }),
          ),
        );
        expect(results.map(({ result }) => result)).toEqual(["failed", 1, 1]);
        const [first, second, third] = results.map(({ minutes }) => minutes);
        expect(first).toBeGreaterThanOrEqual(5);
        expect(second).toBeGreaterThanOrEqual(65);
        expect(third).toBeGreaterThanOrEqual(125);
        expect(lines[0]).toBe("WARN The rollups could not be compared with the raw events");
      }),
    TIMEOUT_MS,
  );

  test("ends with the service at once", async () => {
    let asked = false;
    const never = Layer.succeed(ClickHouse, {
      query: () =>
        Effect.zipRight(
          Effect.sync(() => (asked = true)),
          Effect.never,
        ),
    } as never);
    const unasked = Layer.succeed(SealedDays, { undisturbed: <A>(effect: A) => effect } as never);
    await Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          yield* Layer.build(
            layerHourlyVerify.pipe(Layer.provide([never, unasked, layerMetrics, fastClock(30_000)])),
          );
          while (!asked) yield* Effect.sleep("1 millis");
        }),
      ),
    );
  });
});
