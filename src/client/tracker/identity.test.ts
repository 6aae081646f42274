import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchBrowser } from "../../testing/browser.ts";
import { arrived, flush, openSite, rendered, type TestSite, tag, visit, widget } from "./test-site.ts";

setDefaultTimeout(30_000);
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

const on = async (
  attributes: string,
  run: (page: Page, site: TestSite, context: BrowserContext) => Promise<void>,
  prepare: (context: BrowserContext) => unknown = () => {},
) => {
  await using site = await openSite({ "*": widget(1) + tag(attributes) });
  await using context = await browser.newContext();
  await prepare(context);
  await run(await visit(context, site), site, context);
};

/** Tracks one event and answers with it as it arrived. */
const trackOne = async (page: Page, site: TestSite) => {
  const before = site.of("custom").length;
  await page.evaluate(() => window.footfall.trackEvent("custom"));
  const event = (await arrived(page, site, "custom", before + 1))[before];
  if (!event) throw new Error("the event did not arrive");
  return event;
};

const minutes = (count: number) => count * 60_000;

describe("identifiers", () => {
  test("are neither made nor stored by default", () =>
    on("", async (page, site) => {
      const event = await trackOne(page, site);
      expect(event).not.toHaveProperty("visitor_id");
      expect(event).not.toHaveProperty("session_id");
      expect(await page.evaluate(() => localStorage.length + sessionStorage.length)).toBe(0);
      expect(await page.evaluate(() => document.cookie)).toBe("");
    }));

  test('with data-visitor="storage" last over pages; the session ends after 30 minutes without an event', () =>
    on(
      'data-visitor="storage" data-page-views="off"',
      async (page, site) => {
        const first = await trackOne(page, site);
        await page.clock.fastForward(minutes(29));
        await page.goto(`${site.origin}/next`);
        await page.clock.fastForward(minutes(29));
        const second = await trackOne(page, site);
        await page.clock.fastForward(minutes(29));
        const third = await trackOne(page, site);
        await page.clock.fastForward(minutes(31));
        const fourth = await trackOne(page, site);

        const events = [first, second, third, fourth];
        expect(new Set(events.map((event) => event.visitor_id)).size).toBe(1);
        expect(first.visitor_id).toHaveLength(26);
        expect(third.session_id).toBe(second.session_id ?? "");
        expect(fourth.session_id).not.toBe(third.session_id ?? "");
        expect(fourth.session_id).toHaveLength(26);
      },
      (context) => context.clock.install(),
    ));

  test("are left out, and nothing breaks, where storage is closed", () =>
    on(
      'data-visitor="storage" data-sample="1"',
      async (page, site) => {
        const event = await trackOne(page, site);
        expect(event).not.toHaveProperty("visitor_id");
      },
      (context) =>
        context.addInitScript(() => {
          for (const name of ["localStorage", "sessionStorage"]) {
            Object.defineProperty(window, name, {
              get() {
                throw new DOMException("denied", "SecurityError");
              },
            });
          }
        }),
    ));
});

describe("nothing is sent or stored, and the API stays callable", () => {
  const isSilent = async (page: Page, site: TestSite) => {
    await page.evaluate(() => {
      for (let n = 0; n < 25; n++) window.footfall.trackEvent("custom");
      history.pushState({}, "", "/a");
    });
    await rendered(page);
    await flush(page);
    await page.goto(`${site.origin}/next`);
    expect(site.requests).toEqual([]);
    expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
  };
  const signals = { globalPrivacyControl: true, doNotTrack: "1" };
  for (const [name, value] of Object.entries(signals)) {
    test(`with navigator.${name}`, () =>
      on('data-visitor="storage"', isSilent, (context) =>
        context.addInitScript(([name, value]) => Object.defineProperty(navigator, name, { value }), [
          name,
          value,
        ] as const),
      ));
  }

  test('with data-sample="0"', () => on('data-sample="0"', isSilent));
});

describe("sampling", () => {
  test('keeps everyone with data-sample="1"', () =>
    on('data-sample="1"', async (page, site) => {
      await trackOne(page, site);
    }));

  test("keeps its decision for a tab, in storage mode for a visitor, and takes about the share asked for", async () => {
    let sampled = 0;
    await on('data-sample="0.5"', async (page, site) => {
      for (let draw = 0; draw < 30; draw++) {
        await page.evaluate(() => sessionStorage.clear());
        const seen: boolean[] = [];
        for (const path of [`/${draw}/first`, `/${draw}/second`]) {
          await page.goto(site.origin + path);
          await flush(page);
          seen.push(site.of("page_view").some((event) => event.page_url === site.origin + path));
        }
        expect(seen[1]).toBe(seen[0] ?? false);
        if (seen[0]) sampled++;
      }
    });
    // 30 draws at one half lie outside of these bounds less than once in a million runs.
    expect(sampled).toBeGreaterThan(2);
    expect(sampled).toBeLessThan(28);
  });

  test("of a visitor is stored beside the visitor id", () =>
    on('data-sample="1" data-visitor="storage"', async (page, site) => {
      await trackOne(page, site);
      expect(await page.evaluate(() => Number(localStorage.footfall_sample))).toBeLessThan(1000);
    }));
});
