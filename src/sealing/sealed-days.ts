import { Clock, Context, Effect, Layer, Random } from "effect";
import { ClickHouse, type QueryBudget } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { dateText } from "../store/time-text.ts";
import { makeCoalesced } from "./coalesced.ts";
import { SiteDays } from "./site-days.ts";

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

/** A day whose rows count. */
export interface SealedDay extends SiteDay {
  readonly seal: Seal;
}

/** A day as a question finds it: with the build that stands for it, or without one, when its events have to be asked. */
export interface AskedDay {
  readonly siteId: string;
  readonly day: number;
  readonly build: number | undefined;
}

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

/** Builds of one millisecond. */
const BUILDS = 1024;

const entry = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
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
  /** Days from `fromDay` up to `toDay` (exclusive) without a seal that counts, the newest first. */
  readonly open: (fromDay: number, toDay: number) => ReadonlyArray<SiteDay>;
  /** Days from `fromDay` up to `toDay` (exclusive) with a seal that holds, the newest first. */
  readonly sealed: (fromDay: number, toDay: number) => ReadonlyArray<SealedDay>;
  /** How many days before `toDay` have a seal that counts, and how many could be sealed and are not. */
  readonly counts: (toDay: number) => { readonly open: number; readonly sealed: number };
  /** The seal of a day that holds. */
  readonly sealOf: (day: SiteDay) => Seal | undefined;
  /** A number for a new build, above that of every other one. */
  readonly nextBuild: Effect.Effect<number>;
  /** Builds up to this number are known by now. */
  readonly lastBuild: () => number;
  /** Takes note of a seal that was written; it counts if no later batch has reached the day since it was begun. */
  readonly keep: (day: SiteDay, seal: Seal) => Effect.Effect<void, ClickHouseError>;
  /**
   * Events of hours (since 1970) of a site have changed without a batch: seals that were made from them do not hold any
   * more. The days of these, which are to be sealed again.
   */
  readonly reopen: (project: string, siteId: string, hours: ReadonlyArray<number>) => ReadonlyArray<SiteDay>;
  /** Runs something while no day is being sealed and none is compared with its events. */
  readonly undisturbed: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
  /** Nothing of a project is there any more. */
  readonly forget: (project: string) => void;
  /**
   * The single events of a day, or of all before one, are gone in part: it cannot be sealed again, so that its last seal
   * stands whatever reaches it.
   */
  readonly makeFinal: (day: SiteDay) => void;
  /** `project`: of this one alone, in place of what was said of it before. */
  readonly makeFinalBefore: (day: number, project?: string) => void;
}

/** Which days are sealed, kept in memory: a question must not spend its time on finding out. */
export class SealedDays extends Context.Tag("footfall/SealedDays")<SealedDays, SealedDaysShape>() {}

const make = Effect.gen(function* () {
  const clickhouse = yield* ClickHouse;
  const projects = new Map<string, Map<string, SiteDays>>();
  /** The highest batch that was seen in an hour. */
  let seen = 0;
  let lastBuild = 0;
  let finalBefore = 0;
  const finalBeforeOf = new Map<string, number>();
  const finalOf = (project: string) => Math.max(finalBefore, finalBeforeOf.get(project) ?? 0);

  const siteOf = (project: string, siteId: string): SiteDays => {
    const sites = entry(projects, project, () => new Map<string, SiteDays>());
    return entry(sites, siteId, () => new SiteDays());
  };

  const touch = (where: string, params: Record<string, number>, budget?: QueryBudget) =>
    Effect.gen(function* () {
      const rows = yield* clickhouse.query<TouchedHours>(
        `SELECT project_id, site_id, toUInt16(toDate(hour)) AS day, groupArray((toHour(hour), reached)) AS hours
         FROM (
           SELECT project_id, site_id, hour, max(watermark) AS reached
           FROM hourly_event_stats WHERE ${where} GROUP BY project_id, site_id, hour
         ) GROUP BY project_id, site_id, day`,
        params,
        budget,
      );
      for (const { project_id, site_id, day, hours } of rows) {
        const site = siteOf(project_id, site_id);
        for (const [hour, watermark] of hours) {
          site.touch(day, hour, watermark);
          seen = Math.max(seen, watermark);
        }
      }
    });

  /** Calls it for stretches that cover all days of a table, one after the other. */
  const inStretches = <E>(
    table: string,
    time: string,
    load: (fromDay: number, toDay: number) => Effect.Effect<void, E>,
  ) =>
    Effect.gen(function* () {
      const [range] = yield* clickhouse.query<{ first: number; last: number; rows: number }>(
        `SELECT toUInt16(toDate(min(${time}))) AS first, toUInt16(toDate(max(${time}))) AS last, count() AS rows FROM ${table}`,
        {},
        LOADING,
      );
      if (range === undefined || range.rows === 0) return;
      for (let day = range.first; day <= range.last; day += LOADED_DAYS) yield* load(day, day + LOADED_DAYS);
    });

  // Seals first: what has reached a day then breaks those that it has to.
  yield* inStretches("sealed_days", "date", (fromDay, toDay) =>
    Effect.gen(function* () {
      const rows = yield* clickhouse.query<SealRow>(
        `SELECT project_id, site_id, toUInt16(date) AS day, build, watermark, next_hours FROM sealed_days FINAL
         WHERE date >= {from:Date} AND date < {to:Date}`,
        { from: dateText(fromDay), to: dateText(toDay) },
        LOADING,
      );
      for (const { project_id, site_id, day, build, watermark, next_hours } of rows) {
        siteOf(project_id, site_id).put(day, { build, watermark, nextHours: next_hours });
      }
    }),
  );
  yield* inStretches("hourly_event_stats", "hour", (fromDay, toDay) =>
    touch(
      "hour >= toDateTime({from:UInt32} * 86400, 'UTC') AND hour < toDateTime({to:UInt32} * 86400, 'UTC')",
      { from: fromDay, to: toDay },
      LOADING,
    ),
  );
  // Also above what was begun and never sealed.
  const [builds] = yield* clickhouse.query<{ last: number }>(
    `SELECT greatest(
       (SELECT max(build) FROM sessions), (SELECT max(build) FROM daily_field_stats), (SELECT max(build) FROM sealed_days)
     ) AS last`,
    {},
    LOADING,
  );
  lastBuild = builds?.last ?? 0;

  const all = function* (): Generator<readonly [string, string, SiteDays]> {
    for (const [project, sites] of projects) {
      for (const [siteId, days] of sites) yield [project, siteId, days];
    }
  };
  const newestFirst = <A extends SiteDay>(days: Array<A>): ReadonlyArray<A> =>
    days.sort((a, b) => b.day - a.day);

  const turn = (yield* Effect.makeSemaphore(1)).withPermits(1);
  const undisturbed = (yield* Effect.makeSemaphore(1)).withPermits(1);
  return {
    // The last batch seen is asked for again: it may have reached one month's partition and not yet another's.
    refresh: makeCoalesced(
      Effect.suspend(() => touch("watermark >= {since:UInt64}", { since: seen })),
      turn,
    ),
    days: (project, sites, fromDay, toDay) => {
      const known = projects.get(project);
      const found: Array<AskedDay> = [];
      const final = finalOf(project);
      for (const siteId of sites ?? known?.keys() ?? []) {
        const days = known?.get(siteId);
        if (days === undefined) continue;
        for (let day = Math.max(fromDay, days.first); day < Math.min(toDay, days.end); day++) {
          if (days.isKnown(day)) found.push({ siteId, day, build: days.buildOf(day, final) });
        }
      }
      return found;
    },
    lastDay: (project, sites) => {
      const known = projects.get(project);
      let last = -1;
      for (const siteId of sites ?? known?.keys() ?? []) {
        last = Math.max(last, (known?.get(siteId)?.end ?? 0) - 1);
      }
      return last;
    },
    open: (fromDay, toDay) => {
      const found: Array<SiteDay> = [];
      for (const [project, siteId, days] of all()) {
        const final = finalOf(project);
        for (let day = Math.max(fromDay, days.first); day < Math.min(toDay, days.end); day++) {
          if (days.isKnown(day) && days.buildOf(day, final) === undefined)
            found.push({ project, siteId, day });
        }
      }
      return newestFirst(found);
    },
    sealed: (fromDay, toDay) => {
      const found: Array<SealedDay> = [];
      for (const [project, siteId, days] of all()) {
        for (let day = Math.max(fromDay, days.first); day < Math.min(toDay, days.end); day++) {
          const seal = days.sealOf(day);
          if (seal !== undefined) found.push({ project, siteId, day, seal });
        }
      }
      return newestFirst(found);
    },
    counts: (toDay) => {
      const found = { open: 0, sealed: 0 };
      for (const [project, , days] of all()) {
        const final = finalOf(project);
        for (let day = days.first; day < Math.min(toDay, days.end); day++) {
          if (days.buildOf(day, final) !== undefined) found.sealed += 1;
          else if (days.isKnown(day) && day >= final) found.open += 1;
        }
      }
      return found;
    },
    sealOf: ({ project, siteId, day }) => projects.get(project)?.get(siteId)?.sealOf(day),
    // They grow with time, also where the clock goes back, and stay below 2^53.
    nextBuild: Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis;
      lastBuild = Math.max(lastBuild + 1, now * BUILDS + (yield* Random.nextIntBetween(0, BUILDS)));
      return lastBuild;
    }),
    lastBuild: () => lastBuild,
    keep: ({ project, siteId, day }, seal) =>
      turn(
        Effect.gen(function* () {
          const [row] = yield* clickhouse.query<{ reached: number }>(
            `SELECT max(watermark) AS reached FROM hourly_event_stats
             WHERE project_id = {project:String} AND site_id = {site:String}
               AND hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({to:UInt32}, 'UTC')`,
            {
              project,
              site: siteId,
              from: day * 86_400 - 3600,
              to: (day + 1) * 86_400 + seal.nextHours * 3600,
            },
          );
          lastBuild = Math.max(lastBuild, seal.build);
          siteOf(project, siteId).put(day, seal, row?.reached ?? 0);
        }),
      ),
    reopen: (project, siteId, hours) => {
      const site = projects.get(project)?.get(siteId);
      if (site === undefined) return [];
      const reached = new Set(hours.map((hour) => Math.floor(hour / 24)));
      const days = [...new Set([...reached].flatMap((day) => [day - 1, day, day + 1]))];
      const held = days.filter((day) => site.sealOf(day) !== undefined);
      for (const hour of hours) {
        site.touch(Math.floor(hour / 24), hour % 24, Number.POSITIVE_INFINITY);
      }
      return held.flatMap((day) => (site.sealOf(day) === undefined ? [{ project, siteId, day }] : []));
    },
    undisturbed,
    forget: (project) => {
      projects.delete(project);
    },
    makeFinal: ({ project, siteId, day }) => siteOf(project, siteId).makeFinal(day),
    makeFinalBefore: (day, project) => {
      if (project === undefined) finalBefore = day;
      else finalBeforeOf.set(project, day);
    },
  } satisfies SealedDaysShape;
});

export const layerSealedDays = Layer.effect(SealedDays, make);
