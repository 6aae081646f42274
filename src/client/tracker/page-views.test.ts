import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { launchBrowser } from "../../testing/browser.ts";
import { arrived, flush, openSite, rendered, type TestSite, tag, until, visit, widget } from "./test-site.ts";

setDefaultTimeout(30_000);
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** Opens one page with `body`, after `prepare` changed the browser's side. */
const on = async (
  body: string,
  run: (page: Page, site: TestSite) => Promise<void>,
  prepare: (context: BrowserContext, site: TestSite) => unknown = () => {},
  path = "/",
) => {
  await using site = await openSite({ "*": body });
  await using context = await browser.newContext();
  await prepare(context, site);
  await run(await visit(context, site, path), site);
};

const paths = (site: TestSite) => site.of("page_view").map((event) => new URL(event.page_url).pathname);

describe("a page view", () => {
  test("is sent on load and on every history navigation to another path, with the page left as referrer", () =>
    on(tag(), async (page, site) => {
      await page.evaluate(async () => {
        history.pushState({}, "", "/a?utm_source=x");
        history.replaceState({}, "", "/a?sort=price#top");
        history.replaceState({}, "", "/b");
        await new Promise((resolve) => {
          addEventListener("popstate", resolve, { once: true });
          history.back();
        });
      });
      await arrived(page, site, "page_view", 4);
      expect(paths(site)).toEqual(["/", "/a", "/b", "/"]);
      const referrers = site.of("page_view").map((event) => event.referrer.replace(site.origin, ""));
      expect(referrers).toEqual(["", "/", "/a?utm_source=x", "/b"]);
    }));

  test("carries the title a framework sets after the address", () =>
    on(tag(), async (page, site) => {
      await page.evaluate(() => {
        history.pushState({}, "", "/a");
        setTimeout(() => {
          document.title = "A's title";
        }, 50);
      });
      await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 400)));
      await arrived(page, site, "page_view", 2);
      expect(site.of("page_view")[1]?.page_title).toBe("A's title");
    }));

  test('is not sent with data-page-views="off", while widgets still count', () =>
    on(widget(1) + tag('data-page-views="off"'), async (page, site) => {
      await page.evaluate(() => history.pushState({}, "", "/a"));
      await arrived(page, site, "widget_impression", 1);
      expect(site.of("page_view")).toEqual([]);
    }));

  test("is sent again, and widgets count again, when the page returns from the back-forward cache", () =>
    on(widget(1) + tag(), async (page, site) => {
      await arrived(page, site, "widget_impression", 1);
      await page.evaluate(() => dispatchEvent(new PageTransitionEvent("pageshow", { persisted: true })));
      expect(await arrived(page, site, "widget_impression", 2)).toHaveLength(2);
      expect(paths(site)).toEqual(["/", "/"]);
    }));

  test("of a prerendered page waits for its activation", () =>
    on(
      widget(1) + tag(),
      async (page, site) => {
        await page.evaluate(() => window.footfall.trackEvent("early"));
        await rendered(page);
        await flush(page);
        expect(site.requests).toEqual([]);
        await page.evaluate(() => {
          Object.defineProperty(document, "prerendering", { value: false });
          document.dispatchEvent(new Event("prerenderingchange"));
        });
        await arrived(page, site, "widget_impression", 1);
        expect(site.events().map((event) => event.event_type)).toEqual([
          "early",
          "page_view",
          "widget_impression",
        ]);
      },
      (context) =>
        context.addInitScript(() => {
          Object.defineProperty(document, "prerendering", { value: true, configurable: true });
        }),
    ));
});

describe("the tag", () => {
  test("does nothing when it is on the page a second time, also under another name", () =>
    on(tag() + widget(1) + tag() + tag('data-global="other"'), async (page, site) => {
      await arrived(page, site, "widget_impression", 1);
      expect(site.events()).toHaveLength(2);
      expect(await page.evaluate(() => "other" in window)).toBe(false);
    }));

  test("defines one global, named by data-global", () =>
    on(tag('data-global="codAnalytics"'), async (page, site) => {
      const added = await page.evaluate(() => {
        const frame = document.body.appendChild(document.createElement("iframe"));
        const plain = new Set(Object.getOwnPropertyNames(frame.contentWindow));
        return Object.getOwnPropertyNames(window).filter(
          (name) => !plain.has(name) && !/^(__|\d)/.test(name),
        );
      });
      expect(added).toEqual(["codAnalytics"]);
      await page.evaluate("codAnalytics.trackEvent('custom', { plan: 'pro' }); codAnalytics.flush()");
      await until(() => site.of("custom").length === 1);
      expect(site.of("custom")[0]?.properties).toEqual({ plan: "pro" });
    }));

  test("works under a strict content security policy", () =>
    on(
      `<div data-widget-tracking data-mapping-id="1" data-post-id="2" data-widget-index="3" data-device-slug="x">x</div>${tag()}`,
      async (page, site) => {
        expect(await arrived(page, site, "widget_impression", 1)).toHaveLength(1);
      },
      (_, site) => {
        site.policy =
          "default-src 'none'; script-src 'self'; connect-src 'self'; require-trusted-types-for 'script'";
      },
    ));

  test("sends to the host and base path it was loaded from, without a preflight", async () => {
    await using service = await openSite({});
    const src = service.origin.replace("127.0.0.1", "localhost");
    await on(
      `<script defer src="${src}/stats/analytics.js" data-site="test.example"></script>`,
      async (page, site) => {
        await flush(page);
        await until(() => service.of("page_view").length === 1);
        expect(site.requests).toEqual([]);
      },
    );
  });

  test("sends to data-endpoint where one is given", () =>
    on(tag('data-endpoint="/proxy/v1/events"'), async (page, site) => {
      const asked = page.waitForRequest("**/proxy/v1/events");
      await flush(page);
      await asked;
      await until(() => site.of("page_view").length === 1);
    }));
});
