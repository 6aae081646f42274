import { expect, setDefaultTimeout, test } from "bun:test";
import { launchBrowser } from "../../testing/browser.ts";
import { buildTracker } from "../tracker/build.ts";
import type { TrackerBatch } from "../tracker/wire.ts";
import { renderDemo, renderDemoDevice } from "./demo.ts";
import { demoCss } from "./demo-css.ts";
import { demoDevices, HIDDEN_SLUG } from "./devices.ts";

setDefaultTimeout(30_000);

test("the post has five widgets, the very script tag and no inline script or style", () => {
  const html = renderDemo();
  expect(html.match(/data-widget-tracking/g)).toHaveLength(5);
  expect(html.match(/<script[^>]*>/g)).toEqual([
    '<script defer src="/analytics.js" data-site="demo.example" data-source="wordpress">',
  ]);
  expect(html).not.toMatch(/<style|style="|\son\w+="/);
});

test("every widget links to a page that exists; an unknown slug has none", () => {
  const linked = [...renderDemo().matchAll(/href="\/demo\/device\/([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(new Set(linked).size).toBe(5);
  for (const slug of linked) expect(renderDemoDevice(slug)).toContain("<h1>");
  for (const slug of ["", "nokia", "<b>", "__proto__", "constructor"])
    expect(renderDemoDevice(slug)).toBeUndefined();
});

test("reading the post to its end counts the four visible widgets, a click on one of them counts too", async () => {
  const { code } = await buildTracker();
  const events: TrackerBatch["events"][number][] = [];
  const type = (contentType: string) => ({ headers: { "content-type": contentType } });
  await using server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    routes: {
      "/demo": () => new Response(renderDemo(), type("text/html")),
      "/demo/demo.css": () => new Response(demoCss, type("text/css")),
      "/analytics.js": () => new Response(code, type("text/javascript")),
      "/demo/device/:slug": (request) =>
        new Response(renderDemoDevice(request.params.slug) ?? "", type("text/html")),
      "/v1/events": async (request) => {
        const batch: TrackerBatch = JSON.parse(await request.text());
        events.push(...batch.events);
        return Response.json({ accepted: batch.events.length, rejected: 0 });
      },
    },
  });
  await using browser = await launchBrowser();
  const page = await browser.newPage({ viewport: { width: 1000, height: 800 } });
  await page.goto(`${server.url}demo`);
  const impressions = () => events.filter((event) => event.event_type === "widget_impression");

  const visible = demoDevices.filter((device) => device.slug !== HIDDEN_SLUG);
  for (const [index, device] of visible.entries()) {
    await page.locator(`[data-device-slug=${device.slug}]`).scrollIntoViewIfNeeded();
    const deadline = Date.now() + 10_000;
    while (impressions().length <= index && Date.now() < deadline) {
      await page.evaluate(() => window.footfall.flush());
    }
    expect(impressions()).toHaveLength(index + 1);
  }
  expect(impressions().map((event) => event.properties.device_slug)).toEqual(visible.map(({ slug }) => slug));

  await page.click("[data-device-slug=pixel-8a] .button");
  await page.waitForURL("**/demo/device/pixel-8a");
  const deadline = Date.now() + 10_000;
  const clicks = () => events.filter((event) => event.event_type === "widget_click");
  while (clicks().length === 0 && Date.now() < deadline) await Bun.sleep(15);
  expect(clicks().map((event) => event.properties)).toEqual([
    {
      mapping_id: 458,
      post_id: 123,
      device_slug: "pixel-8a",
      click_target: "cta",
      destination_url: `${server.url}demo/device/pixel-8a`,
    },
  ]);
});
