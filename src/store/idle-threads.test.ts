import { expect } from "bun:test";
import { readdirSync } from "node:fs";
import { Effect } from "effect";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { ClickHouse, defaultBudget } from "./clickhouse.ts";

const { it } = testsOn(testClickHouse());

const openFiles = () => readdirSync("/proc/self/fd").length;

it("a busy moment of the engine leaves no threads and open files behind", () =>
  Effect.gen(function* () {
    if (process.platform !== "linux") return;
    const clickhouse = yield* ClickHouse;
    const before = openFiles();
    const busy = clickhouse.query(
      "SELECT uniqExact(number % 100000) AS n FROM numbers_mt(2000000) GROUP BY number % 7",
      {},
      { ...defaultBudget, maxThreads: 64 },
    );
    yield* Effect.all([busy, busy, busy], { concurrency: "unbounded" });
    // Three files a thread; 32 idle ones are kept.
    yield* Effect.sleep("2 seconds");
    expect(openFiles()).toBeLessThan(before + 3 * 40);
  }));
