import { Effect } from "effect";
import { ClickHouse, type QueryBudget, type QueryParams, settingsClause } from "../store/clickhouse.ts";
import { dateText, timeText } from "../store/time-text.ts";
import { eventCountColumns, eventFieldRows, sessionCountColumns, sessionFieldRows } from "./field-rows.ts";
import { DAY_MS, HOUR_MS, type Seal, SealedDays, type SiteDay } from "./sealed-days.ts";
import {
  countedColumns,
  firstEventColumns,
  INACTIVITY_MS,
  pageColumns,
  type SessionColumn,
  sessionsOf,
} from "./session-rows.ts";

/** Every column of `sessions` that is asked for by name. */
export const sessionColumns: ReadonlyArray<SessionColumn> = [
  ...countedColumns,
  ...pageColumns,
  ...firstEventColumns,
];

/** Most sessions end soon after midnight; a day whose sessions go on through all of the next one stays open. */
const LOOKAHEAD_HOURS = [3, 12, 24] as const;

/**
 * Events that one statement takes, about: beyond that visitors are divided. The writer waits for a statement, which takes
 * a few seconds then, but not for all of a large day.
 */
export interface StatementSizes {
  readonly sessionEvents: number;
  readonly fieldEvents: number;
}

const usualSizes: StatementSizes = { sessionEvents: 100_000, fieldEvents: 1_000_000 };

const SPILL_BYTES = 300_000_000;

/** Sealing goes beside the service's own work. */
const BUDGET: QueryBudget = {
  maxSeconds: 300,
  maxMemoryBytes: 1_500_000_000,
  spillBytes: SPILL_BYTES,
  maxThreads: 1,
};

const insertSettings = settingsClause({
  max_threads: 1,
  max_insert_threads: 1,
  max_memory_usage: BUDGET.maxMemoryBytes,
  max_bytes_before_external_group_by: SPILL_BYTES,
  max_bytes_before_external_sort: SPILL_BYTES,
});

/** The date of a day as a literal in SQL. */
export const dateLiteral = (day: number): string => `'${dateText(day)}'`;

/** The events `t` that a day's field rows are made from, besides their project and site. */
export const eventsOfDay = (day: number): string =>
  `t.occurred_at >= '${timeText(day * DAY_MS)}' AND t.occurred_at < '${timeText((day + 1) * DAY_MS)}' AND NOT t.is_bot`;

/**
 * A SELECT of the sessions that begin on a day, of the projects and sites that `also` chooses among the events `t`. They
 * are whole if none goes on for more than so many hours of the next day.
 */
export const sessionsOfDay = (
  day: number,
  nextHours: number,
  also: string,
  columns: ReadonlyArray<SessionColumn> = sessionColumns,
): string => {
  const [fromMs, toMs] = [day * DAY_MS, (day + 1) * DAY_MS];
  const where = `t.occurred_at >= '${timeText(fromMs - INACTIVITY_MS)}'
    AND t.occurred_at < '${timeText(toMs + nextHours * HOUR_MS)}' AND NOT t.is_bot AND ${also}`;
  return sessionsOf(
    where,
    columns,
    `started_at >= '${timeText(fromMs)}' AND started_at < '${timeText(toMs)}'`,
  );
};

const OF_SITE = "t.project_id = {project:String} AND t.site_id = {site:String}";

const hoursUntil = (toMs: number, endedMs: number): number =>
  Math.max(0, Math.ceil((endedMs + INACTIVITY_MS - toMs) / HOUR_MS));

/**
 * Hours of the next day into which sessions of a day reach. Undefined when one goes on for longer than is looked for.
 *
 * Who was there in the last half hour may still be there: mostly it is enough to look from then on. Only somebody who
 * stays for long may have come before the day.
 */
const findNextHours = (day: number, params: QueryParams) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const toMs = (day + 1) * DAY_MS;
    const lastEnd = (sessions: string) =>
      Effect.map(
        clickhouse.query<{ ended: number }>(
          `SELECT toUnixTimestamp64Milli(max(ended_at)) AS ended FROM (${sessions})`,
          params,
          BUDGET,
        ),
        ([row]) => hoursUntil(toMs, row?.ended ?? 0),
      );
    const [first] = LOOKAHEAD_HOURS;
    const afterMidnight = sessionsOf(
      `t.occurred_at >= '${timeText(toMs - INACTIVITY_MS)}' AND t.occurred_at < '${timeText(toMs + first * HOUR_MS)}'
       AND NOT t.is_bot AND ${OF_SITE}`,
      [],
      `started_at < '${timeText(toMs)}'`,
    );
    const found = yield* lastEnd(afterMidnight);
    if (found <= first) return found;
    for (const hours of LOOKAHEAD_HOURS) {
      const exact = yield* lastEnd(sessionsOfDay(day, hours, OF_SITE, []));
      if (exact <= hours) return exact;
    }
    return undefined;
  });

/** Whether what a day is made from is there: every batch that has reached it, and every event that was ever counted. */
const lookAt = (day: number, nextHours: number, params: QueryParams) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const [from, to] = [day * DAY_MS - HOUR_MS, (day + 1) * DAY_MS + nextHours * HOUR_MS];
    const [found] = yield* clickhouse.query<{ reached: number; short: number; events: number }>(
      `SELECT max(reached) AS reached, countIf(counted > held) AS short, sum(held) AS events FROM (
         SELECT hour, sum(counted) AS counted, sum(held) AS held, max(reached) AS reached FROM (
           SELECT t.hour AS hour, t.events AS counted, 0 AS held, t.watermark AS reached FROM hourly_event_stats AS t
           WHERE ${OF_SITE} AND t.hour >= toDateTime({from:UInt32}, 'UTC') AND t.hour < toDateTime({to:UInt32}, 'UTC')
           UNION ALL
           SELECT toStartOfHour(toDateTime(t.occurred_at, 'UTC')) AS hour, 0 AS counted, count() AS held, 0 AS reached
           FROM events AS t
           WHERE ${OF_SITE} AND NOT t.is_bot AND t.occurred_at >= '${timeText(from)}' AND t.occurred_at < '${timeText(to)}'
           GROUP BY hour
         ) GROUP BY hour
       )`,
      { ...params, from: from / 1000, to: to / 1000 },
      BUDGET,
    );
    return { reached: found?.reached ?? 0, isShort: (found?.short ?? 0) > 0, events: found?.events ?? 0 };
  });

/** Conditions on `visitor_id` that divide so many events into parts of a size; one of them is true of each. */
const parts = (events: number, ofEvents: number): ReadonlyArray<string> => {
  const count = Math.max(1, Math.ceil(events / ofEvents));
  return Array.from({ length: count }, (_, part) => (count === 1 ? "1" : `visitor_id % ${count} = ${part}`));
};

/**
 * Why a day is not sealed:
 *
 * - `arriving`: a batch is on its way, with which the seal would not hold
 * - `endless`: a session goes on for more than a day after it
 * - `gone`: rollups have counted events of it that are not there any more, so that it would be too little
 */
export type NotSealed = "arriving" | "endless" | "gone";

/**
 * Writes the sessions that begin on a day, what they and the events of the day come to per value of each field, and then
 * the seal that makes all this count. Whatever it fails at, or is cut off at, before the seal counts for nothing.
 *
 * `completedBatch`: every batch up to it is in `events`. Parts of later ones may be; then the seal does not hold.
 */
export const sealDay = (siteDay: SiteDay, completedBatch: number, sizes = usualSizes) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const sealed = yield* SealedDays;
    const { project, siteId, day } = siteDay;
    const params: QueryParams = { project, site: siteId };

    const nextHours = yield* findNextHours(day, params);
    if (nextHours === undefined) return "endless" satisfies NotSealed;
    const { reached, isShort, events } = yield* lookAt(day, nextHours, params);
    if (reached > completedBatch) return "arriving" satisfies NotSealed;
    if (isShort) {
      sealed.makeFinal(siteDay);
      return "gone" satisfies NotSealed;
    }

    const build = yield* sealed.nextBuild;
    const date = dateLiteral(day);
    const ofBuild = `project_id = {project:String} AND site_id = {site:String} AND date = ${date} AND build = ${build}`;
    const names = ["visitor_id", "session_id", "started_at", "ended_at", ...sessionColumns].join(", ");
    for (const part of parts(events, sizes.sessionEvents)) {
      yield* clickhouse.command(
        `INSERT INTO sessions (project_id, site_id, date, build, ${names})
         SELECT project_id, site_id, ${date}, ${build}, ${names}
         FROM (${sessionsOfDay(day, nextHours, `${OF_SITE} AND ${part}`)}) ${insertSettings}`,
        params,
      );
    }
    const insertFields = (counts: ReadonlyArray<string>, rows: string) =>
      clickhouse.command(
        `INSERT INTO daily_field_stats (project_id, site_id, date, build, field, value, ${counts.join(", ")})
         SELECT {project:String}, {site:String}, ${date}, ${build}, field, value, ${counts.join(", ")}
         FROM (${rows}) ${insertSettings}`,
        params,
      );
    // Rows of one value add up, however many there are.
    for (const part of parts(events, sizes.fieldEvents)) {
      yield* insertFields(
        eventCountColumns,
        eventFieldRows(`${eventsOfDay(day)} AND ${OF_SITE} AND ${part}`),
      );
      yield* insertFields(sessionCountColumns, sessionFieldRows(`${ofBuild} AND ${part}`));
    }
    const seal: Seal = { build, watermark: completedBatch, nextHours };
    yield* clickhouse.command(
      `INSERT INTO sealed_days (project_id, site_id, date, build, watermark, next_hours)
       SELECT {project:String}, {site:String}, ${date}, ${build}, ${completedBatch}, ${nextHours}`,
      params,
    );
    yield* sealed.keep(siteDay, seal);
    return seal;
  });
