import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { eventColumns, numberRows } from "../../store/event-row.ts";
import { testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { encodedRows } from "../../testing/service/encoded-rows.ts";
import { addEncodedRows } from "./add-encoded-rows.ts";
import { loadRecentIds } from "./load-recent-ids.ts";
import { RecentIds } from "./recent-ids.ts";

// Enough that some hundred hashes begin and end with a zero byte.
const COUNT = 60_000;
const idOf = (n: number) => `an id, ${n} "ü"`;
const numbers = Array.from({ length: COUNT }, (_, n) => n);

describe.each(testEngines)("the ids that a start finds, ClickHouse $engine", ({ layer }) => {
  const { it } = testsOn(layer());

  it("every stored event of the window is known, and nothing else", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const { rows, count } = encodedRows(
        numbers.map((n) => ({ event_type: "page_view", event_id: idOf(n) })),
      );
      numberRows(rows, 1);
      const waiting = new RecentIds();
      expect(addEncodedRows(waiting, rows)).toBe(count);
      yield* clickhouse.insertRows({ table: "landing", columns: eventColumns, rows, token: "ids" });
      const ids = new RecentIds();
      expect(yield* loadRecentIds(ids)).toBe(COUNT);
      expect(ids.size).toBe(COUNT);
      for (const known of [ids, waiting]) {
        expect(numbers.filter((n) => !known.has("default", idOf(n)))).toEqual([]);
        expect(known.has("other", idOf(1))).toBe(false);
        expect(known.has("default", idOf(COUNT))).toBe(false);
      }
    }));
});
