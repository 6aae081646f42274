import { expect } from "bun:test";
import { Effect, Layer } from "effect";
import { defaultPrivacy } from "../projects/privacy.ts";
import { layerProjects, Projects } from "../projects/projects.ts";
import { deleteExpired } from "../retention/delete-expired.ts";
import { blankEvent, landingColumns, landingRow } from "../stats/recount/event-row.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { testSettings } from "../testing/settings.ts";
import { DAY_MS } from "./rollup.ts";
import { asked, changed, dayMs, dayText, deleted, verified } from "./sample.ts";

const TIMEOUT_MS = 60_000;

const { it } = testsOn(
  layerProjects.pipe(Layer.provideMerge(testClickHouse()), Layer.provideMerge(testSettings())),
);

let batch = 0;
const store = (project: string, days: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    batch += 1;
    const rows = days.flatMap((ago) =>
      Array.from({ length: 24 }, (_, hour) =>
        landingRow(
          {
            ...blankEvent,
            event_id: `${project} ${ago} ${hour}`,
            occurredAtMs: dayMs(ago) + hour * 3_600_000,
            visitor_id: hour % 5,
            event_type: hour % 2 === 0 ? "page_view" : "widget_impression",
          },
          project,
          batch,
        ),
      ),
    );
    yield* (yield* ClickHouse).insertRows({
      table: "landing",
      columns: landingColumns,
      rows: Buffer.from(rows.join("\n")),
      token: `first days ${batch}`,
    });
  });

const counted = (project: string, ago: number) =>
  asked(
    `SELECT sum(events) AS n FROM hourly_event_stats WHERE project_id = '${project}' AND toDate(hour) = '${dayText(ago)}'`,
  );

it(
  "of a project that keeps its events for less long than others only what it has is compared and repaired",
  () =>
    Effect.gen(function* () {
      // Of all projects together; whoever has made it wants to know of it too.
      yield* changed(
        `CREATE TABLE all_days (date Date, events SimpleAggregateFunction(sum, UInt64), watermark SimpleAggregateFunction(max, UInt64))
         ENGINE = AggregatingMergeTree PARTITION BY toYYYYMM(date) ORDER BY date`,
      );
      yield* changed(
        `CREATE MATERIALIZED VIEW landing_to_all_days TO all_days AS
         SELECT toDate(occurred_at) AS date, count() AS events, max(batch) AS watermark FROM landing GROUP BY date`,
      );
      const projects = yield* Projects;
      const { id } = yield* projects.create({
        name: "own",
        origins: "*",
        timezone: "UTC",
        allowsMissingOrigin: true,
        privacy: defaultPrivacy,
        retention: { rawDays: undefined, rollupYears: undefined },
      });
      const days = [8, 7, 6, 5, 4, 3, 2, 1];
      yield* store("default", days);
      yield* store(id, [20, ...days]);
      const whole = yield* verified();
      expect(whole).toMatchObject({ agrees: true, differing: 0, firstDayMs: dayMs(20), lastDayMs: dayMs(1) });

      yield* projects.update(id, { retention: { rawDays: 4 } });
      const agrees = { agrees: true, differing: 0, firstDayMs: dayMs(8), lastDayMs: dayMs(1) };
      const before = yield* verified();
      expect(before).toMatchObject(agrees);
      expect(before.buckets).toBeLessThan(whole.buckets);
      expect(before.news[0]).toEqual({ kind: "start", days: 8, expired: [dayMs(20)] });

      // As far as a deletion has come.
      yield* deleted("events", `project_id = '${id}' AND occurred_at < '${dayText(6)} 12:00:00'`);
      expect(yield* verified()).toMatchObject({ ...agrees, buckets: before.buckets });
      const gone = { project: id, rawBefore: dayMs(5) / DAY_MS, rollupsBefore: undefined };
      yield* deleteExpired([gone], { wait: true });
      expect(yield* verified()).toMatchObject({ ...agrees, buckets: before.buckets });

      // Both projects have buckets of the same hours; one of them has no events there any more.
      const kept = yield* counted(id, 6);
      yield* deleted("hourly_event_stats", `project_id = 'default' AND toDate(hour) = '${dayText(6)}'`);
      yield* deleted("hourly_event_stats", `project_id = '${id}' AND toDate(hour) = '${dayText(2)}'`);
      yield* deleted("all_days", `date = '${dayText(2)}'`);
      expect((yield* verified()).differing).toBe(24 + 24 + 1);
      expect(yield* verified({ repair: true })).toMatchObject({ agrees: true, differing: 49, left: 0 });
      expect(yield* counted(id, 6)).toEqual(kept);
      expect(yield* counted("default", 6)).toEqual(kept);
      expect(yield* counted(id, 2)).toEqual(kept);
      expect(yield* verified()).toMatchObject({ ...agrees, buckets: before.buckets });
    }),
  TIMEOUT_MS,
);
