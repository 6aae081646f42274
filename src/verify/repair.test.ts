import { expect } from "bun:test";
import { Effect } from "effect";
import { ClickHouse, type ClickHouseShape } from "../store/clickhouse.ts";
import { ClickHouseError } from "../store/clickhouse-error.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { dayText, deleted, inserted, storeDay, verified } from "./sample.ts";
import { type News, verify } from "./verify.ts";

const cutOff = new ClickHouseError({
  failure: "other",
  retryable: false,
  code: undefined,
  message: "The process ends here.",
});

/** A ClickHouse that takes so many commands and is gone then. */
const endingAfter = (clickhouse: ClickHouseShape, commands: number): ClickHouseShape => {
  let left = commands;
  return {
    ...clickhouse,
    command: (...command) =>
      Effect.suspend(() => (left-- > 0 ? clickhouse.command(...command) : Effect.fail(cutOff))),
  };
};

/** What a repair finds before it is cut off. */
const interrupted = (clickhouse: ClickHouseShape) =>
  Effect.gen(function* () {
    const kinds = new Set<string>();
    const tell = (news: News) => {
      if (news.kind !== "different") return;
      for (const { table, kind } of news.comparison.differences) kinds.add(`${table} ${kind}`);
    };
    const repair = verify({ repair: true, live: false, tell });
    const error = yield* Effect.flip(Effect.provideService(repair, ClickHouse, clickhouse));
    return { error, tables: [...kinds].sort() };
  });

const { it } = testsOn(testClickHouse());

it(
  "a repair may be cut off before any of its statements, and the next one goes on",
  () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      for (const ago of [2, 1]) yield* storeDay(ago, 3 - ago);
      yield* inserted("daily_post_stats", "SELECT * FROM daily_post_stats");
      yield* deleted("hourly_event_stats", `hour = '${dayText(2)} 07:00:00'`);
      yield* inserted(
        "hourly_event_stats",
        `SELECT * FROM hourly_event_stats WHERE toDate(hour) = '${dayText(1)}'`,
      );
      const found: Array<ReadonlyArray<string>> = [];
      // Each run deletes and inserts in the first table that differs, and then in the second.
      for (const commands of [0, 1, 2, 0, 1]) {
        const { error, tables } = yield* interrupted(endingAfter(clickhouse, commands));
        expect(error.message).toBe(cutOff.message);
        found.push(tables);
      }
      expect(found).toEqual([
        ["daily_post_stats changed", "hourly_event_stats changed", "hourly_event_stats missing"],
        ["daily_post_stats changed", "hourly_event_stats changed", "hourly_event_stats missing"],
        ["daily_post_stats missing", "hourly_event_stats changed", "hourly_event_stats missing"],
        ["hourly_event_stats changed", "hourly_event_stats missing"],
        ["hourly_event_stats changed", "hourly_event_stats missing"],
      ]);
      const last = yield* verified({ repair: true });
      expect(new Set(last.differences.map(({ table, kind }) => `${table} ${kind}`))).toEqual(
        new Set(["hourly_event_stats missing"]),
      );
      expect(last).toMatchObject({ agrees: true, left: 0 });
    }),
  60_000,
);
