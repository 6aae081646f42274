import { describe, expect, test } from "bun:test";
import { Context, Effect, Layer, Logger, LogLevel } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import { layerHourlyVerify, VerifyState, verifyRecent } from "./hourly-verify.ts";
import { changed, dayText, storeDay } from "./sample.ts";

const TIMEOUT_MS = 30_000;
const HOUR_MS = 3_600_000;

const hoursAgo = (hours: number): string =>
  new Date((Math.floor(Date.now() / HOUR_MS) - hours) * HOUR_MS).toISOString().slice(0, 19).replace("T", " ");

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

const until = (isThere: () => boolean) =>
  Effect.promise(async () => {
    const end = Date.now() + 15_000;
    while (!isThere() && Date.now() < end) await Bun.sleep(20);
  });

const phantom = (hours: number) =>
  changed(
    `INSERT INTO hourly_event_stats (project_id, site_id, hour, event_type, events)
     SELECT 'nobody', 'a\\nb', '${hoursAgo(hours)}', 'page_view', 3`,
  );

describe.each(testEngines)("the hourly check on $engine", ({ layer }) => {
  const { it } = testsOn(layer());

  it(
    "compares the hours that are over and the days yesterday and today, and says what differs",
    () =>
      Effect.gen(function* () {
        yield* storeDay(1, 1);
        yield* storeDay(0, 2);
        const honest = yield* logged(verifyRecent);
        expect(honest).toMatchObject({ result: { differences: 0 }, lines: [] });
        expect(honest.result.checkedBuckets).toBeGreaterThan(20);

        // What is under way, and what earlier checks have seen, is left alone.
        yield* phantom(0);
        yield* phantom(4);
        expect((yield* logged(verifyRecent)).result.differences).toBe(0);

        yield* phantom(1);
        yield* changed(
          `INSERT INTO daily_widget_stats (project_id, site_id, date, mapping_id, clicks) SELECT 'default', 'nobody.example', '${dayText(0)}', 5, 1`,
        );
        const { result, lines } = yield* logged(verifyRecent);
        expect(result.differences).toBe(2);
        expect(lines).toEqual([
          expect.stringMatching(
            /^ERROR Rollup and raw events differ: daily_widget_stats \{"project_id":"default","site_id":"nobody.example","date":"[\d-]+","mapping_id":"5",.*\} has no raw events: clicks 1, raw 0$/,
          ),
          expect.stringMatching(
            /^ERROR .*hourly_event_stats \{"project_id":"nobody","site_id":"a\\nb",.* events 3, raw 0$/,
          ),
          expect.stringContaining("differ in 2 bucket(s)"),
        ]);
      }).pipe(Effect.provide(fastClock(20))),
    TIMEOUT_MS,
  );

  it(
    "runs some minutes after the start and then every hour, and goes on after a failure",
    () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        let isDown = true;
        const failing = Layer.succeed(ClickHouse, {
          ...clickhouse,
          query: (sql, params, budget) =>
            isDown ? Effect.die(new Error("a bug")) : clickhouse.query(sql, params, budget),
        });
        const { lines } = yield* logged(
          Effect.scoped(
            Effect.gen(function* () {
              // Five minutes are a tenth of a second, an hour is 1.2 s.
              const context = yield* Layer.build(
                layerHourlyVerify.pipe(Layer.provide(failing), Layer.provide(fastClock(3000))),
              );
              const { last } = Context.get(context, VerifyState);
              expect(last()).toEqual({ lastRunAt: undefined, differences: 0, checkedBuckets: 0 });
              yield* until(() => last().lastRunAt !== undefined);
              expect(last()).toMatchObject({ failing: "a bug", checkedBuckets: 0 });
              isDown = false;
              yield* until(() => last().failing === undefined);
              expect(last().differences).toBe(2);
              expect(last().checkedBuckets).toBeGreaterThan(20);
              expect(Math.abs(Date.now() - (last().lastRunAt ?? 0))).toBeLessThan(20_000);
            }),
          ),
        );
        expect(lines[0]).toBe("WARN The rollups could not be compared with the raw events: a bug");
      }),
    TIMEOUT_MS,
  );
});

test("the end of the service ends it at once", async () => {
  const never = Layer.succeed(ClickHouse, { query: () => Effect.never } as never);
  const startedAt = Date.now();
  await Effect.runPromise(
    Effect.scoped(
      Effect.zipRight(
        Layer.build(layerHourlyVerify.pipe(Layer.provide(never), Layer.provide(fastClock(30_000)))),
        Effect.sleep("100 millis"),
      ),
    ),
  );
  expect(Date.now() - startedAt).toBeLessThan(5000);
});
