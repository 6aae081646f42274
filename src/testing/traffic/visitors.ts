import type { Place } from "../../ingest/steps/geo.ts";
import type { Random } from "./random.ts";
import { pickAgent, pickCrawler } from "./world/agents.ts";
import { markets } from "./world/markets.ts";
import type { Site, World } from "./world/sites.ts";

/** Somebody with a browser on one site; on another site the same person is another visitor. */
export interface Visitor {
  /** As the script keeps it in the browser's storage. */
  readonly id: string;
  readonly site: Site;
  readonly userAgent: string;
  readonly screen: string;
  readonly place: Place;
  readonly language: string;
  readonly timezone: string;
  readonly isCrawler: boolean;
  /** Epoch ms of the last event; 0 before the first. */
  lastSeen: number;
}

/** Who comes at a time. */
export interface Visitors {
  readonly person: (market: number, at: number) => Visitor;
  readonly crawler: () => Visitor;
}

const RETURN_RATE = 0.36;
/** Of those who come back, how many turn into regulars, who are met more often. */
const REGULAR_RATE = 0.3;
/** A visit ends after so long without an event; who is still here cannot come again. */
const SESSION_GAP_MS = 30 * 60_000;
/** People who may come back, of all countries: what memory is spent on, however long the traffic is. */
const REMEMBERED = 131_072;

const oneOf = <A>(values: ReadonlyArray<A>, random: Random): A => values[random.below(values.length)] as A;

/** New and returning visitors. Beyond what is remembered, a random one is forgotten for each new one. */
export const makeVisitors = (seed: number, world: World, random: Random): Visitors => {
  let count = 0;
  const nextId = () => `${seed.toString(36)}-${(++count).toString(36)}`;
  const known = world.audiences.map(({ share }) => ({
    room: Math.max(16, Math.round(REMEMBERED * share)),
    visitors: [] as Array<Visitor>,
  }));

  const remember = (market: number, visitor: Visitor) => {
    const pool = known[market];
    if (pool === undefined) return;
    if (pool.visitors.length < pool.room) pool.visitors.push(visitor);
    else pool.visitors[random.below(pool.room)] = visitor;
  };

  const newcomer = (index: number): Visitor => {
    const market = markets[index] as (typeof markets)[number];
    const agent = pickAgent(market, random);
    const visitor: Visitor = {
      id: nextId(),
      site: world.audiences[index]?.sites.pick(random) ?? world.sites.pick(random),
      userAgent: agent.userAgent,
      screen: oneOf(agent.screens, random),
      place: oneOf(market.places, random),
      language: oneOf(market.languages, random),
      timezone: oneOf(market.timezones, random),
      isCrawler: false,
      lastSeen: 0,
    };
    remember(index, visitor);
    return visitor;
  };

  return {
    person: (market, at) => {
      const pool = known[market]?.visitors ?? [];
      if (pool.length === 0 || !random.chance(RETURN_RATE)) return newcomer(market);
      const visitor = oneOf(pool, random);
      if (at < visitor.lastSeen + SESSION_GAP_MS) return newcomer(market);
      if (random.chance(REGULAR_RATE)) remember(market, visitor);
      return visitor;
    },
    // It keeps nothing between its visits, so each time it is somebody new.
    crawler: () => {
      const agent = pickCrawler(random);
      return {
        id: nextId(),
        site: world.sites.pick(random),
        userAgent: agent.userAgent,
        screen: oneOf(agent.screens, random),
        place: { country: "US", region: "" },
        language: "en-US",
        timezone: "UTC",
        isCrawler: true,
        lastSeen: 0,
      };
    },
  };
};
