import { expect } from "bun:test";
import { Effect, Layer } from "effect";
import { layerMetrics } from "../metrics/metrics.ts";
import { answers, at, DAY, keptLong, seal, store } from "../sealing/sample.ts";
import { layerSealedDays } from "../sealing/sealed-days.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { testSettings } from "../testing/settings.ts";
import { deleteExpired } from "./delete-expired.ts";

const TIMEOUT_MS = 60_000;

/** A project's id that would end a text in a statement. */
const STRANGE = "it's \\ a 'trap\n";

const event = (day: number, visitor: number, type = "page_view") => ({
  occurredAtMs: at(day, "08:00"),
  visitor_id: visitor,
  event_type: type,
  mapping_id: 3,
  post_id: 4,
  page_path: "/a",
});

const countsOf = (table: string, count = "count()", time = "date") =>
  Effect.flatMap(ClickHouse, ({ query }) =>
    Effect.map(
      query<{ project: string; day: number; n: number }>(
        `SELECT project_id AS project, toUInt16(toDate(${time})) AS day, ${count} AS n FROM ${table} GROUP BY ALL ORDER BY ALL`,
      ),
      (rows) => rows.map(({ project, day, n }) => [project, day - DAY, n] as const),
    ),
  );

/** Questions that sealed days answer alone: what a page has of sessions is asked of single events. */
const sealedAnswers = Effect.map(answers("short", {}), (all) => all.slice(0, 3));

const everything = Effect.all({
  events: countsOf("events", "count()", "occurred_at"),
  hourly: countsOf("hourly_event_stats", "sum(events)", "hour"),
  widgets: countsOf("daily_widget_stats", "sum(impressions)"),
  posts: countsOf("daily_post_stats", "sum(widget_impressions)"),
  sessions: countsOf("sessions"),
  fields: countsOf("daily_field_stats"),
  seals: countsOf("sealed_days"),
});

for (const { engine, layer } of testEngines) {
  const { it } = testsOn(
    Layer.merge(layerSealedDays, layerMetrics).pipe(
      Layer.provideMerge(layer(undefined, keptLong)),
      Layer.provideMerge(testSettings(keptLong)),
    ),
  );

  it(
    `${engine}: whole days of one project go from events, or from all that was counted; every other row stays`,
    () =>
      Effect.gen(function* () {
        // Two months, so that each table has two partitions.
        for (const project of ["default", "short", STRANGE]) {
          for (const day of [0, 1, 30, 31]) {
            yield* store(project, [
              event(day, 1),
              event(day, 2, "widget_impression"),
              { ...event(day, 3), occurredAtMs: at(day, "23:59:59.999") },
            ]);
          }
          for (const day of [0, 1, 30]) yield* seal(project, day);
        }
        const before = yield* everything;
        const answered = yield* sealedAnswers;
        expect(before.events).toContainEqual([STRANGE, 31, 3]);
        const without = (gone: (project: string, day: number) => boolean, rows: typeof before.events) =>
          rows.filter(([project, day]) => !gone(project, day));

        const nothing = { project: "short", rawBefore: DAY, rollupsBefore: undefined };
        expect(yield* deleteExpired([nothing], { wait: true })).toEqual([]);

        const raw = [
          { project: "short", rawBefore: DAY + 31, rollupsBefore: undefined },
          { project: STRANGE, rawBefore: DAY + 1, rollupsBefore: undefined },
        ];
        expect(yield* deleteExpired(raw, { wait: true })).toEqual([{ table: "events", rows: 12 }]);
        const noRaw = (project: string, day: number) =>
          (project === "short" && day < 31) || (project === STRANGE && day < 1);
        expect(yield* everything).toEqual({ ...before, events: without(noRaw, before.events) });
        expect(yield* deleteExpired(raw, { wait: true })).toEqual([]);
        // Sealed days answer as before, without their events.
        expect(yield* sealedAnswers).toEqual(answered);

        const rollups = [{ project: "short", rawBefore: undefined, rollupsBefore: DAY + 1 }];
        const deleted = yield* deleteExpired(rollups, { wait: true });
        expect(deleted.map(({ table }) => table)).toEqual([
          "daily_post_stats",
          "daily_widget_stats",
          "hourly_event_stats",
          "sealed_days",
          "daily_field_stats",
          "sessions",
        ]);
        const noRollups = (project: string, day: number) => project === "short" && day < 1;
        const after = yield* everything;
        for (const name of ["hourly", "widgets", "posts", "sessions", "fields", "seals"] as const) {
          expect(after[name]).toEqual(without(noRollups, before[name]));
        }
        expect(after.events).toEqual(without(noRaw, before.events));
      }),
    TIMEOUT_MS,
  );
}
