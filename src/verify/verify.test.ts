import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { testClickHouse, testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { asked, changed, dayMs, dayText, deleted, inserted, storeDay, verified } from "./sample.ts";

const TIMEOUT_MS = 30_000;

const tables = ["daily_post_stats", "daily_widget_stats", "hourly_event_stats"] as const;

/** Everything that the rollups say, and the batches that recovery asks for. */
const contents = Effect.forEach(
  [
    ["daily_post_stats", "date, post_id, sum(widget_impressions), sum(widget_clicks)"],
    ["daily_widget_stats", "date, mapping_id, post_id, device_slug, sum(impressions), sum(clicks)"],
    ["hourly_event_stats", "hour, event_type, sum(events)"],
  ],
  ([table, columns]) =>
    asked(
      `SELECT project_id, site_id, source, ${columns}, uniqMerge(unique_visitors), uniqIfMerge(unique_sessions), max(watermark)
       FROM ${table} GROUP BY ALL ORDER BY ALL`,
    ),
);

const key = { project_id: "default", site_id: "one.example", source: "web" };
const post = "(project_id, site_id, date, post_id, source,";
const thatPost = `SELECT 'default', 'one.example', '${dayText(2)}', 0, 'web',`;
const thatHour = `site_id = 'one.example' AND source = 'web' AND event_type = 'widget_impression' AND hour = '${dayText(2)} 07:00:00'`;
const text = expect.any(String) as unknown as string;

const damages = [
  {
    name: "a bucket that is missing",
    table: "daily_widget_stats",
    damage: deleted(
      "daily_widget_stats",
      `site_id = 'one.example' AND source = 'web' AND post_id = 0 AND date = '${dayText(2)}'`,
    ),
    expected: {
      kind: "missing",
      key: { ...key, date: dayText(2), mapping_id: "0", post_id: "0", device_slug: "phone-a" },
      values: [
        { name: "impressions", found: "0", expected: text },
        { name: "unique_visitors" },
        { name: "unique_sessions" },
      ],
    },
  },
  {
    name: "a slice that came twice",
    table: "hourly_event_stats",
    damage: inserted(
      "hourly_event_stats",
      `SELECT * FROM hourly_event_stats WHERE ${thatHour.replace("widget_impression", "page_view")}`,
    ),
    expected: {
      kind: "changed",
      key: { ...key, hour: `${dayText(2)} 07:00:00`, event_type: "page_view" },
      values: [{ name: "events", found: "2", expected: "1" }],
    },
  },
  {
    name: "a sum that is wrong",
    table: "daily_post_stats",
    damage: inserted("daily_post_stats", `${post} widget_clicks) ${thatPost} 5`),
    expected: { kind: "changed", values: [{ name: "widget_clicks", found: "5", expected: "0" }] },
  },
  {
    name: "a visitor too many",
    table: "daily_post_stats",
    damage: inserted("daily_post_stats", `${post} unique_visitors) ${thatPost} uniqState(toUInt64(999))`),
    expected: { kind: "changed", values: [{ name: "unique_visitors", found: text, expected: text }] },
  },
  {
    name: "as many visitors, but others",
    table: "hourly_event_stats",
    damage: Effect.gen(function* () {
      yield* changed(
        `CREATE TABLE taken ENGINE = Memory AS SELECT * FROM hourly_event_stats FINAL WHERE ${thatHour}`,
      );
      yield* deleted("hourly_event_stats", thatHour);
      yield* inserted(
        "hourly_event_stats",
        `SELECT * REPLACE (arrayReduce('uniqState',
           arrayMap(n -> toUInt64(5000 + n), range(finalizeAggregation(unique_visitors)))) AS unique_visitors) FROM taken`,
      );
      yield* changed("DROP TABLE taken");
    }),
    expected: { kind: "changed", values: [{ name: "unique_visitors", found: "2", expected: "2" }] },
  },
  {
    name: "a bucket without events, of a batch that there never was",
    table: "daily_post_stats",
    damage: inserted(
      "daily_post_stats",
      `${post} widget_clicks, watermark) ${thatPost.replace("one", "no")} 3, 5000`,
    ),
    expected: {
      kind: "unfounded",
      key: { ...key, site_id: "no.example", date: dayText(2), post_id: "0" },
      values: [{ name: "widget_clicks", found: "3", expected: "0" }],
    },
  },
] as const;

describe.each(testEngines)("verify on $engine", ({ layer }) => {
  const { it } = testsOn(layer());

  it(
    "a database without events agrees with itself",
    () =>
      Effect.gen(function* () {
        const result = yield* verified();
        expect(result).toMatchObject({ agrees: true, buckets: 0, firstDayMs: undefined, rollups: 4 });
      }),
    TIMEOUT_MS,
  );

  it(
    "honest rollups agree, whatever the batches were cut into, and every bucket is compared",
    () =>
      Effect.gen(function* () {
        for (const ago of [4, 3, 2, 1]) {
          yield* storeDay(ago, 10 - ago, 240);
          yield* storeDay(ago, 20 - ago, 360);
        }
        const counts = tables.map((table) => `(SELECT count() FROM ${table} FINAL)`);
        const [counted] = yield* asked<{ n: number }>(`SELECT ${counts.join(" + ")} AS n`);
        const result = yield* verified();
        expect(result).toMatchObject({ agrees: true, differing: 0, unsettled: 0, buckets: counted?.n });
        expect([result.firstDayMs, result.lastDayMs]).toEqual([dayMs(4), dayMs(1)]);
        expect(result.buckets).toBeGreaterThan(500);
      }),
    TIMEOUT_MS,
  );

  it(
    "much damage of all kinds is repaired at once, also events that no rollup has",
    () =>
      Effect.gen(function* () {
        const before = yield* contents;
        for (const { damage } of damages) yield* damage;
        yield* deleted("hourly_event_stats", `toDate(hour) = '${dayText(3)}'`);
        yield* inserted("daily_widget_stats", "SELECT * FROM daily_widget_stats");
        yield* changed(
          `INSERT INTO events (project_id, site_id, event_type, occurred_at, visitor_id, session_id, batch)
           SELECT 'default', 'late.example', 'widget_click', toDateTime64('${dayText(3)} 09:30:00', 3, 'UTC'), 5, 6, 40`,
        );
        const found = yield* verified({ repair: true });
        expect(found.differing).toBeGreaterThan(100);
        expect(found).toMatchObject({ agrees: true, left: 0 });
        expect(found.differences.findLast(({ key }) => key.site_id === "late.example")).toMatchObject({
          table: "hourly_event_stats",
          kind: "missing",
          values: [
            { name: "events", found: "0", expected: "1" },
            { name: "unique_visitors", found: "0", expected: "1" },
            { name: "unique_sessions", found: "0", expected: "1" },
          ],
        });
        yield* deleted("events", "site_id = 'late.example'");
        expect(yield* verified({ repair: true })).toMatchObject({ agrees: true, differing: 3, left: 0 });
        expect(yield* contents).toEqual(before);
      }),
    TIMEOUT_MS,
  );
});

// What follows is the same statements again.
describe("verify", () => {
  const { it } = testsOn(testClickHouse());

  it(
    "keeps to the days that it is asked for",
    () =>
      Effect.gen(function* () {
        for (const ago of [3, 2, 1]) yield* storeDay(ago, 10 - ago, 600);
        yield* deleted("daily_post_stats", `date = '${dayText(2)}'`);
        expect(yield* verified({ toMs: dayMs(2) })).toMatchObject({ agrees: true, lastDayMs: dayMs(3) });
        expect(yield* verified({ fromMs: dayMs(1) })).toMatchObject({ agrees: true, firstDayMs: dayMs(1) });
        const that = { fromMs: dayMs(2), toMs: dayMs(1), repair: true };
        expect(yield* verified(that)).toMatchObject({
          agrees: true,
          firstDayMs: dayMs(2),
          lastDayMs: dayMs(2),
          differing: 6,
          left: 0,
        });
      }),
    TIMEOUT_MS,
  );

  for (const { name, table, damage, expected } of damages) {
    it(
      `finds ${name}, and repairs that and nothing else`,
      () =>
        Effect.gen(function* () {
          const before = yield* contents;
          yield* damage;
          const found = yield* verified();
          expect(found.differences).toMatchObject([{ table, ...expected }]);
          expect(found).toMatchObject({ agrees: false, differing: 1, left: 1 });
          expect(yield* verified({ repair: true })).toMatchObject({ agrees: true, differing: 1, left: 0 });
          expect(yield* contents).toEqual(before);
        }).pipe(Effect.ensuring(Effect.ignore(verified({ repair: true })))),
      TIMEOUT_MS,
    );
  }

  it(
    "a set beyond what is counted exactly is compared without a false alarm, in whatever order it came",
    () =>
      Effect.gen(function* () {
        for (const part of [0, 1, 2]) {
          yield* changed(
            `INSERT INTO landing (project_id, site_id, event_type, occurred_at, visitor_id, session_id, batch)
             SELECT 'crowd', 'crowd.example', 'page_view', toDateTime64('${dayText(3)} 12:00:00', 3, 'UTC') + number % 3000,
               cityHash64(number), cityHash64(number % 150000, 1), 50 + ${part}
             FROM numbers(${part * 70_000}, 100000)`,
          );
        }
        expect(yield* verified()).toMatchObject({ agrees: true });
        yield* inserted(
          "hourly_event_stats",
          `(project_id, site_id, hour, event_type, unique_visitors)
           SELECT 'crowd', 'crowd.example', '${dayText(3)} 12:00:00', 'page_view', uniqState(cityHash64(number, 7)) FROM numbers(1000)`,
        );
        expect(yield* verified({ repair: true })).toMatchObject({ agrees: true, differing: 1, left: 0 });
      }),
    TIMEOUT_MS,
  );
});
