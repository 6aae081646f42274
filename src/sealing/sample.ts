import { expect } from "bun:test";
import { Effect, Layer } from "effect";
import type { CountOptions } from "../stats/counts.ts";
import { blankEvent, type EventRow, landingColumns, landingRow } from "../stats/recount/event-row.ts";
import { asked } from "../stats/recount/testing/asked.ts";
import { ClickHouse, type ClickHouseShape } from "../store/clickhouse.ts";
import { ClickHouseError } from "../store/clickhouse-error.ts";
import { testSettings } from "../testing/settings.ts";
import { type StatementSizes, sealDay } from "./seal-day.ts";
import { DAY_MS, layerSealedDays, SealedDays } from "./sealed-days.ts";

/** Long enough that the days of the samples are kept. */
export const keptLong = { rawRetentionDays: 3650, rollupRetentionYears: 50 };

/** The index of sealed days, and settings, on a ClickHouse. */
export const onSealedDays = <E>(clickhouse: Layer.Layer<ClickHouse, E>, retention = keptLong) =>
  layerSealedDays.pipe(Layer.provideMerge(clickhouse), Layer.provideMerge(testSettings(retention)));

/** The first day of the samples, from 1970. */
export const DAY = Date.parse("2026-10-05T00:00:00Z") / DAY_MS;

export const SITE = "example.org";

/** A moment of a day of the samples: `at(1, "23:50")`. */
export const at = (day: number, time: string): number =>
  Date.parse(`${new Date((DAY + day) * DAY_MS).toISOString().slice(0, 10)}T${time}Z`);

export interface SampleEvent extends Partial<EventRow> {
  readonly occurredAtMs: number;
}

/** Page views of one visitor at these times. */
export const visits = (day: number, times: ReadonlyArray<string>, visitor = 1, more: object = {}) =>
  times.map((time, index) => ({
    occurredAtMs: at(day, time),
    visitor_id: visitor,
    page_path: index % 2 === 0 ? "/a" : "/b",
    country: visitor % 2 === 0 ? "DE" : "US",
    ...more,
  }));

let made = 0;
let batch = 0;

/** The batch that was stored last; numbers only grow, as those of the writer. */
export const lastBatch = (): number => batch;

/** Inserts events as one batch of the writer. */
export const store = (project: string, events: ReadonlyArray<SampleEvent>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    batch += 1;
    const rows = events.map((event) => {
      made += 1;
      return landingRow({ ...blankEvent, event_id: `sample ${made}`, ...event }, project, batch);
    });
    yield* clickhouse.insertRows({
      table: "landing",
      columns: landingColumns,
      rows: Buffer.from(`${rows.join("\n")}\n`),
      token: `sample ${made} ${project} ${batch}`,
    });
  });

const questions = [
  ["metrics", ""],
  ["breakdown", "dimension=entry_page&metric=sessions,avg_duration,visitors,pageviews"],
  ["timeseries", "metric=visitors,sessions,avg_duration,events"],
  ["breakdown", "dimension=page&metric=visitors,pageviews,events,sessions,bounce_rate"],
] as const;

/** What questions about the days `DAY - 2` to `DAY + 7` of a project are answered. */
export const answers = (project: string, options: CountOptions) =>
  Effect.forEach(questions, ([route, question]) => {
    const params = new URLSearchParams(question);
    params.set("project", project);
    params.set("from", new Date(at(-2, "00:00")).toISOString().slice(0, 10));
    params.set("to", new Date(at(7, "00:00")).toISOString().slice(0, 10));
    return asked(route, params, options);
  });

/** The days of a project from `DAY` on that are not sealed. */
export const openDays = (project: string) =>
  Effect.gen(function* () {
    const sealed = yield* SealedDays;
    yield* sealed.refresh;
    return sealed
      .open(0, 65_535)
      .filter((day) => day.project === project)
      .map(({ day }) => day - DAY)
      .sort((a, b) => a - b);
  });

/** Seals a day of the samples, when everything is stored. */
export const seal = (
  project: string,
  day: number,
  siteId = SITE,
  completedBatch = batch,
  sizes?: StatementSizes,
) => sealDay({ project, siteId, day: DAY + day }, completedBatch, sizes);

/** Questions are answered as the events say, wherever the answers come from. */
export const expectExact = (project: string) =>
  Effect.gen(function* () {
    expect(yield* answers(project, {})).toEqual(yield* answers(project, { from: "raw" }));
  });

/** Whether nothing has broken a day's seal, asked as a question does. */
export const sealHolds = (project: string, day: number, siteId = SITE) =>
  Effect.gen(function* () {
    const sealed = yield* SealedDays;
    yield* sealed.refresh;
    return sealed.sealOf({ project, siteId, day: DAY + day }) !== undefined;
  });

/** How many builds of a project's days there are rows of, whether they count or not. */
export const buildsOf = (project: string) =>
  Effect.flatMap(ClickHouse, ({ query }) =>
    Effect.map(
      query<{ builds: number }>(
        `SELECT count() AS builds FROM (
           SELECT build FROM sessions WHERE project_id = {project:String}
           UNION DISTINCT SELECT build FROM daily_field_stats WHERE project_id = {project:String})`,
        { project },
      ),
      ([row]) => row?.builds,
    ),
  );

/** A ClickHouse whose commands fail, or end in an interruption, from the one after `commands` on. */
export const failingAfter = (clickhouse: ClickHouseShape, commands: number): ClickHouseShape => {
  let left = commands;
  return {
    ...clickhouse,
    command: (...statement) =>
      Effect.suspend(() => {
        left -= 1;
        return left < 0
          ? Effect.fail(
              new ClickHouseError({
                failure: "unavailable",
                retryable: true,
                code: undefined,
                message: "The process ends here",
              }),
            )
          : clickhouse.command(...statement);
      }),
  };
};
