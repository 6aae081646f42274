import { expect } from "bun:test";
import { Effect, Layer } from "effect";
import fc from "fast-check";
import { keptLong } from "../../sealing/sample.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testClickHouse } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import type { AnswerOptions } from "../answer.ts";
import { decodeTimeseriesQuery } from "../parameters/query.ts";
import { decodePostsQuery, postStats } from "../posts.ts";
import { timeseries } from "../timeseries.ts";
import { decodeWidgetsQuery, widgetStats } from "../widgets.ts";
import { recountPosts, recountTimeseries, recountWidgets, type StoredEvent } from "./recount.ts";
import { instantText, story } from "./stories.ts";

// The days of 2024 with all their changes of clocks are kept.
const { it, runtime } = testsOn(Layer.merge(testClickHouse(undefined, keptLong), testSettings(keptLong)));

const columns = [
  "project_id",
  "site_id",
  "source",
  "event_type",
  "occurred_at",
  "visitor_id",
  "is_bot",
  "mapping_id",
  "post_id",
  "device_slug",
  "batch",
];

let batches = 0;
const insert = (project: string, events: ReadonlyArray<StoredEvent>) =>
  Effect.gen(function* () {
    batches += 1;
    const batch = batches;
    const rows = events.map((e) =>
      JSON.stringify([
        project,
        e.site_id,
        e.source,
        e.event_type,
        instantText(e.occurredAtMs).replace("T", " ").replace("Z", ""),
        e.visitor_id,
        e.is_bot,
        e.mapping_id,
        e.post_id,
        e.device_slug,
        batch,
      ]),
    );
    const clickhouse = yield* ClickHouse;
    yield* clickhouse.insertRows({
      table: "landing",
      columns,
      rows: Buffer.from(rows.join("\n")),
      token: `batch ${batch}`,
    });
  });

const ask = ({ route, params }: { route: string; params: URLSearchParams }, options: AnswerOptions) =>
  Effect.gen(function* () {
    if (route === "widgets") return yield* widgetStats(yield* decodeWidgetsQuery(params), options);
    if (route === "posts") return yield* postStats(yield* decodePostsQuery(params), options);
    return yield* timeseries(yield* decodeTimeseriesQuery(params), options);
  });

const recounts = { widgets: recountWidgets, posts: recountPosts, timeseries: recountTimeseries };

it(
  "every answer, from rollups or single events, is what a recount of the events finds, before and after merges",
  () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const answered: Array<{ route: string; params: URLSearchParams; expected: unknown }> = [];
      const property = fc.asyncProperty(story, ({ sent, questions }) =>
        runtime.runPromise(
          Effect.gen(function* () {
            const project = `project ${batches}`;
            for (const events of sent) yield* insert(project, events);
            for (const { route, params } of questions) {
              const expected = recounts[route](sent.flat(), params);
              params.set("project", project);
              answered.push({ route, params, expected });
              expect(yield* ask({ route, params }, {})).toEqual(expected as never);
              expect(yield* ask({ route, params }, { table: "raw" })).toEqual(expected as never);
            }
          }),
        ),
      );
      yield* Effect.promise(() => fc.assert(property, { numRuns: 22 }));

      for (const table of ["events", "daily_widget_stats", "daily_post_stats", "hourly_event_stats"]) {
        yield* clickhouse.command(`OPTIMIZE TABLE ${table} FINAL`);
      }
      const again = yield* Effect.forEach(answered, (asked) => ask(asked, {}), { concurrency: 4 });
      expect(again as unknown).toEqual(answered.map(({ expected }) => expected));
    }),
  60_000,
);
