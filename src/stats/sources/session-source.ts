import { Effect } from "effect";
import { DAY_MS } from "../../sealing/sealed-days.ts";
import { INACTIVITY_MS, type SessionColumn, sessionsOf } from "../../sealing/session-rows.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { dateText, timeText } from "../../store/time-text.ts";
import type { CountedQuestion, CountsSql } from "../counted-question.ts";
import { botConditions } from "../statement.ts";
import { type Coverage, type Interval, inIntervals, joined, siteDaySet } from "./coverage.ts";

/** How far behind a stretch of days its last sessions are looked for at first; four times as far each time they go on. */
const FIRST_LOOKAHEAD_MS = DAY_MS;

/** Sessions as a SELECT that gives the asked columns; the statement around it names them `s`. */
export interface SessionSource {
  readonly select: (columns: ReadonlyArray<SessionColumn>) => string;
  readonly params: CountsSql["params"];
}

/**
 * Sessions that begin in the range: those of sealed days as they were written, those of all other days put together from
 * their events.
 */
export const sessionSource = (
  { project, range, bots }: CountedQuestion,
  { days, open: stretches, lastDay }: Coverage,
): Effect.Effect<SessionSource, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const inRange = `started_at >= '${timeText(range.fromMs)}' AND started_at < '${timeText(range.toMs)}'`;
    const sealed = days.filter(({ build }) => build !== undefined);
    const open = days.filter(({ build }) => build === undefined);
    const ofProject = ["t.project_id = {project:String}", ...botConditions[bots]].join(" AND ");
    const params: Record<string, string | ReadonlyArray<string | number>> = { project };

    // A session that begins in a stretch of open days may go on behind it, in events that have to be read too.
    const withLookahead = (
      stretch: Interval,
      lookaheadMs: number,
    ): Effect.Effect<Interval, ClickHouseError> =>
      Effect.gen(function* () {
        const read = { fromMs: stretch.fromMs - INACTIVITY_MS, toMs: stretch.toMs + lookaheadMs };
        if (read.toMs > lastDay * DAY_MS) return { ...read, toMs: (lastDay + 2) * DAY_MS };
        const where = `${ofProject} AND ${inIntervals([read])}`;
        const begun = `started_at >= '${timeText(stretch.fromMs)}' AND started_at < '${timeText(stretch.toMs)}'`;
        const [last] = yield* clickhouse.query<{ ended: number }>(
          `SELECT toUnixTimestamp64Milli(max(ended_at)) AS ended FROM (${sessionsOf(where, [], begun)})`,
          { project },
        );
        return (last?.ended ?? 0) + INACTIVITY_MS <= read.toMs
          ? read
          : yield* withLookahead(stretch, lookaheadMs * 4);
      });
    const reads = yield* Effect.forEach(stretches, (stretch) => withLookahead(stretch, FIRST_LOOKAHEAD_MS));

    // Sealed days of other sites may lie in the same stretch.
    let ofOpenDays = inRange;
    if (open.length > 0) {
      const set = siteDaySet(open, "open");
      Object.assign(params, set.params);
      ofOpenDays += ` AND (toString(site_id), toUInt16(toDate(started_at))) IN ${set.sql}`;
    }
    if (sealed.length > 0) params.session_builds = sealed.map(({ build }) => build ?? 0);
    const [first, last] = [
      Math.min(...sealed.map(({ day }) => day)),
      Math.max(...sealed.map(({ day }) => day)),
    ];
    const date = (day: number) => `'${dateText(day)}'`;
    const identity = ["site_id", "visitor_id", "session_id", "started_at", "ended_at"];
    return {
      params,
      select: (columns) => {
        const names = [...identity, ...columns].join(", ");
        const parts: Array<string> = [];
        if (sealed.length > 0) {
          parts.push(
            `SELECT ${names} FROM sessions WHERE project_id = {project:String}
               AND date >= ${date(first)} AND date <= ${date(last)}
               AND build IN {session_builds:Array(UInt64)} AND ${inRange}`,
          );
        }
        if (reads.length > 0 || parts.length === 0) {
          const where = `${ofProject} AND ${inIntervals(joined(reads))}`;
          parts.push(`SELECT ${names} FROM (${sessionsOf(where, columns, ofOpenDays)})`);
        }
        return parts.join(" UNION ALL ");
      },
    };
  });
