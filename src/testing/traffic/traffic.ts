import { makeRandom } from "./random.ts";
import { makeRhythm } from "./rhythm.ts";
import { makeVisit, type TrafficRequest } from "./visit.ts";
import { makeVisitors } from "./visitors.ts";
import { pickArrival } from "./world/arrivals.ts";
import { makeWorld } from "./world/sites.ts";

export interface TrafficOptions {
  /** A whole number from 0 to 2^53 - 1. */
  readonly seed: number;
  /** How many events there are, exactly. */
  readonly events: number;
  /** How long the traffic is; fractions are allowed. */
  readonly days: number;
  /** When it ends, epoch ms; no event is later. */
  readonly until: number;
  /** How many sites there are, at least 1. */
  readonly sites: number;
}

const DAY_MS = 86_400_000;

/** Of all visits. Most crawlers run no scripts and are never seen by a tracking script. */
const CRAWLER_RATE = 0.03;

/**
 * Believable traffic of sites that show phones in widgets: visits of new and returning people and some crawlers, in the
 * order in which the visits begin. Equal options give equal requests, and iterating again begins anew.
 *
 * It is lazy: memory does not grow with the number of events. Every event is one the service takes, as long as its
 * retention reaches back to `receivedAt`.
 */
export const makeTraffic = (options: TrafficOptions): Iterable<TrafficRequest> => ({
  *[Symbol.iterator]() {
    const { seed, events, days, until, sites } = options;
    const random = makeRandom(seed, "visits");
    const world = makeWorld(seed, sites);
    const rhythm = makeRhythm(seed, world, until - days * DAY_MS, until);
    const visitors = makeVisitors(seed, world, random);
    let made = 0;
    while (made < events) {
      const start = rhythm.timeOf(made / events);
      const market = rhythm.marketAt(start, random);
      const visitor = random.chance(CRAWLER_RATE) ? visitors.crawler() : visitors.person(market, start);
      const arrival = visitor.isCrawler
        ? { referrer: "", query: "" }
        : pickArrival(visitor.lastSeen > 0, Math.floor(start / DAY_MS), random);
      for (const request of makeVisit(visitor, start, until, arrival, random)) {
        const room = events - made;
        if (room <= 0) return;
        if (request.events.length > room) request.events.length = room;
        made += request.events.length;
        yield request;
      }
    }
  },
});
