import { describe, expect } from "bun:test";
import { Effect, Exit, Fiber } from "effect";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { ClickHouse, defaultBudget, type QueryParams } from "./clickhouse.ts";
import { readerSessions } from "./native-threads.ts";

const hostile: ReadonlyArray<string> = [
  "",
  "plain",
  'it\'s "quoted" and `ticked`',
  "back\\slash, \\' and \\\\",
  "'; DROP TABLE events; --",
  "{x:String} {y:UInt8} %s $1 {{z}}",
  "line\nbreak\r\n\ttab",
  "nul\0 bell\x07 back\b feed\f escape\x1b",
  "🦉 žluťoučký 漢字 \u202eoverride",
  "\\N",
  "NULL",
  "a&b=c?d#e+f%20g",
  "/* comment */ -- rest",
  "x".repeat(10_000),
];

interface ParamCase {
  readonly type: string;
  readonly value: NonNullable<QueryParams[string]>;
  /** What `toString` or JSON shows of it. */
  readonly shown: unknown;
}

const typed: ReadonlyArray<ParamCase> = [
  { type: "UInt8", value: 255, shown: 255 },
  { type: "Int64", value: -42, shown: -42 },
  { type: "UInt64", value: Number.MAX_SAFE_INTEGER, shown: Number.MAX_SAFE_INTEGER },
  { type: "Float64", value: 0.1, shown: 0.1 },
  { type: "Float64", value: -1.5e300, shown: -1.5e300 },
  { type: "Bool", value: true, shown: true },
  { type: "Bool", value: false, shown: false },
  { type: "Date", value: "2026-02-28", shown: "2026-02-28" },
  { type: "DateTime('UTC')", value: "2026-02-28 23:59:59", shown: "2026-02-28 23:59:59" },
  { type: "DateTime64(3, 'UTC')", value: "2026-02-28 23:59:59.123", shown: "2026-02-28 23:59:59.123" },
  { type: "Array(UInt64)", value: [1, 2, 3], shown: [1, 2, 3] },
  { type: "Array(String)", value: [], shown: [] },
  { type: "Array(String)", value: hostile, shown: hostile },
  { type: "LowCardinality(String)", value: "it's", shown: "it's" },
  { type: "Nullable(String)", value: "set", shown: "set" },
];

const endless = "SELECT count() AS n FROM numbers(1000000000000) WHERE sipHash64(number) = {never:UInt64}";

describe.each(testEngines)("query on $engine", ({ engine, layer }) => {
  const { it } = testsOn(layer());

  for (const [index, text] of hostile.entries()) {
    it(`a string arrives as it is: case ${index}, ${JSON.stringify(text.slice(0, 30))}`, () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        const rows = yield* clickhouse.query("SELECT {x:String} AS value, hex({x:String}) AS bytes", {
          x: text,
        });
        expect(rows).toEqual([{ value: text, bytes: Buffer.from(text).toString("hex").toUpperCase() }]);
      }));
  }

  for (const { type, value, shown } of typed) {
    it(`${type} takes ${JSON.stringify(value).slice(0, 40)}`, () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        expect(yield* clickhouse.query(`SELECT {x:${type}} AS value`, { x: value })).toEqual([
          { value: shown },
        ]);
      }));
  }

  it("64-bit integers keep every digit as text", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const rows = yield* clickhouse.query("SELECT toString({x:UInt64}) AS value", {
        x: "18446744073709551615",
      });
      expect(rows).toEqual([{ value: "18446744073709551615" }]);
    }));

  it("a parameter that is undefined is left out, and one that is missing is a bad statement", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      expect(yield* clickhouse.query("SELECT {x:UInt8} AS value", { x: 1, y: undefined })).toEqual([
        { value: 1 },
      ]);
      const { failure } = yield* Effect.flip(clickhouse.query("SELECT {never_given:UInt8}"));
      expect(failure).toBe("bad_statement");
    }));

  it("parameters of half a megabyte pass", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const names = Array.from({ length: 20_000 }, (_, index) => `it's name number ${index}`);
      expect(yield* clickhouse.query("SELECT length({names:Array(String)}) AS n", { names })).toEqual([
        { n: 20_000 },
      ]);
    }));

  it("no rows are an empty answer", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      expect(yield* clickhouse.query("SELECT * FROM events")).toEqual([]);
    }));

  it("side by side every query sees its own parameters", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const answers = yield* Effect.forEach(
        Array.from({ length: 200 }, (_, index) => index),
        (index) =>
          clickhouse.query<{ a: number }>("SELECT {a:UInt32} AS a, {b:String} AS b", {
            a: index,
            b: `${index}`,
          }),
        { concurrency: 16 },
      );
      expect(answers.map(([row]) => row)).toEqual(answers.map((_, index) => ({ a: index, b: `${index}` })));
    }));

  it("a read over its time is over_budget, and the next one is served", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const error = yield* Effect.flip(
        clickhouse.query(endless, { never: 1 }, { ...defaultBudget, maxSeconds: 1 }),
      );
      expect(error).toMatchObject({ failure: "over_budget", code: 159 });
      expect(yield* clickhouse.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    }));

  it("a read over its memory is over_budget, and the next one is served", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const error = yield* Effect.flip(
        clickhouse.query(
          "SELECT length(groupArray(number)) FROM numbers(50000000)",
          {},
          {
            ...defaultBudget,
            maxMemoryBytes: 20_000_000,
          },
        ),
      );
      expect(error).toMatchObject({ failure: "over_budget", code: 241 });
      expect(yield* clickhouse.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    }));

  it("an answer of too many rows is over_budget", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const error = yield* Effect.flip(clickhouse.query("SELECT number FROM numbers(1000001)"));
      expect(error).toMatchObject({ failure: "over_budget", code: 396 });
    }));

  it("a read cannot change anything or open files", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      for (const sql of [
        "INSERT INTO schema_migrations (name, checksum) SELECT 'x', 'y'",
        "SELECT * FROM file('/etc/hostname', 'LineAsString')",
        "SELECT * FROM url('http://127.0.0.1:1/', 'LineAsString')",
      ]) {
        expect((yield* Effect.flip(clickhouse.query(sql))).failure).toBe("bad_statement");
      }
    }));

  it("what one read is allowed does not leak into the next", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      yield* Effect.forEach(
        [1, 2, 3, 4, 5, 6, 7, 8],
        () =>
          clickhouse.query("SELECT 1", {}, { maxSeconds: 3, maxMemoryBytes: 100_000_000, maxResultRows: 7 }),
        { concurrency: 8 },
      );
      const rows = yield* clickhouse.query<{ n: number }>("SELECT number AS n FROM numbers(10)");
      expect(rows).toHaveLength(10);
      yield* clickhouse.command("CREATE TABLE IF NOT EXISTS after_reads (n UInt8) ENGINE = Null");
      const [settings] = yield* clickhouse.query<Record<string, string>>(
        "SELECT toString(getSetting('max_execution_time')) AS seconds, getSetting('insert_deduplication_token') AS token",
      );
      expect(settings).toEqual({ seconds: String(defaultBudget.maxSeconds), token: "" });
    }));

  it("a slow read holds up neither the writer nor other reads", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const slow = yield* Effect.fork(
        clickhouse.query(endless, { never: 1 }, { ...defaultBudget, maxSeconds: 5 }),
      );
      yield* Effect.sleep(100);
      const started = performance.now();
      yield* clickhouse.command("INSERT INTO landing (project_id, occurred_at) SELECT 'slow', now64(3)");
      // With two native threads (two cores, UV_THREADPOOL_SIZE unset) there is one reader only.
      if (engine === "server" || readerSessions > 1)
        yield* clickhouse.query("SELECT {x:UInt8} AS x", { x: 1 });
      expect(performance.now() - started).toBeLessThan(2000);
      yield* Fiber.interrupt(slow);
    }));

  it("an interrupted read ends in the engine and frees its reader", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const started = performance.now();
      // More than there are readers, some of them interrupted while they wait for one.
      const fibers = yield* Effect.forEach(Array.from({ length: 6 }), () =>
        Effect.fork(clickhouse.query(endless, { never: 1 })),
      );
      yield* Effect.sleep(200);
      const exits = yield* Effect.forEach(fibers, Fiber.interrupt, { concurrency: "unbounded" });
      expect(exits.every(Exit.isInterrupted)).toBe(true);
      const running = clickhouse.query<{ n: number }>(
        "SELECT count() AS n FROM system.processes WHERE query ILIKE '%sipHash64(number)%' AND query NOT ILIKE '%system.processes%'",
      );
      yield* Effect.repeat(Effect.zipLeft(running, Effect.sleep(20)), { until: ([row]) => row?.n === 0 });
      expect(performance.now() - started).toBeLessThan(5000);
    }));
});
