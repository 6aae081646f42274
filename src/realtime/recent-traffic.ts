import { documentOf, type RealtimeDocument } from "./document.ts";
import { ProjectTraffic, type SiteTraffic } from "./project-traffic.ts";
import { type Sighting, WINDOW_MINUTES } from "./sightings.ts";
import type { StoredStay, StoredViews } from "./stored-traffic.ts";
import { Tally } from "./tally.ts";
import { EVERYBODY } from "./visitors.ts";

/** What a reader asks about: a project, or some sites of it. */
export interface Scope {
  readonly project: string;
  readonly sites: ReadonlySet<string> | undefined;
}

/** Bounds of the memory. A unit of weight is a visitor on a site, or a page of one, and some 150 bytes. */
export interface TrafficLimits {
  readonly projectWeight: number;
  readonly weight: number;
  /** Sites with counts of their own; each has 1.5 KB. */
  readonly projectSites: number;
  readonly sites: number;
  readonly projects: number;
}

export const trafficLimits: TrafficLimits = {
  projectWeight: 40_000,
  weight: 250_000,
  projectSites: 2000,
  sites: 20_000,
  projects: 10_000,
};

/** How full memory may be after it was made room in, so that this is not done again at once. */
const AFTER_SHRINKING = 0.75;

/** With less than this in use everybody can be followed again, step by step. */
const ROOM_FOR_MORE = 0.25;

/** Units of weight that are looked through in one go: about two milliseconds. */
const TIDY_WEIGHT = 25_000;

/** A clock that goes back by more was wrong before, and what was counted by it is forgotten. */
const CLOCK_BACK_SECONDS = 60;

/**
 * What happened in the last 30 minutes, of all projects, in bounded memory. What is recorded is added; what is read from
 * elsewhere and may be the same in part only raises counts to what it says.
 *
 * `now` is epoch ms.
 */
export class RecentTraffic {
  readonly #now: () => number;
  readonly #limits: TrafficLimits;
  readonly #projects = new Map<string, ProjectTraffic>();
  #last: ProjectTraffic | undefined;
  #changes = 0;
  #weight = 0;
  #sites = 0;
  #latest = 0;
  #incompleteUntil = 0;
  #round: Iterator<ProjectTraffic> = this.#projects.values();

  constructor(now: () => number = Date.now, limits: TrafficLimits = trafficLimits) {
    this.#now = now;
    this.#limits = limits;
  }

  /** What is held: bounded by the limits, whatever is recorded. */
  get held(): { readonly projects: number; readonly sites: number; readonly weight: number } {
    return { projects: this.#projects.size, sites: this.#sites, weight: this.#weight };
  }

  /** Adds what was seen in one request. */
  record(project: string, country: string, sightings: ReadonlyArray<Sighting>): void {
    const traffic = this.#projectOf(project);
    if (traffic === undefined || sightings.length === 0) return;
    this.#changes++;
    traffic.change = this.#changes;
    const { visitors } = traffic;
    const before = visitors.weight;
    for (const sighting of sightings) {
      const site = this.#siteOf(traffic, sighting.site, sighting.seenAt);
      if (site !== undefined) site.change = this.#changes;
      if (sighting.views > 0) {
        traffic.views.add(sighting.viewedAt, sighting.views);
        site?.views.add(sighting.viewedAt, sighting.views);
      }
      visitors.see(sighting, country);
    }
    if (visitors.weight !== before) this.#grow(traffic, visitors.weight - before);
  }

  #projectOf(name: string): ProjectTraffic | undefined {
    if (this.#last?.name === name) return this.#last;
    let traffic = this.#projects.get(name);
    if (traffic === undefined) {
      if (this.#projects.size >= this.#limits.projects) return undefined;
      traffic = new ProjectTraffic(name);
      this.#projects.set(name, traffic);
    }
    this.#last = traffic;
    return traffic;
  }

  #siteOf(traffic: ProjectTraffic, name: string, seenAt: number): SiteTraffic | undefined {
    const known = traffic.known(name);
    if (known !== undefined) return known;
    if (traffic.sites.size >= this.#limits.projectSites || this.#sites >= this.#limits.sites) {
      traffic.uncountedAt = Math.max(traffic.uncountedAt, seenAt);
      return undefined;
    }
    this.#sites++;
    return traffic.begin(name);
  }

  #grow(traffic: ProjectTraffic, more: number): void {
    this.#weight += more;
    if (traffic.visitors.weight > this.#limits.projectWeight) {
      this.#shrink(traffic, this.#limits.projectWeight * AFTER_SHRINKING);
    }
    if (this.#weight <= this.#limits.weight) return;
    // The largest projects are those that can be estimated best.
    while (this.#weight > this.#limits.weight * AFTER_SHRINKING) {
      let largest = traffic;
      for (const one of this.#projects.values()) {
        if (one.visitors.weight > largest.visitors.weight) largest = one;
      }
      this.#shrink(largest, largest.visitors.weight * AFTER_SHRINKING);
    }
  }

  #shrink({ visitors }: ProjectTraffic, weight: number): void {
    const before = visitors.weight;
    const now = this.#second();
    visitors.sweep(now);
    while (visitors.weight > weight) visitors.followFewer(now);
    this.#weight += visitors.weight - before;
  }

  #second(): number {
    return Math.floor(this.#now() / 1000);
  }

  /** Changes whenever something was counted that the scope holds. */
  change({ project, sites }: Scope): number {
    const traffic = this.#projects.get(project);
    if (traffic === undefined || sites === undefined) return traffic?.change ?? 0;
    let change = 0;
    for (const name of sites) change = Math.max(change, traffic.sites.get(name)?.change ?? 0);
    return change;
  }

  document({ project, sites }: Scope): RealtimeDocument {
    const now = this.#second();
    const isComplete = now >= this.#incompleteUntil;
    const traffic = this.#projects.get(project);
    if (traffic === undefined) {
      const isKnown = this.#projects.size < this.#limits.projects;
      return documentOf(new Tally(1, isKnown), [], now, isComplete);
    }
    const tally = traffic.visitors.tally(now, sites);
    if (sites === undefined) return documentOf(tally, [traffic.views], now, isComplete);
    const counted = [...sites].flatMap((name) => traffic.sites.get(name) ?? []);
    const isCounted = counted.length === sites.size || now - traffic.uncountedAt >= WINDOW_MINUTES * 60;
    return documentOf(
      tally,
      counted.map(({ views }) => views),
      now,
      isComplete && isCounted,
    );
  }

  /** Says that events of the last 30 minutes may be missing. */
  lacksThePast(): void {
    this.#incompleteUntil = this.#second() + WINDOW_MINUTES * 60;
  }

  /** Says that nothing is missing any more. */
  knowsThePast(): void {
    this.#incompleteUntil = 0;
  }

  /** Which visitors of a project are followed: those with the last nine digits of their number below this. */
  followed(project: string): number {
    return this.#projects.get(project)?.visitors.followed ?? EVERYBODY;
  }

  /** Only these are known to be complete: others are not followed any more. */
  followBelow(project: string, limit: number): void {
    const visitors = this.#projectOf(project)?.visitors;
    if (visitors === undefined) return;
    const before = visitors.weight;
    visitors.followBelow(limit, this.#second());
    this.#weight += visitors.weight - before;
  }

  /** Page views that there were at least; each slot is a minute or a second. */
  raiseViews(rows: ReadonlyArray<StoredViews>, slot: "minute" | "second"): void {
    const raise = slot === "minute" ? "raiseMinute" : "raiseSecond";
    const sums = new Map<string, Map<number, number>>();
    for (const { project, site, slots, counts } of rows) {
      const traffic = this.#projectOf(project);
      if (traffic === undefined) continue;
      const sum = sums.get(project) ?? new Map<number, number>();
      sums.set(project, sum);
      const views = this.#siteOf(traffic, site, slots.at(-1) ?? 0)?.views;
      for (const [index, second] of slots.entries()) {
        const count = counts[index] ?? 0;
        views?.[raise](second, count);
        sum.set(second, (sum.get(second) ?? 0) + count);
      }
    }
    for (const [project, sum] of sums) {
      for (const [second, count] of sum) this.#projectOf(project)?.views[raise](second, count);
    }
  }

  /** Visitors who were there. */
  raiseStays(rows: ReadonlyArray<StoredStay>): void {
    for (const row of rows) {
      const traffic = this.#projectOf(row.project);
      if (traffic === undefined) continue;
      const { visitors } = traffic;
      const before = visitors.weight;
      visitors.see(row, row.country);
      for (const [page, seenAt] of row.pages) visitors.seePage(row, page, seenAt);
      this.#grow(traffic, visitors.weight - before);
    }
  }

  /** Forgets what is over, of some projects at a time; to be called every few seconds. */
  tidy(): void {
    const now = this.#second();
    if (now < this.#latest - CLOCK_BACK_SECONDS) this.#forgetAll();
    this.#latest = now;
    let looked = 0;
    for (let left = this.#projects.size; left > 0 && looked < TIDY_WEIGHT; left--) {
      let next = this.#round.next();
      if (next.done === true) {
        this.#round = this.#projects.values();
        next = this.#round.next();
        if (next.done === true) return;
      }
      const traffic = next.value;
      looked += 1 + traffic.visitors.weight + traffic.sites.size;
      this.#tidyProject(traffic, now);
    }
  }

  #tidyProject(traffic: ProjectTraffic, now: number): void {
    const { visitors, sites, views } = traffic;
    const before = visitors.weight;
    visitors.sweep(now);
    this.#weight += visitors.weight - before;
    this.#sites -= traffic.dropSites(now);
    const { projectWeight, weight } = this.#limits;
    if (visitors.weight < projectWeight * ROOM_FOR_MORE && this.#weight < weight * ROOM_FOR_MORE) {
      visitors.followMore(now);
    }
    if (sites.size > 0 || visitors.size > 0 || !views.isOver(now)) return;
    this.#projects.delete(traffic.name);
    if (this.#last === traffic) this.#last = undefined;
  }

  #forgetAll(): void {
    this.#projects.clear();
    this.#round = this.#projects.values();
    this.#last = undefined;
    this.#weight = 0;
    this.#sites = 0;
    this.lacksThePast();
  }
}
