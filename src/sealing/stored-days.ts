import { Effect } from "effect";
import type { ClickHouseShape, QueryBudget } from "../store/clickhouse.ts";
import { dateText } from "../store/time-text.ts";
import type { Seal, SiteDay } from "./sealed-days.ts";
import type { SiteDays } from "./site-days.ts";

interface TouchedHours {
  readonly project_id: string;
  readonly site_id: string;
  readonly day: number;
  readonly hours: ReadonlyArray<readonly [hour: number, watermark: number]>;
}

interface SealRow {
  readonly project_id: string;
  readonly site_id: string;
  readonly day: number;
  readonly build: number;
  readonly watermark: number;
  readonly next_hours: number;
}

/** Everything there is is read once, at the start. */
const LOADING: QueryBudget = { maxSeconds: 300, maxMemoryBytes: 1_500_000_000, spillBytes: 500_000_000 };

/** Days that are read at a time at the start: an answer is held in memory as a whole. */
const LOADED_DAYS = 31;

/** What is stored of days, for those that `siteOf` gives. */
export const storedDays = (
  { query }: ClickHouseShape,
  siteOf: (project: string, siteId: string) => SiteDays,
) => {
  /** Tells days of the batches that have reached their hours; which one was the highest, 0 without any. */
  const touch = (where: string, params: Record<string, number>, budget?: QueryBudget) =>
    Effect.map(
      query<TouchedHours>(
        `SELECT project_id, site_id, toUInt16(toDate(hour)) AS day, groupArray((toHour(hour), reached)) AS hours
         FROM (
           SELECT project_id, site_id, hour, max(watermark) AS reached
           FROM hourly_event_stats WHERE ${where} GROUP BY project_id, site_id, hour
         ) GROUP BY project_id, site_id, day`,
        params,
        budget,
      ),
      (rows) => {
        let highest = 0;
        for (const { project_id, site_id, day, hours } of rows) {
          const site = siteOf(project_id, site_id);
          for (const [hour, watermark] of hours) {
            site.touch(day, hour, watermark);
            highest = Math.max(highest, watermark);
          }
        }
        return highest;
      },
    );

  /** Calls it for stretches that cover all days of a table, one after the other. */
  const inStretches = <E>(
    table: string,
    time: string,
    load: (fromDay: number, toDay: number) => Effect.Effect<void, E>,
  ) =>
    Effect.gen(function* () {
      const [range] = yield* query<{ first: number; last: number; rows: number }>(
        `SELECT toUInt16(toDate(min(${time}))) AS first, toUInt16(toDate(max(${time}))) AS last, count() AS rows FROM ${table}`,
        {},
        LOADING,
      );
      if (range === undefined || range.rows === 0) return;
      for (let day = range.first; day <= range.last; day += LOADED_DAYS) yield* load(day, day + LOADED_DAYS);
    });

  const loadSeals = inStretches("sealed_days", "date", (fromDay, toDay) =>
    Effect.map(
      query<SealRow>(
        `SELECT project_id, site_id, toUInt16(date) AS day, build, watermark, next_hours FROM sealed_days FINAL
         WHERE date >= {from:Date} AND date < {to:Date}`,
        { from: dateText(fromDay), to: dateText(toDay) },
        LOADING,
      ),
      (rows) => {
        for (const { project_id, site_id, day, build, watermark, next_hours } of rows) {
          siteOf(project_id, site_id).put(day, { build, watermark, nextHours: next_hours });
        }
      },
    ),
  );

  return {
    /** Reads all there is; the highest batch that has reached an hour, 0 without any. */
    load: Effect.gen(function* () {
      let highest = 0;
      // Seals first: what has reached a day then breaks those that it has to.
      yield* loadSeals;
      yield* inStretches("hourly_event_stats", "hour", (fromDay, toDay) =>
        Effect.map(
          touch(
            "hour >= toDateTime({from:UInt32} * 86400, 'UTC') AND hour < toDateTime({to:UInt32} * 86400, 'UTC')",
            { from: fromDay, to: toDay },
            LOADING,
          ),
          (reached) => {
            highest = Math.max(highest, reached);
          },
        ),
      );
      return highest;
    }),
    /** Tells days of this batch and all after it; which one was the highest, 0 without any. */
    touchSince: (batch: number) => touch("watermark >= {since:UInt64}", { since: batch }),
    /** The highest batch that has reached an hour from which a day's seal would be made, 0 without any. */
    reached: ({ project, siteId, day }: SiteDay, { nextHours }: Seal) =>
      Effect.map(
        query<{ reached: number }>(
          `SELECT max(watermark) AS reached FROM hourly_event_stats
           WHERE project_id = {project:String} AND site_id = {site:String}
             AND hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({to:UInt32}, 'UTC')`,
          {
            project,
            site: siteId,
            from: day * 86_400 - 3600,
            to: (day + 1) * 86_400 + nextHours * 3600,
          },
        ),
        ([row]) => row?.reached ?? 0,
      ),
    /** The highest build of all, also of those that were begun and never sealed. */
    lastBuild: Effect.map(
      query<{ last: number }>(
        `SELECT greatest(
           (SELECT max(build) FROM sessions), (SELECT max(build) FROM daily_field_stats), (SELECT max(build) FROM sealed_days)
         ) AS last`,
        {},
        LOADING,
      ),
      ([row]) => row?.last ?? 0,
    ),
  };
};
