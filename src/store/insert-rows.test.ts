import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { testClickHouse, testClickHouseServer, testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { ClickHouse } from "./clickhouse.ts";

const columns = [
  "project_id",
  "site_id",
  "event_type",
  "event_id",
  "occurred_at",
  "visitor_id",
  "post_id",
  "batch",
];
const DAY_MS = 86_400_000;

const clockText = (at: number) => new Date(at).toISOString().replace("T", " ").replace("Z", "");

/** Widget impressions of a project as the writer would send them, `spreadDays` apart from each other at most. */
const impressions = (project: string, count: number, spreadDays = 0): Uint8Array =>
  Buffer.from(
    Array.from({ length: count }, (_, index) => {
      const at = Date.now() - (index / count) * spreadDays * DAY_MS;
      return JSON.stringify([
        project,
        "example.org",
        "widget_impression",
        `e${index}`,
        clockText(at),
        String(index),
        index % 7,
        1,
      ]);
    }).join("\n"),
  );

const insert = (rows: Uint8Array, token: string, table = "landing") =>
  Effect.flatMap(ClickHouse, (clickhouse) => clickhouse.insertRows({ table, columns, rows, token }));

/** What a project has in the raw table and in every rollup. */
const stored = (project: string) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const [row] = yield* clickhouse.query<ReturnType<typeof everywhere>>(
      `SELECT
         (SELECT count() FROM events WHERE project_id = {project:String}) AS events,
         (SELECT sum(impressions) FROM daily_widget_stats WHERE project_id = {project:String}) AS daily_widget_stats,
         (SELECT sum(widget_impressions) FROM daily_post_stats WHERE project_id = {project:String}) AS daily_post_stats,
         (SELECT sum(s.events) FROM hourly_event_stats AS s WHERE project_id = {project:String}) AS hourly_event_stats`,
      { project },
    );
    return row;
  });

const everywhere = (count: number) => ({
  events: count,
  daily_widget_stats: count,
  daily_post_stats: count,
  hourly_event_stats: count,
});

describe.each(testEngines)("insertRows on $engine", ({ layer }) => {
  const { it } = testsOn(layer());

  it("rows arrive once in the raw table and in every rollup, also when they are sent again", () =>
    Effect.gen(function* () {
      const rows = impressions("again", 1000);
      for (let attempt = 0; attempt < 3; attempt += 1) {
        yield* insert(rows, "again-1");
        expect(yield* stored("again")).toEqual(everywhere(1000));
      }
    }));

  it("equal rows under another token are other rows", () =>
    Effect.gen(function* () {
      const rows = impressions("twice", 10);
      yield* insert(rows, "twice-1");
      yield* insert(rows, "twice-2");
      expect(yield* stored("twice")).toEqual(everywhere(20));
    }));

  it("ten thousand rows over several months arrive, and once when sent again", () =>
    Effect.gen(function* () {
      const rows = impressions("months", 10_000, 85);
      yield* insert(rows, "months-1");
      yield* insert(rows, "months-1");
      expect(yield* stored("months")).toEqual(everywhere(10_000));
    }));

  it("a bad row stores nothing anywhere and says so", () =>
    Effect.gen(function* () {
      const good = Buffer.from(impressions("poison", 500)).toString();
      for (const bad of [
        '["poison", "s", "t", "id", "not a time", "1", 1, 1]',
        '["poison", "s", "t", "id", "2026-01-01 00:00:00.000", "1", "not a number", 1]',
        '["poison", "s", "t"]',
        '["poison", ',
        "not json at all",
      ]) {
        const error = yield* Effect.flip(insert(Buffer.from(`${good}\n${bad}\n${good}`), `poison-${bad}`));
        expect(error).toMatchObject({ failure: "bad_row", retryable: false });
        expect(yield* stored("poison")).toEqual(everywhere(0));
      }
      yield* insert(Buffer.from(good), "poison-healed");
      expect(yield* stored("poison")).toEqual(everywhere(500));
    }));

  it("a table that is not there is a bad statement", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(insert(impressions("x", 1), "x-1", "nowhere"));
      expect(error).toMatchObject({ failure: "bad_statement", retryable: false, code: 60 });
    }));

  it("a token may hold any character", () =>
    Effect.gen(function* () {
      const rows = impressions("token", 10);
      yield* insert(rows, "it's a \\ token; -- 🦉");
      yield* insert(rows, "it's a \\ token; -- 🦉");
      expect(yield* stored("token")).toEqual(everywhere(10));
    }));

  it("inserts side by side all arrive", () =>
    Effect.gen(function* () {
      yield* Effect.forEach([1, 2, 3, 4, 5, 6, 7, 8], (n) => insert(impressions("many", 100), `many-${n}`), {
        concurrency: 8,
      });
      expect(yield* stored("many")).toEqual(everywhere(800));
    }));
});

const longRetention = { rawRetentionDays: 3650, rollupRetentionYears: 20 };

describe.each([
  { engine: "embedded", layer: testClickHouse(undefined, longRetention) },
  { engine: "server", layer: testClickHouseServer(undefined, longRetention) },
])("insertRows on $engine with ten years of retention", ({ layer }) => {
  const { it } = testsOn(layer);

  it(
    "a batch over more than a hundred partitions arrives",
    () =>
      Effect.gen(function* () {
        const rows = impressions("decade", 500, 3150);
        yield* insert(rows, "decade-1");
        expect(yield* stored("decade")).toEqual(everywhere(500));
      }),
    20_000,
  );
});
