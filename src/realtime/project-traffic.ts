import { PageViews } from "./page-views.ts";
import { Visitors } from "./visitors.ts";

/** One site's page views, and when they last changed. */
export class SiteTraffic {
  readonly views = new PageViews();
  /** Number of the last change, among all changes of the process. */
  change = 0;

  constructor(readonly name: string) {}
}

/** What happens in one project now. */
export class ProjectTraffic {
  readonly views = new PageViews();
  readonly visitors = new Visitors();
  readonly sites = new Map<string, SiteTraffic>();
  change = 0;
  /** When a site was last seen that has no counts of its own, in seconds since 1970. */
  uncountedAt = 0;
  #lastSite: SiteTraffic | undefined;

  constructor(readonly name: string) {}

  /** The site if it has counts of its own. */
  known(site: string): SiteTraffic | undefined {
    if (this.#lastSite?.name === site) return this.#lastSite;
    const known = this.sites.get(site);
    if (known !== undefined) this.#lastSite = known;
    return known;
  }

  begin(name: string): SiteTraffic {
    const site = new SiteTraffic(name);
    this.sites.set(name, site);
    return site;
  }

  /** Forgets sites without an event in the window; how many. */
  dropSites(now: number): number {
    let dropped = 0;
    for (const [name, site] of this.sites) {
      if (!site.views.isOver(now)) continue;
      this.sites.delete(name);
      dropped++;
    }
    if (dropped > 0) this.#lastSite = undefined;
    return dropped;
  }
}
