import { expect } from "bun:test";
import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { removeGarbage } from "./garbage.ts";
import { answers, at, keptLong, onSealedDays, seal, store } from "./sample.ts";
import { type Seal, SealedDays } from "./sealed-days.ts";

const TIMEOUT_MS = 60_000;

const { it } = testsOn(onSealedDays(testClickHouse(undefined, keptLong)));

const buildsIn = (table: string) =>
  Effect.flatMap(ClickHouse, ({ query }) =>
    Effect.map(query<{ build: number }>(`SELECT build FROM ${table} GROUP BY build ORDER BY build`), (rows) =>
      rows.map(({ build }) => build),
    ),
  );

const sealed = (day: number) => Effect.map(seal("default", day), (result) => (result as Seal).build);

const event = (day: number, time: string, visitor: number) => ({
  occurredAtMs: at(day, time),
  visitor_id: visitor,
  page_path: "/a",
});

it(
  "what a newer seal replaced goes, once that is old enough; what counts or may be under way never does",
  () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const { lastBuild, nextBuild } = yield* SealedDays;
      yield* store("default", [event(0, "08:00", 1), event(1, "08:00", 1), event(40, "08:00", 1)]);
      const [first, second, otherMonth] = [yield* sealed(0), yield* sealed(1), yield* sealed(40)];
      yield* store("default", [event(0, "09:00", 2)]);
      const again = yield* sealed(0);
      const mark = lastBuild();
      yield* store("default", [event(1, "09:00", 3), event(0, "10:00", 4)]);
      const later = yield* sealed(1);
      // A sealing that is under way, of a day with a seal and of one without.
      const underWay = yield* nextBuild;
      for (const date of ["2026-10-05", "2026-10-20"]) {
        yield* clickhouse.command(
          `INSERT INTO sessions (project_id, site_id, date, build) SELECT 'default', 'example.org', '${date}', ${underWay}`,
        );
      }
      const before = yield* answers("default", {});
      const kept = [second, otherMonth, again, later];

      // Too little of it to write a month anew.
      expect(yield* removeGarbage({ upToBuild: mark, leastShare: 0.9, wait: true })).toBe(0);
      expect(yield* buildsIn("sessions")).toEqual([first, ...kept, underWay]);

      // `second` is replaced too, but maybe somebody still reads it; of `first` nobody does.
      expect(yield* removeGarbage({ upToBuild: mark, leastShare: 0.1, wait: true })).toBeGreaterThan(1);
      expect(yield* buildsIn("sessions")).toEqual([...kept, underWay]);
      expect(yield* buildsIn("daily_field_stats")).toEqual(kept);
      expect(yield* removeGarbage({ upToBuild: mark, leastShare: 0, wait: true })).toBe(0);

      yield* removeGarbage({ upToBuild: lastBuild(), leastShare: 0, wait: true });
      expect(yield* buildsIn("sessions")).toEqual([otherMonth, again, later, underWay]);
      expect(yield* buildsIn("daily_field_stats")).toEqual([otherMonth, again, later]);
      expect(yield* answers("default", {})).toEqual(before);
      expect(yield* answers("default", { from: "raw" })).toEqual(before);
    }),
  TIMEOUT_MS,
);
