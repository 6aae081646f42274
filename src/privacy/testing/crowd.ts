import fc from "fast-check";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

export interface SentEvent {
  readonly event_type: string;
  readonly event_id: string;
  readonly occurred_at: string;
  readonly site_id: string;
  readonly visitor_id: string;
  readonly session_id?: string;
  readonly user_id?: string;
  readonly page_url: string;
  readonly page_title: string;
  readonly referrer: string;
  readonly properties: object;
}

/** The one among the crowd who asks to be forgotten. */
export const person = {
  visitor_id: "person-visitor-7f3c",
  session_id: "person-session-19ab",
  user_id: "person-user-e51d",
} as const;

const SITES = ["one.example", "two.example"];
const TYPES = ["page_view", "page_view", "page_view", "widget_impression", "widget_click", "signup"];
const PAGES = ["/", "/pricing", "/post/1", "/post/2"];
const REFERRERS = ["https://www.google.com/", "https://news.example/", ""];
const VISITORS = 12;

const widget = (n: number) => ({
  mapping_id: (n % 3) + 1,
  post_id: (n % 2) + 1,
  device_slug: `phone-${n % 3}`,
});
const propertiesOf = (type: string, n: number): object => {
  if (type === "widget_impression")
    return { ...widget(n), widget_index: 0, raw_model: "", viewport_percent: 50 };
  if (type === "widget_click") return { ...widget(n), click_target: "", destination_url: "" };
  return { plan: ["free", "pro"][n % 2] };
};

const numbers = fc.record({
  ago: fc.integer({ min: 0, max: 2 }),
  minute: fc.integer({ min: 0, max: 24 * 60 - 1 }),
  site: fc.nat(SITES.length - 1),
  type: fc.nat(TYPES.length - 1),
  page: fc.nat(PAGES.length - 1),
  referrer: fc.nat(REFERRERS.length - 1),
  visitor: fc.nat(VISITORS - 1),
  hasSession: fc.boolean(),
  isLoggedIn: fc.boolean(),
});

/**
 * Events of a dozen visitors of two sites over three days, the last of them `nowMs`'s; visitor 0 is the person. Many happen
 * in the same hours and days, around midnight too.
 */
export const crowd = (seed: number, count: number, nowMs: number): ReadonlyArray<SentEvent> =>
  fc
    .sample(numbers, { seed, numRuns: count })
    .map(({ ago, minute, site, type, page, referrer, visitor, hasSession, isLoggedIn }, n) => {
      const startMs = Math.floor(nowMs / DAY_MS) * DAY_MS - ago * DAY_MS;
      const atMs = Math.min(nowMs - MINUTE_MS, startMs + minute * MINUTE_MS + (n % 60_000));
      const siteId = SITES[site] ?? "";
      const isPerson = visitor === 0;
      const name = TYPES[type] ?? "";
      return {
        event_type: name,
        event_id: `event-${seed}-${n}`,
        occurred_at: new Date(atMs).toISOString(),
        site_id: siteId,
        visitor_id: isPerson ? person.visitor_id : `visitor ${visitor}`,
        ...(hasSession ? { session_id: isPerson ? person.session_id : `session ${visitor} ${ago}` } : {}),
        ...(isLoggedIn ? { user_id: isPerson ? person.user_id : `user ${visitor % 4}` } : {}),
        page_url: `https://${siteId}${PAGES[page]}`,
        page_title: isPerson ? "person-title-c0de" : "A page",
        referrer: REFERRERS[referrer] ?? "",
        properties: { ...propertiesOf(name, n), ...(isPerson ? { note: "person-note-beef" } : {}) },
      };
    });
