import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { asked, changed, dayMs, dayText, storeDay, verified, watermarks } from "./sample.ts";

const rollups = ["daily_post_stats", "daily_widget_stats", "hourly_event_stats"] as const;
type RollupName = (typeof rollups)[number];

/** Everything that a rollup's buckets say, and with `watermark` what they keep for recovery. */
const contents = (table: RollupName, watermark: boolean) => {
  const [keys, sums] = {
    daily_post_stats: ["date, post_id", "sum(widget_impressions), sum(widget_clicks)"],
    daily_widget_stats: ["date, mapping_id, post_id, device_slug", "sum(impressions), sum(clicks)"],
    hourly_event_stats: ["hour, event_type", "sum(events)"],
  }[table];
  return asked(
    `SELECT project_id, site_id, source, ${keys}, ${sums}, uniqMerge(unique_visitors), uniqIfMerge(unique_sessions)
       ${watermark ? ", max(watermark)" : ""}
     FROM ${table} WHERE project_id != '' GROUP BY ALL ORDER BY ALL`,
  );
};

const allContents = (watermark: boolean) => Effect.forEach(rollups, (table) => contents(table, watermark));

const insertInto = (table: RollupName, columns = "") =>
  `INSERT INTO ${table} ${columns} SETTINGS deduplicate_insert = 'disable', deduplicate_insert_select = 'disable'`;

const key = { project_id: "default", site_id: "one.example", source: "web" };
const oneHour = `site_id = 'one.example' AND source = 'web' AND event_type = 'widget_impression' AND hour = '${dayText(2)} 07:00:00'`;
const text = expect.any(String) as unknown as string;

interface Damage {
  readonly name: string;
  readonly table: RollupName;
  readonly sql: ReadonlyArray<string>;
  readonly expected: object;
}

const damages: ReadonlyArray<Damage> = [
  {
    name: "a row that is missing in a rollup",
    table: "daily_widget_stats",
    sql: [
      `ALTER TABLE daily_widget_stats DELETE WHERE site_id = 'one.example' AND source = 'web' AND post_id = 0
         AND date = '${dayText(2)}' SETTINGS mutations_sync = 2`,
    ],
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
    sql: [
      `${insertInto("hourly_event_stats")} SELECT * FROM hourly_event_stats
       WHERE hour = '${dayText(2)} 07:00:00' AND site_id = 'one.example' AND source = 'web' AND event_type = 'page_view'`,
    ],
    expected: {
      kind: "changed",
      key: { ...key, hour: `${dayText(2)} 07:00:00`, event_type: "page_view" },
      values: [{ name: "events", found: "4", expected: "2" }],
    },
  },
  {
    name: "a changed sum",
    table: "daily_post_stats",
    sql: [
      `${insertInto("daily_post_stats", "(project_id, site_id, date, post_id, source, widget_clicks)")}
       SELECT 'default', 'one.example', '${dayText(2)}', 0, 'web', 5`,
    ],
    expected: { kind: "changed", values: [{ name: "widget_clicks", found: "5", expected: "0" }] },
  },
  {
    name: "a visitor too many",
    table: "daily_post_stats",
    sql: [
      `${insertInto("daily_post_stats", "(project_id, site_id, date, post_id, source, unique_visitors)")}
       SELECT 'default', 'one.example', '${dayText(2)}', 0, 'web', uniqState(toUInt64(999))`,
    ],
    expected: { kind: "changed", values: [{ name: "unique_visitors", found: text, expected: text }] },
  },
  {
    name: "as many visitors, but others",
    table: "hourly_event_stats",
    sql: [
      `CREATE TABLE taken ENGINE = Memory AS SELECT * FROM hourly_event_stats FINAL WHERE ${oneHour}`,
      `ALTER TABLE hourly_event_stats DELETE WHERE ${oneHour} SETTINGS mutations_sync = 2`,
      `${insertInto("hourly_event_stats")}
       SELECT * REPLACE (arrayReduce('uniqState', arrayMap(n -> toUInt64(5000 + n), range(finalizeAggregation(unique_visitors)))) AS unique_visitors)
       FROM taken`,
      "DROP TABLE taken",
    ],
    expected: { kind: "changed", values: [{ name: "unique_visitors", found: "2", expected: "2" }] },
  },
  {
    name: "a bucket without raw events that has the highest watermark of all",
    table: "daily_post_stats",
    sql: [
      `${insertInto("daily_post_stats", "(project_id, site_id, date, post_id, source, widget_clicks, watermark)")}
       SELECT 'default', 'nobody.example', '${dayText(2)}', 77, 'web', 3, 5000`,
    ],
    expected: {
      kind: "unfounded",
      key: {
        project_id: "default",
        site_id: "nobody.example",
        date: dayText(2),
        post_id: "77",
        source: "web",
      },
      values: [{ name: "widget_clicks", found: "3", expected: "0" }],
    },
  },
];

describe.each(testEngines)("verify on $engine", ({ layer }) => {
  const { it } = testsOn(layer());

  it("a database without events agrees with itself", () =>
    Effect.gen(function* () {
      expect(yield* verified()).toMatchObject({
        agrees: true,
        buckets: 0,
        firstDayMs: undefined,
        rollups: 3,
      });
    }));

  it("honest rollups agree, whatever the batches were cut into, and every bucket is compared", () =>
    Effect.gen(function* () {
      for (const ago of [4, 3, 2, 1]) {
        yield* storeDay(ago, 10 - ago, 240);
        yield* storeDay(ago, 20 - ago, 360);
      }
      const [counted] = yield* asked<{ n: number }>(
        rollups
          .map((table) => `(SELECT count() FROM ${table} FINAL)`)
          .join(" + ")
          .replace(/^/, "SELECT ")
          .concat(" AS n"),
      );
      const result = yield* verified();
      expect(result).toMatchObject({ agrees: true, differing: 0, rollups: 3, goneDays: 0 });
      expect([result.firstDayMs, result.lastDayMs]).toEqual([dayMs(4), dayMs(1)]);
      expect(result.buckets).toBe(counted?.n as number);
      expect(result.buckets).toBeGreaterThan(500);
    }));

  for (const { name, table, sql, expected } of damages) {
    it(`finds ${name}, and repairs that and nothing else`, () =>
      Effect.gen(function* () {
        const before = yield* allContents(true);
        yield* Effect.forEach(sql, changed);
        const highest = yield* watermarks(table);
        const found = yield* verified();
        expect(found.differences).toMatchObject([{ table, ...expected }]);
        expect(found).toMatchObject({ agrees: false, differing: 1, repaired: 0 });
        // In its day and in no other.
        expect(yield* verified({ toMs: dayMs(2) })).toMatchObject({ agrees: true, lastDayMs: dayMs(3) });
        expect(yield* verified({ fromMs: dayMs(1) })).toMatchObject({ agrees: true, firstDayMs: dayMs(1) });
        const inside = yield* verified({ fromMs: dayMs(2), toMs: dayMs(1) });
        expect(inside).toMatchObject({ agrees: false, firstDayMs: dayMs(2), lastDayMs: dayMs(2) });

        const repaired = yield* verified({ repair: true });
        expect(repaired).toMatchObject({ agrees: true, differing: 1, repaired: 1 });
        expect(yield* allContents(true)).toEqual(before);
        expect(yield* watermarks(table)).toEqual(highest);
        expect(yield* verified()).toMatchObject({ agrees: true, differing: 0 });
      }).pipe(Effect.ensuring(Effect.ignore(verified({ repair: true })))));
  }

  it("finds raw events that no rollup has, and repairs all of them", () =>
    Effect.gen(function* () {
      yield* changed(
        `INSERT INTO events (project_id, site_id, event_type, occurred_at, visitor_id, session_id, batch)
         SELECT 'default', 'late.example', 'widget_click', toDateTime64('${dayText(3)} 09:30:00', 3, 'UTC'), 5, 6, 40`,
      );
      const found = yield* verified();
      expect(found.differences.map(({ table, kind }) => `${table} ${kind}`)).toEqual(
        rollups.map((table) => `${table} missing`),
      );
      expect(found.differences.at(-1)?.values).toEqual([
        { name: "events", found: "0", expected: "1" },
        { name: "unique_visitors", found: "0", expected: "1" },
        { name: "unique_sessions", found: "0", expected: "1" },
      ]);
      expect(yield* verified({ repair: true })).toMatchObject({ agrees: true, differing: 3, repaired: 3 });
      expect(yield* verified()).toMatchObject({ agrees: true, differing: 0 });
      // The repaired rows say that the batch arrived, which it has.
      for (const table of rollups) {
        expect((yield* watermarks(table)).at(-1)?.watermark).toBeGreaterThanOrEqual(40);
      }
    }));

  it("much damage of all kinds is repaired at once", () =>
    Effect.gen(function* () {
      const before = yield* allContents(true);
      for (const { sql } of damages) yield* Effect.forEach(sql, changed);
      yield* changed(
        `ALTER TABLE hourly_event_stats DELETE WHERE toDate(hour) = '${dayText(3)}' SETTINGS mutations_sync = 2`,
      );
      yield* changed(`${insertInto("daily_widget_stats")} SELECT * FROM daily_widget_stats`);
      const { differing } = yield* verified();
      expect(differing).toBeGreaterThan(100);
      expect(yield* verified({ repair: true })).toMatchObject({
        agrees: true,
        differing,
        repaired: differing,
      });
      expect(yield* allContents(true)).toEqual(before);
      expect(yield* verified()).toMatchObject({ agrees: true, differing: 0 });
    }));

  it("a set beyond what is counted exactly is compared without a false alarm, in whatever order it came", () =>
    Effect.gen(function* () {
      for (const part of [0, 1, 2]) {
        yield* changed(
          `INSERT INTO landing (project_id, site_id, event_type, occurred_at, visitor_id, session_id, batch)
           SELECT 'crowd', 'crowd.example', 'page_view', toDateTime64('${dayText(4)} 12:00:00', 3, 'UTC') + number % 3000,
             cityHash64(number), cityHash64(number % 150000, 1), 50 + ${part}
           FROM numbers(${part * 70_000}, 100000)`,
        );
      }
      expect(yield* verified()).toMatchObject({ agrees: true });
      yield* changed(
        `${insertInto("hourly_event_stats", "(project_id, site_id, hour, event_type, unique_visitors)")}
         SELECT 'crowd', 'crowd.example', '${dayText(4)} 12:00:00', 'page_view', uniqState(cityHash64(number, 7)) FROM numbers(1000)`,
      );
      expect(yield* verified()).toMatchObject({ agrees: false, differing: 1 });
      expect(yield* verified({ repair: true })).toMatchObject({ agrees: true, repaired: 1 });
    }));
});
