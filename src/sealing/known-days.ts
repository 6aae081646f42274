import type { AskedDay, Seal, SealedDay, SiteDay } from "./sealed-days.ts";
import { SiteDays } from "./site-days.ts";

const entry = <K, V>(map: Map<K, V>, key: K, make: () => V): V => {
  const known = map.get(key);
  if (known !== undefined) return known;
  const made = make();
  map.set(key, made);
  return made;
};

/** What can be asked and said of days without looking anything up. */
export interface KnownDays {
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
  /**
   * Events of hours (since 1970) of a site have changed without a batch: seals that were made from them do not hold any
   * more. The days of these, which are to be sealed again.
   */
  readonly reopen: (project: string, siteId: string, hours: ReadonlyArray<number>) => ReadonlyArray<SiteDay>;
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

/** The days of all sites in memory, none at first. `siteOf` gives those of one site, so that they can be told what is stored. */
export const makeKnownDays = () => {
  const projects = new Map<string, Map<string, SiteDays>>();
  let finalBefore = 0;
  const finalBeforeOf = new Map<string, number>();
  const finalOf = (project: string) => Math.max(finalBefore, finalBeforeOf.get(project) ?? 0);

  const siteOf = (project: string, siteId: string): SiteDays => {
    const sites = entry(projects, project, () => new Map<string, SiteDays>());
    return entry(sites, siteId, () => new SiteDays());
  };

  const all = function* (): Generator<readonly [string, string, SiteDays]> {
    for (const [project, sites] of projects) {
      for (const [siteId, days] of sites) yield [project, siteId, days];
    }
  };
  const newestFirst = <A extends SiteDay>(days: Array<A>): ReadonlyArray<A> =>
    days.sort((a, b) => b.day - a.day);

  const known: KnownDays = {
    days: (project, sites, fromDay, toDay) => {
      const ofProject = projects.get(project);
      const found: Array<AskedDay> = [];
      const final = finalOf(project);
      for (const siteId of sites ?? ofProject?.keys() ?? []) {
        const days = ofProject?.get(siteId);
        if (days === undefined) continue;
        for (let day = Math.max(fromDay, days.first); day < Math.min(toDay, days.end); day++) {
          if (days.isKnown(day)) found.push({ siteId, day, build: days.buildOf(day, final) });
        }
      }
      return found;
    },
    lastDay: (project, sites) => {
      const ofProject = projects.get(project);
      let last = -1;
      for (const siteId of sites ?? ofProject?.keys() ?? []) {
        last = Math.max(last, (ofProject?.get(siteId)?.end ?? 0) - 1);
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
    forget: (project) => {
      projects.delete(project);
    },
    makeFinal: ({ project, siteId, day }) => siteOf(project, siteId).makeFinal(day),
    makeFinalBefore: (day, project) => {
      if (project === undefined) finalBefore = day;
      else finalBeforeOf.set(project, day);
    },
  };
  return { known, siteOf };
};
