import { expect } from "bun:test";
import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse } from "./clickhouse.ts";
import { testsOn } from "./effect.ts";

const { it } = testsOn(testClickHouse());

it("a test database is migrated and empty", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    expect(yield* clickhouse.query("SELECT count() AS n FROM events")).toEqual([{ n: 0 }]);
  }));

it("a second database on the same engine knows nothing of the first", () =>
  Effect.gen(function* () {
    const first = yield* ClickHouse;
    yield* first.command("INSERT INTO landing (project_id, event_type) VALUES ('default', 'page_view')");
    const count = Effect.flatMap(ClickHouse, (clickhouse) =>
      clickhouse.query<{ n: number }>("SELECT sum(events) AS n FROM hourly_event_stats"),
    );
    expect(yield* Effect.provide(count, testClickHouse())).toEqual([{ n: 0 }]);
  }));
