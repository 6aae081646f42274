import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchBrowser } from "../../testing/browser.ts";
import { flush, openSite, rendered, type TestSite, tag, until, visit } from "./test-site.ts";

setDefaultTimeout(30_000);
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

interface Visit {
  readonly page: Page;
  readonly site: TestSite;
  readonly context: BrowserContext;
}

/** A page that sends nothing by itself, whose timers stand still until the test moves them. */
const on = async (run: (visit: Visit) => Promise<void>, attributes = 'data-page-views="off"', path = "/") => {
  await using site = await openSite({ "*": tag(attributes) });
  await using context = await browser.newContext();
  await context.clock.install();
  await run({ page: await visit(context, site, path), site, context });
};

const trackMany = (page: Page, count: number, properties = {}) =>
  page.evaluate(
    ([count, properties]) => {
      for (let n = 0; n < count; n++) window.footfall.trackEvent("custom", { n, ...properties });
    },
    [count, properties] as const,
  );

const ids = (events: readonly { event_id: string }[]) => events.map((event) => event.event_id);

/** What every attempt carried, in the order of arrival. */
const attempts = (site: TestSite) => site.requests.map((request) => ids(request.events));

/** The page becomes hidden as when its tab is left; a headless window is always visible. */
const setHidden = (page: Page, hidden: boolean) =>
  page.evaluate((hidden) => {
    Object.defineProperty(document, "hidden", { value: hidden, configurable: true });
    Object.defineProperty(document, "visibilityState", {
      value: hidden ? "hidden" : "visible",
      configurable: true,
    });
    document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
  }, hidden);

describe("the queue", () => {
  test("is sent at 20 events, as plain text and without waiting", () =>
    on(async ({ page, site }) => {
      await trackMany(page, 19);
      await rendered(page);
      expect(site.requests).toHaveLength(0);
      await trackMany(page, 1);
      await until(() => site.events().length === 20);
      expect(site.requests).toHaveLength(1);
      expect(site.requests[0]?.contentType).toStartWith("text/plain");
    }));

  test("is sent every 5 seconds", () =>
    on(async ({ page, site }) => {
      await trackMany(page, 2);
      expect(site.requests).toHaveLength(0);
      await page.clock.fastForward(5000);
      await until(() => site.events().length === 2);
    }));

  test("carries the fields of the wire format", () =>
    on(
      async ({ page, site }) => {
        await page.evaluate(() => {
          location.hash = "secret";
        });
        await trackMany(page, 1);
        await flush(page);
        const [request] = site.requests;
        expect(request?.api_key).toBe("key-1");
        expect(Math.abs((request?.sent_at ?? 0) - Date.now())).toBeLessThan(60_000);
        expect(request?.events[0]).toEqual({
          event_id: expect.stringMatching(/^[0-7][0-9a-f]{25}$/),
          event_type: "custom",
          occurred_at: expect.any(Number),
          site_id: "test.example",
          source: "wordpress",
          page_url: `${site.origin}/?utm_source=x`,
          page_title: "/",
          referrer: "",
          screen: expect.stringMatching(/^\d+x\d+$/),
          language: expect.stringMatching(/^[a-z]{2}/),
          timezone: expect.any(String),
          properties: { n: 0 },
        });
        expect(await page.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0);
      },
      'data-page-views="off" data-api-key="key-1" data-source="wordpress"',
      "/?utm_source=x",
    ));
});

describe("leaving the page", () => {
  test("hands the queue to the browser when the page is left at once", () =>
    on(async ({ page, site }) => {
      await trackMany(page, 3);
      await page.goto(`${site.origin}/next`);
      await until(() => site.events().length === 3);
      expect(site.requests).toHaveLength(1);
    }));

  test("sends what was handed over only once when the tab comes back", () =>
    on(async ({ page, site }) => {
      await trackMany(page, 3);
      await setHidden(page, true);
      await until(() => site.events().length === 3);
      await setHidden(page, false);
      await page.clock.fastForward(60_000);
      await flush(page);
      expect(site.requests).toHaveLength(1);
    }));

  test("sends what a page tracks in its own last listeners", () =>
    on(async ({ page, site }) => {
      await page.evaluate(() => {
        addEventListener("visibilitychange", () => window.footfall.trackEvent("left"));
      });
      await page.goto(`${site.origin}/next`);
      await until(() => site.of("left").length === 1);
    }));

  test("splits a large queue into bodies under 64 KiB; what the browser refuses arrives with the same ids", () =>
    on(async ({ page, site }) => {
      // 19 events of 10 KiB, counted in bytes and not in characters.
      await trackMany(page, 19, { text: "é".repeat(5000) });
      await page.goto(`${site.origin}/next`);
      for (let turn = 0; turn < 5; turn++) await flush(page);
      await until(() => new Set(ids(site.events())).size === 19);
      expect(site.requests.length).toBeGreaterThan(2);
      for (const request of site.requests) expect(request.bytes).toBeLessThan(65_536);
    }));

  test("falls back to fetch when beacons are refused or missing", () =>
    on(async ({ page, site }) => {
      await page.evaluate(() => {
        navigator.sendBeacon = () => false;
      });
      await trackMany(page, 2);
      await setHidden(page, true);
      await until(() => site.events().length === 2);
      await setHidden(page, false);
      await page.evaluate(() => Object.assign(navigator, { sendBeacon: undefined }));
      await trackMany(page, 1);
      await setHidden(page, true);
      await until(() => site.events().length === 3);
    }));
});

describe("what could not be sent", () => {
  test("is sent again with the same ids, after the time the server asked for", () =>
    on(async ({ page, site }) => {
      site.respond = () => new Response("", { status: 503, headers: { "retry-after": "60" } });
      await trackMany(page, 2);
      await flush(page);
      await page.clock.fastForward(50_000);
      await flush(page);
      expect(site.requests).toHaveLength(1);
      site.respond = () => Response.json({ accepted: 2, rejected: 0 });
      await page.clock.fastForward(15_000);
      await until(() => site.events().length === 2);
      expect(attempts(site)[1]).toEqual(attempts(site)[0] ?? []);
    }));

  test("is not beaconed while the server asked to wait, and survives a change of page", () =>
    on(async ({ page, site }) => {
      site.respond = () => new Response("", { status: 429, headers: { "retry-after": "60" } });
      await trackMany(page, 2);
      await flush(page);
      await page.goto(`${site.origin}/next`);
      await page.clock.fastForward(30_000);
      await flush(page);
      expect(site.requests).toHaveLength(1);
      site.respond = () => Response.json({ accepted: 2, rejected: 0 });
      await page.clock.fastForward(60_000);
      await until(() => site.events().length === 2);
      expect(attempts(site)[1]).toEqual(attempts(site)[0] ?? []);
      await until(() => site.requests.length === 2);
      await page.waitForFunction(() => sessionStorage.length === 0);
    }));

  test("waits longer each time when the server says no time", () =>
    on(async ({ page, site }) => {
      site.respond = () => new Response("", { status: 500 });
      await trackMany(page, 1);
      await flush(page);
      await page.clock.fastForward(5500);
      await until(() => site.requests.length === 2);
      await page.clock.fastForward(5500);
      await flush(page);
      expect(site.requests).toHaveLength(2);
      await page.clock.fastForward(5500);
      await until(() => site.requests.length === 3);
      expect(new Set(attempts(site).flat()).size).toBe(1);
    }));

  test("is sent again when it took too long to arrive", () =>
    on(async ({ page, site }) => {
      site.respond = () => new Response("", { status: 408 });
      await trackMany(page, 1);
      await flush(page);
      // Browsers answer this status by sending once more on their own.
      const attempted = site.requests.length;
      await page.clock.fastForward(5500);
      await until(() => site.requests.length > attempted);
      expect(new Set(attempts(site).flat()).size).toBe(1);
    }));

  test("waits for the network and is sent when it returns", () =>
    on(async ({ page, site, context }) => {
      await context.setOffline(true);
      await trackMany(page, 2);
      await flush(page);
      await setHidden(page, true);
      await setHidden(page, false);
      expect(site.requests).toHaveLength(0);
      await context.setOffline(false);
      await until(() => site.events().length === 2);
      await page.clock.fastForward(60_000);
      await flush(page);
      expect(site.requests).toHaveLength(1);
    }));

  test("is bounded: the first 500 events are kept", () =>
    on(async ({ page, site }) => {
      site.respond = () => new Response("", { status: 503 });
      await trackMany(page, 600);
      await flush(page);
      site.respond = () => Response.json({});
      await page.clock.fastForward(30_000);
      await until(() => site.events().length >= 500);
      await flush(page);
      expect(new Set(ids(site.events())).size).toBeLessThanOrEqual(520);
      for (const request of site.requests) {
        expect(request.bytes).toBeLessThan(65_536);
        expect(request.events.length).toBeLessThanOrEqual(500);
      }
    }));

  for (const status of [400, 401, 403, 413]) {
    test(`is given up after ${status}`, () =>
      on(async ({ page, site }) => {
        site.respond = () => new Response("", { status });
        await trackMany(page, 2);
        await flush(page);
        await page.clock.fastForward(600_000);
        await flush(page);
        expect(site.requests).toHaveLength(1);
      }));
  }

  test("does not hold up the rest when one event alone is above the limit", () =>
    on(async ({ page, site }) => {
      await trackMany(page, 1, { text: "x".repeat(100_000) });
      await trackMany(page, 2);
      await flush(page);
      await flush(page);
      expect(site.events()).toHaveLength(3);
    }));
});
