import { Clock, Effect } from "effect";
import { rawFromMs, rollupsFromMs } from "../projects/retention.ts";
import { projectsTable } from "../projects/stored.ts";
import { ClickHouse, type QueryParams } from "../store/clickhouse.ts";
import type { RetentionSettings } from "../store/retention.ts";
import { DAY_MS, type Rollup } from "./rollup.ts";

/**
 * Projects that keep something for less long than the instance, or did once, each with the first UTC day, from 1970, of
 * which it has all that was counted. Of the others that depends on the tables alone.
 */
export type FirstDays = ReadonlyMap<string, number>;

type ProjectRow = Parameters<typeof projectsTable.entityOf>[0];

/** What is kept without end: here it is only asked what projects want. */
const forEver: RetentionSettings = {
  rawRetentionDays: Number.POSITIVE_INFINITY,
  rollupRetentionYears: Number.POSITIVE_INFINITY,
};

/** Read from the table, so that it is known to a command too. `graceMs`: what is kept no longer by then is left out. */
export const readFirstDays = (graceMs: number) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const thenMs = (yield* Clock.currentTimeMillis) + graceMs;
    const days = new Map<string, number>();
    for (const row of yield* clickhouse.query<ProjectRow>(projectsTable.select)) {
      const { id, retention } = projectsTable.entityOf(row);
      const fromMs = Math.max(
        rawFromMs(retention, forEver, thenMs),
        rollupsFromMs(retention, forEver, thenMs),
      );
      if (fromMs > 0) days.set(id, Math.ceil(fromMs / DAY_MS));
    }
    return days as FirstDays;
  });

/** Whether rows of a rollup tell of which project they are. */
const tellsProject = ({ keys }: Pick<Rollup, "keys">): boolean => keys.includes("project_id");

/** From which day on all projects have everything. */
const lastOf = (firstDays: FirstDays): number => Math.max(0, ...firstDays.values());

/** From when on a rollup can be compared: where its rows are of all projects together, all of them have to be complete. */
export const comparableFromMs = (rollup: Rollup, firstDays: FirstDays): number =>
  tellsProject(rollup) ? 0 : lastOf(firstDays) * DAY_MS;

/** A condition that is true of the rows of which their project has everything; it takes {@link firstDayParams}. */
export const isKept = (time: string, firstDays: FirstDays): string =>
  firstDays.size === 0
    ? "1"
    : `toUInt16(toDate(${time})) >=
    transform(toString(project_id), {own_projects:Array(String)}, {own_days:Array(UInt16)}, toUInt16(0))`;

/** The same for rows of a rollup. */
export const isKeptIn = (rollup: Pick<Rollup, "keys" | "time">, firstDays: FirstDays): string =>
  tellsProject(rollup)
    ? isKept(rollup.time.name, firstDays)
    : `toUInt16(toDate(${rollup.time.name})) >= ${lastOf(firstDays)}`;

export const firstDayParams = (firstDays: FirstDays): QueryParams =>
  firstDays.size === 0 ? {} : { own_projects: [...firstDays.keys()], own_days: [...firstDays.values()] };
