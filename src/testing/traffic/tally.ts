import type { TrafficRequest } from "./visit.ts";

/** What traffic consists of; crawlers are counted apart and are neither visitors nor sessions. */
export interface Tally {
  readonly events: number;
  readonly crawled: number;
  readonly visitors: number;
  readonly sessions: number;
  readonly sites: ReadonlySet<string>;
  /** Posts that were looked at. */
  readonly posts: ReadonlySet<number>;
}

/** Counts requests as they are added. */
export const makeTally = () => {
  const [sites, posts] = [new Set<string>(), new Set<number>()];
  const tally = { events: 0, crawled: 0, visitors: 0, sessions: 0, sites, posts };
  return {
    tally: tally as Tally,
    add: (requests: Iterable<TrafficRequest>): void => {
      for (const request of requests) {
        tally.events += request.events.length;
        sites.add(request.siteId);
        if (request.postId !== 0) posts.add(request.postId);
        if (request.isCrawler) {
          tally.crawled += request.events.length;
          continue;
        }
        if (request.startsVisitor) tally.visitors++;
        if (request.startsSession) tally.sessions++;
      }
    },
  };
};
