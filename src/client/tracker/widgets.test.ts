import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser } from "playwright-core";
import { launchBrowser } from "../../testing/browser.ts";
import { arrived, gap, openSite, rendered, tag, until, visit, widget } from "./test-site.ts";

setDefaultTimeout(30_000);
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser.close());

/** Opens one page with `body` and hands it to the test; closes what it opened. */
const on = async (
  body: string,
  run: (page: Awaited<ReturnType<typeof visit>>, site: Awaited<ReturnType<typeof openSite>>) => Promise<void>,
  attributes = "",
) => {
  await using site = await openSite({ "*": body + tag(attributes) });
  await using context = await browser.newContext();
  await run(await visit(context, site), site);
};

const mappings = (events: readonly { properties: Readonly<Record<string, unknown>> }[]) =>
  events.map((event) => event.properties.mapping_id);

describe("a widget's impression", () => {
  test("is sent once, with typed properties, when half of the widget is visible", () =>
    on(gap + widget(456) + gap, async (page, site) => {
      expect(await arrived(page, site, "widget_impression", 0)).toEqual([]);
      // 99 of 200 pixels: not yet.
      await page.evaluate(() => scrollTo(0, 2000 - 600 + 99));
      expect(await arrived(page, site, "widget_impression", 0)).toEqual([]);
      await page.evaluate(() => scrollTo(0, 2000 - 600 + 100));
      const [event] = await arrived(page, site, "widget_impression", 1);
      expect(event?.properties).toEqual({
        mapping_id: 456,
        post_id: 123,
        widget_index: 0,
        device_slug: "iphone-15-pro",
        raw_model: "iPhone 15 Pro",
        viewport_percent: 50,
      });
      await page.evaluate(() => scrollTo(0, 0));
      await rendered(page);
      await page.evaluate(() => scrollTo(0, 2000));
      expect(await arrived(page, site, "widget_impression", 1)).toHaveLength(1);
    }));

  test("is never sent for a hidden, an invisible or an empty element", () =>
    on(
      widget(1, "display:none") + widget(2, "visibility:hidden") + widget(3, "height:0") + widget(4),
      async (page, site) => {
        expect(mappings(await arrived(page, site, "widget_impression", 1))).toEqual([4]);
      },
    ));

  test("is sent when a hidden, an invisible or an empty element in view is shown later", () =>
    on(
      widget(1, "display:none") + widget(2, "visibility:hidden") + widget(3, "height:0"),
      async (page, site) => {
        await rendered(page);
        await page.evaluate(() => {
          for (const id of ["w1", "w2", "w3"]) {
            document.getElementById(id)?.setAttribute("style", "height:50px");
          }
        });
        expect(mappings(await arrived(page, site, "widget_impression", 3)).sort()).toEqual([1, 2, 3]);
      },
    ));

  test("is sent for elements that are inserted later, also deep inside others", () =>
    on("<main></main>", async (page, site) => {
      await rendered(page);
      await page.evaluate(
        (html) => {
          document.querySelector("main")?.insertAdjacentHTML("beforeend", html);
        },
        `<section>${widget(7)}</section>`,
      );
      expect(mappings(await arrived(page, site, "widget_impression", 1))).toEqual([7]);
    }));

  test("is sent for an element of many screens when it covers half of the window", () =>
    on(gap + widget(9, "height:30000px") + gap, async (page, site) => {
      await page.evaluate(() => scrollTo(0, 2000 - 600 + 290));
      expect(await arrived(page, site, "widget_impression", 0)).toEqual([]);
      await page.evaluate(() => scrollTo(0, 2000 - 600 + 310));
      const [event] = await arrived(page, site, "widget_impression", 1);
      expect(event?.properties.viewport_percent).toBeLessThan(3);
    }));

  test("comes again after a history navigation, and only for what the new page still shows", () =>
    on(widget(1) + widget(2), async (page, site) => {
      await arrived(page, site, "widget_impression", 2);
      await page.evaluate((html) => {
        history.pushState({}, "", "/next");
        // A framework renders a little after it changed the address.
        setTimeout(() => {
          document.getElementById("w1")?.remove();
          document.body.insertAdjacentHTML("beforeend", html);
        }, 50);
      }, widget(3));
      const events = await arrived(page, site, "widget_impression", 4);
      expect(mappings(events.slice(2)).sort()).toEqual([2, 3]);
      expect(new URL(events[3]?.page_url ?? "").pathname).toBe("/next");
    }));
});

describe("a click on a link inside a widget", () => {
  const link = (inner = "See <b>the</b> specs") =>
    widget(
      456,
      "",
      `<a href="/device" onclick="event.preventDefault();event.stopPropagation()">${inner}</a><i>x</i>`,
    );

  test("is sent with the widget, the link's text and its address, also when the page stops the event", () =>
    on(link(), async (page, site) => {
      await page.click("#w456 b");
      const [event] = await arrived(page, site, "widget_click", 1);
      expect(event?.properties).toEqual({
        mapping_id: 456,
        post_id: 123,
        device_slug: "iphone-15-pro",
        click_target: "See the specs",
        destination_url: `${site.origin}/device`,
      });
    }));

  test("counts the keyboard and the middle button, not the right button and not text beside the link", () =>
    on(link(), async (page, site) => {
      await page.focus("#w456 a");
      await page.keyboard.press("Enter");
      await page.click("#w456 a", { button: "middle" });
      await page.click("#w456 a", { button: "right" });
      await page.click("#w456 i");
      expect(await arrived(page, site, "widget_click", 2)).toHaveLength(2);
    }));

  test("names the link as `data-click-target` says, or the element clicked when there is no text", () =>
    on(
      widget(
        1,
        "",
        '<a href="#a" data-click-target="cta">Buy</a> <a href="#b"><img width="9" height="9"></a>',
      ),
      async (page, site) => {
        await page.click("#w1 a >> nth=0");
        await page.click("#w1 img");
        const events = await arrived(page, site, "widget_click", 2);
        expect(events.map((event) => event.properties.click_target)).toEqual(["cta", "img"]);
      },
    ));

  test("arrives, with its impression, although the link leaves the page at once", () =>
    on(widget(5, "", '<a href="/away">Go</a>'), async (page, site) => {
      await rendered(page);
      await page.click("#w5 a");
      await page.waitForURL("**/away");
      await until(() => site.of("widget_click").length === 1);
      expect(site.of("widget_impression").length).toBeGreaterThanOrEqual(1);
    }));
});
