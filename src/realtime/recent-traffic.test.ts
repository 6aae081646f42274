import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ingestBatch } from "../ingest/pipeline.ts";
import { testContext } from "../testing/service/ingest-context.ts";
import type { RealtimeDocument } from "./document.ts";
import { RecentTraffic, type Scope, type TrafficLimits, trafficLimits } from "./recent-traffic.ts";
import { Sighting } from "./sightings.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const begin = Date.parse("2026-11-21T12:00:30.000Z");
const GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

interface SentEvent {
  readonly id: number;
  readonly type: "page_view" | "click" | "widget_seen";
  readonly site: number;
  readonly visitor: number;
  readonly page: number;
  /** Before it is received, in milliseconds; below 0 it is from the future. */
  readonly age: number;
  readonly isBot: boolean;
}

interface SentRequest {
  /** Since the request before. */
  readonly pauseMs: number;
  readonly country: string;
  readonly events: ReadonlyArray<SentEvent>;
}

/** A memory whose clock is moved by hand, behind the pipeline and its search for duplicates. */
const traffic = (limits: Partial<TrafficLimits> = {}) => {
  let now = begin;
  const recent = new RecentTraffic(() => now, { ...trafficLimits, ...limits });
  const ids = new Set<string>();
  return {
    recent,
    now: () => now,
    pass: (ms: number) => {
      now += ms;
    },
    take: (events: ReadonlyArray<object>, country = "") => {
      const { sightings, rejections } = ingestBatch(
        { events, sentAt: undefined, hasEscapes: true, mayHoldEmail: true, apiKey: undefined },
        testContext({
          receivedAt: now,
          place: { country, region: "" },
          isNew: (id) => !ids.has(id) && ids.add(id) !== undefined,
        }),
      );
      expect(rejections).toEqual([]);
      recent.record("default", country, sightings);
    },
    read: (scope: Partial<Scope> = {}) => recent.document({ project: "default", sites: undefined, ...scope }),
  };
};

const inputOf = (event: SentEvent, receivedAt: number) => ({
  event_id: `event ${event.id}`,
  event_type: event.type,
  site_id: `site${event.site}`,
  visitor_id: `visitor ${event.visitor}`,
  page_path: `/page-${event.page}`,
  // One source for each visitor: which one counts is another test's.
  referrer: event.visitor % 3 === 0 ? "" : `https://from${event.visitor % 3}.example/`,
  occurred_at: receivedAt - event.age,
  ...(event.isBot ? { user_agent: GOOGLEBOT } : {}),
});

interface TakenEvent extends SentEvent {
  readonly at: number;
  readonly country: string;
}

const top = (visitors: ReadonlyMap<string, ReadonlySet<number>>) =>
  [...visitors]
    .map(([key, who]) => [key, who.size] as const)
    .sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))
    .slice(0, 10);

const grouped = (events: ReadonlyArray<TakenEvent>, keyOf: (event: TakenEvent) => string) => {
  const groups = new Map<string, Set<number>>();
  for (const event of events) {
    const key = keyOf(event);
    groups.set(key, (groups.get(key) ?? new Set()).add(event.visitor));
  }
  return groups;
};

/** The same, counted anew from all events. The country is that of the visitor's last event on the site. */
const recount = (taken: ReadonlyArray<TakenEvent>, now: number) => {
  const second = Math.floor(now / SECOND);
  const secondOf = ({ at }: TakenEvent) => Math.floor(at / SECOND);
  const lately = taken.filter((event) => secondOf(event) > second - 300);
  const minute = Math.floor(now / MINUTE);
  return {
    activeUsers: new Set(lately.map(({ visitor }) => visitor)).size,
    pageviewsLast5Min: lately.filter(({ type }) => type === "page_view").length,
    pages: top(grouped(lately, ({ page }) => `/page-${page}`)),
    sources: top(
      grouped(lately, ({ visitor }) =>
        visitor % 3 === 0 ? "direct " : `referral from${visitor % 3}.example`,
      ),
    ),
    perMinute: Array.from(
      { length: 30 },
      (_, n) =>
        taken.filter(({ at, type }) => type === "page_view" && Math.floor(at / MINUTE) === minute - 29 + n)
          .length,
    ),
    exact: true,
  };
};

const told = (document: RealtimeDocument) => ({
  activeUsers: document.activeUsers,
  pageviewsLast5Min: document.pageviewsLast5Min,
  pages: document.pages.map(({ page, visitors }) => [page, visitors] as const),
  sources: document.sources.map(
    ({ source, channel, visitors }) => [`${channel} ${source}`, visitors] as const,
  ),
  perMinute: document.perMinute,
  exact: document.exact,
});

const ages = fc.oneof(
  { weight: 6, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.integer({ min: 0, max: 6 * MINUTE }) },
  { weight: 2, arbitrary: fc.integer({ min: 0, max: 40 * MINUTE }) },
  // Where it is decided what counts.
  { weight: 2, arbitrary: fc.constantFrom(5, 30).map((minutes) => minutes * MINUTE) },
  { weight: 1, arbitrary: fc.integer({ min: -4 * MINUTE, max: 0 }) },
);

const requests: fc.Arbitrary<ReadonlyArray<SentRequest>> = fc.array(
  fc.record({
    pauseMs: fc.oneof(fc.integer({ min: 0, max: 2 * SECOND }), fc.integer({ min: 0, max: 8 * MINUTE })),
    country: fc.constantFrom("DE", "FR", ""),
    events: fc.array(
      fc.record({
        // Few enough that some come again.
        id: fc.integer({ min: 0, max: 300 }),
        type: fc.constantFrom("page_view" as const, "click" as const, "widget_seen" as const),
        site: fc.integer({ min: 0, max: 3 }),
        visitor: fc.integer({ min: 0, max: 12 }),
        page: fc.integer({ min: 0, max: 14 }),
        age: ages,
        isBot: fc.integer({ min: 0, max: 9 }).map((n) => n === 0),
      }),
      { minLength: 1, maxLength: 8 },
    ),
  }),
  { maxLength: 40 },
);

describe("the numbers of the moment", () => {
  test("are those of a recount, whatever comes: late, twice, from bots, on several sites, over minutes", () => {
    fc.assert(
      fc.property(requests, fc.integer({ min: 0, max: 7 * MINUTE }), (sent, wait) => {
        const { recent, take, read, pass, now } = traffic();
        const taken: Array<TakenEvent> = [];
        const known = new Set<number>();
        for (const { pauseMs, country, events } of sent) {
          pass(pauseMs);
          if (pauseMs > MINUTE) recent.tidy();
          take(
            events.map((event) => inputOf(event, now())),
            country,
          );
          for (const event of events) {
            if (known.has(event.id)) continue;
            known.add(event.id);
            const at = Math.min(now(), now() - event.age);
            if (!event.isBot) taken.push({ ...event, country, at });
          }
        }
        pass(wait);
        expect(told(read())).toEqual(recount(taken, now()) as never);
        for (const sites of [[1], [0, 2]]) {
          const expected = recount(
            taken.filter(({ site }) => sites.includes(site)),
            now(),
          );
          expect(told(read({ sites: new Set(sites.map((n) => `site${n}`)) }))).toEqual(expected as never);
        }
      }),
      { numRuns: 150 },
    );
  });

  test("a minute is over when the clock says so, and leaves the picture 30 minutes after", () => {
    const { take, read, pass } = traffic();
    take([{ event_type: "page_view" }]);
    expect(read().perMinute.at(-1)).toBe(1);
    pass(29_999);
    expect(read().perMinute.at(-1)).toBe(1);
    pass(1);
    expect(read().perMinute.slice(-2)).toEqual([1, 0]);
    pass(28 * MINUTE);
    expect(read().perMinute[0]).toBe(1);
    pass(MINUTE);
    expect(read().perMinute).toEqual(Array.from({ length: 30 }, () => 0));
  });

  test("a visitor is there for five minutes after the last event, of whatever type", () => {
    const { take, read, pass } = traffic();
    take([{ event_type: "scroll", visitor_id: "v", page_path: "/a" }]);
    pass(5 * MINUTE - 1);
    expect(read()).toMatchObject({
      activeUsers: 1,
      pageviewsLast5Min: 0,
      pages: [{ page: "/a", visitors: 1 }],
    });
    pass(1);
    expect(read()).toMatchObject({ activeUsers: 0, pages: [] });
  });

  test("a visitor's source and country are those of the stay, which ends with a pause of five minutes", () => {
    const { take, read, pass } = traffic();
    const event = (referrer?: string) => ({
      event_type: "page_view",
      visitor_id: "v",
      page_url: "https://a.example/",
      ...(referrer === undefined ? {} : { referrer }),
    });
    const google = { source: "google.com", channel: "organic_search", visitors: 1 };
    take([event("https://www.google.com/")], "FR");
    for (let minutes = 0; minutes < 12; minutes += 4) {
      pass(4 * MINUTE);
      take([event("https://a.example/before")], "DE");
      expect(read().sources).toEqual([google]);
    }
    expect(read().countries).toEqual([{ country: "DE", visitors: 1 }]);
    pass(5 * MINUTE);
    take([event()], "DE");
    expect(read().sources).toEqual([{ source: "", channel: "direct", visitors: 1 }]);
    // Its true first event comes late.
    take([{ ...event("https://www.bing.com/"), occurred_at: begin + 17 * MINUTE - 2 * SECOND }], "FR");
    expect(read().sources).toMatchObject([{ source: "bing.com" }]);
    expect(read().countries).toEqual([{ country: "DE", visitors: 1 }]);
  });

  test("a visitor on several sites counts once in the project", () => {
    const { take, read } = traffic();
    take(
      ["a.example", "b.example"].map((site_id) => ({ event_type: "page_view", visitor_id: "v", site_id })),
    );
    expect(read()).toMatchObject({ activeUsers: 1, pageviewsLast5Min: 2 });
    expect(read({ sites: new Set(["a.example"]) })).toMatchObject({ activeUsers: 1, pageviewsLast5Min: 1 });
    expect(read({ project: "other" })).toMatchObject({ activeUsers: 0, exact: true });
  });

  test("a clock that goes back does not leave numbers of the future behind", () => {
    const { recent, take, read, pass } = traffic();
    recent.tidy();
    pass(3 * 60 * MINUTE);
    take([{ event_type: "page_view" }]);
    recent.tidy();
    pass(-3 * 60 * MINUTE);
    recent.tidy();
    take([{ event_type: "page_view" }]);
    expect(read()).toMatchObject({ activeUsers: 1, pageviewsLast5Min: 1, exact: false });
    pass(30 * MINUTE);
    expect(read().exact).toBe(true);
  });
});

describe("memory is bounded", () => {
  const limits = { projectWeight: 4000, weight: 10_000, projectSites: 50, sites: 200, projects: 20 };

  // As good as random, as visitors' numbers are.
  const visitorOf = (n: number) => String(Bun.hash.xxHash64(String(n)));
  const sighted = (
    n: number,
    at: number,
    overrides: { readonly site?: string; readonly page?: string } = {},
  ) => {
    const { site = "a.example", page = "/" } = overrides;
    const sighting = new Sighting(site, visitorOf(n), page, "", "direct", Math.floor(at / SECOND));
    sighting.views = 1;
    sighting.viewedAt = sighting.seenAt;
    return sighting;
  };

  test("under a flood of visitors, who are then estimated; page views are not", () => {
    const { recent, read, now } = traffic(limits);
    for (let n = 0; n < 100_000; n++) {
      recent.record("default", "DE", [sighted(n, now(), { page: n % 4 === 0 ? "/quarter" : "/rest" })]);
      if (n % 1000 === 0) expect(recent.held.weight).toBeLessThanOrEqual(limits.projectWeight + 2);
    }
    const { activeUsers, pageviewsLast5Min, pages, countries, exact } = read();
    expect({ pageviewsLast5Min, exact }).toEqual({ pageviewsLast5Min: 100_000, exact: false });
    // Some 1,500 are followed: three standard errors are 8 %.
    expect(Math.abs(activeUsers / 100_000 - 1)).toBeLessThan(0.1);
    expect(countries).toEqual([{ country: "DE", visitors: activeUsers }]);
    expect(Math.abs((pages[1]?.visitors ?? 0) / 25_000 - 1)).toBeLessThan(0.2);
  });

  test("under a flood of pages, long ones too, of many visitors and of one", () => {
    const { recent, read, now } = traffic(limits);
    const long = "x".repeat(2000);
    for (let n = 0; n < 20_000; n++) {
      recent.record("default", "", [sighted(n % 500, now(), { page: `/${n}` })]);
      recent.record("default", "", [sighted(n, now(), { page: `/${n}${long}` })]);
    }
    expect(recent.held.weight).toBeLessThanOrEqual(limits.projectWeight + 20);
    for (let n = 0; n < 20_000; n++) recent.record("other", "", [sighted(0, now(), { page: `/${n}` })]);
    expect(read({ project: "other" })).toMatchObject({ activeUsers: 1, exact: false });
    expect(recent.held.weight).toBeLessThanOrEqual(limits.projectWeight + 100);
  });

  test("under a flood of sites, of which the first have their own numbers", () => {
    const { recent, read, now } = traffic(limits);
    for (let n = 0; n < 5000; n++) recent.record("default", "", [sighted(1, now(), { site: `site${n}` })]);
    expect(recent.held.sites).toBe(limits.projectSites);
    expect(recent.held.weight).toBeLessThanOrEqual(200);
    expect(read()).toMatchObject({ activeUsers: 1, pageviewsLast5Min: 5000 });
    expect(read({ sites: new Set(["site7"]) }).pageviewsLast5Min).toBe(1);
    expect(read({ sites: new Set(["site4999"]) })).toMatchObject({ pageviewsLast5Min: 0, exact: false });
  });

  test("under a flood of projects: the largest give way, the small ones stay exact", () => {
    const { recent, read, now } = traffic(limits);
    recent.record("small", "", [sighted(1, now())]);
    for (let n = 0; n < 60_000; n++) recent.record(`p${n % 15}`, "", [sighted(n, now())]);
    expect(recent.held.weight).toBeLessThanOrEqual(limits.weight + 2);
    expect(read({ project: "small" })).toMatchObject({ activeUsers: 1, exact: true });
    expect(read({ project: "p3" }).exact).toBe(false);
    expect(Math.abs(read({ project: "p3" }).activeUsers / 4000 - 1)).toBeLessThan(0.3);
    for (let n = 0; n < 1000; n++) recent.record(`more${n}`, "", [sighted(n, now())]);
    expect(recent.held.projects).toBe(limits.projects);
    expect(read({ project: "more999" })).toMatchObject({ activeUsers: 0, exact: false });
  });

  test("and free when all is over; everybody counts again then", () => {
    const { recent, read, now, pass } = traffic(limits);
    for (let n = 0; n < 50_000; n++) recent.record("default", "", [sighted(n, now())]);
    for (let minute = 0; minute < 30; minute++) {
      pass(MINUTE);
      recent.record("default", "", [sighted(1, now())]);
      recent.tidy();
    }
    for (let step = 0; step < 12; step++) {
      pass(5 * MINUTE);
      recent.record("default", "", [sighted(1, now())]);
      recent.tidy();
    }
    expect(read()).toMatchObject({ activeUsers: 1, exact: true });
    pass(31 * MINUTE);
    recent.tidy();
    recent.tidy();
    expect(recent.held).toEqual({ projects: 0, sites: 0, weight: 0 });
  });
});
