import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import type { RealtimeDocument } from "./document.ts";
import { MINUTE, SECOND, traffic } from "./testing/moved-clock.ts";

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
});
