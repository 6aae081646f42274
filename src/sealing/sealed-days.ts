import { Context, Effect, Layer } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** What makes a day's rows in `sessions` and `daily_field_stats` count. */
export interface Seal {
  readonly build: number;
  /** Every batch up to this one was in the events that it was made from. */
  readonly watermark: number;
  /** Hours of the next day in which an event would belong to a session of this one, 0 to 24. */
  readonly nextHours: number;
}

/** A UTC day of a site that has events; `day` counts from 1970. */
export interface SiteDay {
  readonly project: string;
  readonly siteId: string;
  readonly day: number;
}

/** A day as a question finds it: with the build that stands for it, or without one, when its events have to be asked. */
export interface AskedDay {
  readonly siteId: string;
  readonly day: number;
  readonly build: number | undefined;
}

interface Day {
  /** The highest batch that reached each hour of it; 0 where none did. */
  readonly hours: Float64Array;
  seal: Seal | undefined;
}

type SiteDays = Map<number, Day>;

interface TouchedHours {
  readonly project_id: string;
  readonly site_id: string;
  readonly day: number;
  readonly hours: ReadonlyArray<readonly [hour: number, watermark: number]>;
}

const highest = (hours: Float64Array | undefined, from: number, to: number): number => {
  let found = 0;
  if (hours !== undefined) for (let hour = from; hour < to; hour++) found = Math.max(found, hours[hour] ?? 0);
  return found;
};

const entry = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
};

const LAST_HOUR = 23;

// A session of the day may have begun in the last half hour of the day before, and end on the day after.
const holds = (days: SiteDays, day: number): Seal | undefined => {
  const seal = days.get(day)?.seal;
  if (seal === undefined) return undefined;
  const reached = Math.max(
    highest(days.get(day)?.hours, 0, 24),
    highest(days.get(day - 1)?.hours, LAST_HOUR, 24),
    highest(days.get(day + 1)?.hours, 0, seal.nextHours),
  );
  return reached <= seal.watermark ? seal : undefined;
};

export interface SealedDaysShape {
  /** Learns which days were reached since, so that no seal counts that an event has broken. Every question begins with it. */
  readonly refresh: Effect.Effect<void, ClickHouseError>;
  /** The days from `fromDay` up to `toDay` (exclusive) on which the sites have events; all sites when undefined. */
  readonly days: (
    project: string,
    sites: ReadonlyArray<string> | undefined,
    fromDay: number,
    toDay: number,
  ) => ReadonlyArray<AskedDay>;
  /** The last day on which the sites have events; all sites when undefined. -1 when there are none. */
  readonly lastDay: (project: string, sites: ReadonlyArray<string> | undefined) => number;
  /** Days before `toDay` without a seal that holds, the newest first. */
  readonly open: (fromDay: number, toDay: number) => ReadonlyArray<SiteDay>;
  /** Takes note of a seal that was written. */
  readonly put: (day: SiteDay, seal: Seal) => void;
}

/** Which days are sealed, kept in memory: a question must not spend its time on finding out. */
export class SealedDays extends Context.Tag("footfall/SealedDays")<SealedDays, SealedDaysShape>() {}

const make = Effect.gen(function* () {
  const clickhouse = yield* ClickHouse;
  const projects = new Map<string, Map<string, SiteDays>>();
  let seen = 0;

  const dayOf = ({ project, siteId, day }: SiteDay): Day => {
    const sites = entry(projects, project, () => new Map<string, SiteDays>());
    const days = entry(sites, siteId, () => new Map<number, Day>());
    return entry(days, day, () => ({ hours: new Float64Array(24), seal: undefined }));
  };

  const touch = (since: number) =>
    Effect.gen(function* () {
      // The last batch seen is asked for again: it may have reached one month's partition and not yet another's.
      const rows = yield* clickhouse.query<TouchedHours>(
        `SELECT project_id, site_id, toUInt16(toDate(hour)) AS day, groupArray((toHour(hour), reached)) AS hours
         FROM (
           SELECT project_id, site_id, hour, max(watermark) AS reached
           FROM hourly_event_stats WHERE watermark >= {since:UInt64} GROUP BY project_id, site_id, hour
         ) GROUP BY project_id, site_id, day`,
        { since },
      );
      for (const { project_id, site_id, day, hours } of rows) {
        const known = dayOf({ project: project_id, siteId: site_id, day }).hours;
        for (const [hour, watermark] of hours) {
          known[hour] = Math.max(known[hour] ?? 0, watermark);
          seen = Math.max(seen, watermark);
        }
      }
    });

  const sealed = yield* clickhouse.query<{
    project_id: string;
    site_id: string;
    day: number;
    build: number;
    watermark: number;
    next_hours: number;
  }>(
    `SELECT project_id, site_id, toUInt16(date) AS day, build, watermark, next_hours FROM sealed_days FINAL`,
  );
  for (const { project_id, site_id, day, build, watermark, next_hours } of sealed) {
    dayOf({ project: project_id, siteId: site_id, day }).seal = { build, watermark, nextHours: next_hours };
  }
  yield* touch(0);

  const turn = yield* Effect.makeSemaphore(1);
  return {
    refresh: turn.withPermits(1)(Effect.suspend(() => touch(seen))),
    days: (project, sites, fromDay, toDay) => {
      const known = projects.get(project);
      const found: Array<AskedDay> = [];
      for (const siteId of sites ?? known?.keys() ?? []) {
        const days = known?.get(siteId);
        if (days === undefined) continue;
        for (let day = fromDay; day < toDay; day++) {
          if (days.has(day)) found.push({ siteId, day, build: holds(days, day)?.build });
        }
      }
      return found;
    },
    lastDay: (project, sites) => {
      const known = projects.get(project);
      let last = -1;
      for (const siteId of sites ?? known?.keys() ?? []) {
        for (const day of known?.get(siteId)?.keys() ?? []) last = Math.max(last, day);
      }
      return last;
    },
    open: (fromDay, toDay) => {
      const found: Array<SiteDay> = [];
      for (const [project, sites] of projects) {
        for (const [siteId, days] of sites) {
          for (const day of days.keys()) {
            if (day < fromDay || day >= toDay || holds(days, day) !== undefined) continue;
            found.push({ project, siteId, day });
          }
        }
      }
      return found.sort((a, b) => b.day - a.day);
    },
    put: (day, seal) => {
      dayOf(day).seal = seal;
    },
  } satisfies SealedDaysShape;
});

export const layerSealedDays = Layer.effect(SealedDays, make);
