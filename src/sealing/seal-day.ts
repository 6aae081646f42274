import { Clock, Effect, Random } from "effect";
import { ClickHouse, type QueryParams } from "../store/clickhouse.ts";
import { eventCountColumns, eventFieldRows, sessionCountColumns, sessionFieldRows } from "./field-rows.ts";
import { DAY_MS, HOUR_MS, type Seal, type SiteDay } from "./sealed-days.ts";
import {
  countedColumns,
  firstEventColumns,
  INACTIVITY_MS,
  pageColumns,
  type SessionColumn,
  sessionsOf,
} from "./session-rows.ts";

/** Every column of `sessions` that is asked for by name. */
const columns: ReadonlyArray<SessionColumn> = [...countedColumns, ...pageColumns, ...firstEventColumns];

/** Most sessions end soon after midnight; a day whose sessions go on through all of the next one stays open. */
const LOOKAHEAD_HOURS = [3, 12, 24] as const;

/** Sealing goes beside the service's own work. */
const GENTLY = "max_threads = 1";

const instant = (ms: number): string => new Date(ms).toISOString().slice(0, 23).replace("T", " ");

/** Numbers of builds grow with time and are not the same on two nodes; they stay below 2^53. */
const nextBuild = Effect.gen(function* () {
  const now = yield* Clock.currentTimeMillis;
  return now * 4096 + (yield* Random.nextIntBetween(0, 4096));
});

/**
 * Writes the sessions that begin on a day, and what the events of the day come to per value of each field, and then the
 * seal that makes them count. Undefined, and nothing counts, when a session goes on for more than a day after it.
 *
 * `completedBatch`: every batch up to it is in `events`. Parts of later ones may be; then the seal does not hold.
 */
export const sealDay = (siteDay: SiteDay, completedBatch: number) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const { project, siteId, day } = siteDay;
    const fromMs = day * DAY_MS;
    const toMs = fromMs + DAY_MS;
    const date = instant(fromMs).slice(0, 10);
    const build = yield* nextBuild;
    const ofSite = "t.project_id = {project:String} AND t.site_id = {site:String} AND NOT t.is_bot";
    const between = (from: number, to: number) =>
      `t.occurred_at >= '${instant(from)}' AND t.occurred_at < '${instant(to)}'`;
    const params: QueryParams = { project, site: siteId };

    for (const hours of LOOKAHEAD_HOURS) {
      const readToMs = toMs + hours * HOUR_MS;
      const where = `${ofSite} AND ${between(fromMs - INACTIVITY_MS, readToMs)}`;
      const having = `started_at >= '${instant(fromMs)}' AND started_at < '${instant(toMs)}'`;
      const number = build + hours;
      yield* clickhouse.command(
        `INSERT INTO sessions (date, build, project_id, site_id, visitor_id, session_id, started_at, ended_at, ${columns.join(", ")})
         SELECT '${date}', ${number}, project_id, site_id, visitor_id, session_id, started_at, ended_at, ${columns.join(", ")}
         FROM (${sessionsOf(where, columns, having)}) SETTINGS ${GENTLY}`,
        params,
      );
      const [last] = yield* clickhouse.query<{ ended: number }>(
        `SELECT toUnixTimestamp64Milli(max(ended_at)) AS ended FROM sessions
         WHERE project_id = {project:String} AND site_id = {site:String} AND date = '${date}' AND build = ${number}`,
        params,
      );
      const closedMs = (last?.ended ?? fromMs) + INACTIVITY_MS;
      if (closedMs > readToMs) continue;

      const ofBuild = `project_id = {project:String} AND site_id = {site:String} AND date = '${date}' AND build = ${number}`;
      const insertFields = (names: ReadonlyArray<string>, rows: string) =>
        clickhouse.command(
          `INSERT INTO daily_field_stats (project_id, site_id, date, build, field, value, ${names.join(", ")})
           SELECT {project:String}, {site:String}, '${date}', ${number}, field, value, ${names.join(", ")}
           FROM (${rows}) SETTINGS ${GENTLY}`,
          params,
        );
      yield* insertFields(eventCountColumns, eventFieldRows(`${ofSite} AND ${between(fromMs, toMs)}`));
      yield* insertFields(sessionCountColumns, sessionFieldRows(ofBuild));
      const nextHours = Math.max(0, Math.ceil((closedMs - toMs) / HOUR_MS));
      const seal: Seal = { build: number, watermark: completedBatch, nextHours };
      yield* clickhouse.command(
        `INSERT INTO sealed_days (project_id, site_id, date, build, watermark, next_hours)
         SELECT {project:String}, {site:String}, '${date}', ${number}, ${completedBatch}, ${nextHours}`,
        params,
      );
      return seal;
    }
    return undefined;
  });
