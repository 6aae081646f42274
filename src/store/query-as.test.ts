import { describe, expect } from "bun:test";
import { Effect, Fiber } from "effect";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { ClickHouse, defaultBudget } from "./clickhouse.ts";

const endless =
  "SELECT count() AS n FROM numbers(1000000000000) WHERE sipHash64(number) = {never:UInt64} + 3";

describe.each(testEngines)("queryAs on $engine", ({ layer }) => {
  const { it } = testsOn(layer());

  it("CSV has no header, CRLF and times in ISO 8601", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const bytes = yield* clickhouse.queryAs(
        "CSV",
        "SELECT {text:String} AS text, 18446744073709551615 AS n, true AS flag, toDateTime64('2026-11-20 09:30:00.250', 3, 'UTC') AS at FROM numbers(2)",
        { text: 'a "quoted"\r\nname, é' },
      );
      const line = '"a ""quoted""\r\nname, é",18446744073709551615,true,"2026-11-20T09:30:00.250Z"\r\n';
      expect(Buffer.from(bytes).toString()).toBe(line + line);
    }));

  it("lines are texts as they are", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const bytes = yield* clickhouse.queryAs(
        "LineAsString",
        "SELECT concat(toString(number), {text:String}) AS line FROM numbers(2) ORDER BY number",
        { text: '\t"\\ 🦉/' },
      );
      expect(Buffer.from(bytes).toString()).toBe('0\t"\\ 🦉/\n1\t"\\ 🦉/\n');
    }));

  it("no rows are no bytes, or a Parquet file without rows", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const none = "SELECT event_id FROM events WHERE 0";
      expect((yield* clickhouse.queryAs("CSV", none)).length).toBe(0);
      expect((yield* clickhouse.queryAs("LineAsString", none)).length).toBe(0);
      const file = Buffer.from(yield* clickhouse.queryAs("Parquet", none));
      expect([file.toString("latin1", 0, 4), file.toString("latin1", file.length - 4)]).toEqual([
        "PAR1",
        "PAR1",
      ]);
    }));

  it("what exceeds its bytes, its rows or its time is over_budget", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      for (const [sql, budget] of [
        ["SELECT repeat(toString(number), 300) AS x FROM numbers(10000)", { maxResultBytes: 1_000_000 }],
        ["SELECT number FROM numbers(10000)", { maxResultRows: 5000 }],
        [endless, { maxSeconds: 1 }],
      ] as const) {
        const reading = clickhouse.queryAs("CSV", sql, { never: 1 }, { ...defaultBudget, ...budget });
        expect(yield* Effect.flip(reading)).toMatchObject({ failure: "over_budget" });
      }
    }));

  it("nothing can be changed, and no file can be read", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      for (const sql of [
        "INSERT INTO schema_migrations (name, checksum) SELECT 'x', 'y'",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
      ]) {
        const { failure } = yield* Effect.flip(clickhouse.queryAs("CSV", sql));
        expect(failure).toBe("bad_statement");
      }
    }));

  it("interruption ends it in the engine", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const reading = yield* Effect.fork(clickhouse.queryAs("Parquet", endless, { never: 1 }));
      yield* Effect.sleep(200);
      yield* Fiber.interrupt(reading);
      const running = clickhouse.query<{ n: number }>(
        "SELECT count() AS n FROM system.processes WHERE query LIKE '%UInt64} + 3%' AND query NOT LIKE '%system.processes%'",
      );
      yield* Effect.repeat(Effect.zipLeft(running, Effect.sleep(20)), { until: ([row]) => row?.n === 0 });
    }));
});
