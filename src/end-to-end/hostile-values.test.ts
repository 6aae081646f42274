import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser } from "playwright-core";
import { dimensionNames } from "../stats/catalogue/dimensions.ts";
import { launchBrowser } from "../testing/browser.ts";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";

setDefaultTimeout(60_000);

const service = serviceForTests();
const key = { "x-admin-key": ADMIN_KEY };

const attacks = [
  "<script>globalThis.ran = 1</script>",
  '"><img src=x onerror="globalThis.ran = 1">',
  "javascript:globalThis.ran=1",
  "</script><svg onload=globalThis.ran=1>",
  "<!doctype html><html><body onload='globalThis.ran = 1'>",
  "<?xml version='1.0'?><x:script xmlns:x='http://www.w3.org/1999/xhtml'>globalThis.ran = 1</x:script>",
  "\u2028*/globalThis.ran=1;/*\u2029",
  '=HYPERLINK("javascript:globalThis.ran=1")',
] as const;

/** An attack wherever a sender may write what they like. */
const hostileEvents = (attack: string, n: number) => {
  const common = {
    site_id: attack,
    source: attack.slice(0, 64),
    visitor_id: `${attack} ${n}`,
    user_id: attack,
    session_id: `${attack} ${n}`,
    user_agent: attack,
    page_path: `/${attack}`,
    page_title: attack,
    referrer_domain: attack,
    language: attack.slice(0, 64),
    screen: attack.slice(0, 32),
    timezone: attack.slice(0, 64),
  };
  const device = { mapping_id: n + 1, post_id: n + 1, device_slug: attack };
  return [
    {
      ...common,
      event_type: "page_view",
      properties: { [attack]: attack, plan: attack, deep: { [attack]: [attack] } },
    },
    {
      ...common,
      event_type: "page_view",
      page_url: `https://example.org/${attack}?utm_source=${attack}&utm_campaign=${attack}&gclid=${attack}#${attack}`,
      referrer: `https://example.com/${attack}`,
    },
    { ...common, event_type: "page_view", page_url: attack, referrer: attack },
    {
      ...common,
      event_type: "widget_impression",
      properties: { ...device, widget_index: 0, raw_model: attack, viewport_percent: 50 },
    },
    {
      ...common,
      event_type: "widget_click",
      properties: { ...device, click_target: attack, destination_url: attack },
    },
  ];
};

const day = () => new Date().toISOString().slice(0, 10);
const range = () =>
  `from=${new Date(Date.now() - 86_400_000).toISOString().slice(0, 10)}&to=${day()}&bots=include`;
const attack = encodeURIComponent(attacks[1]);

/** Reads that answer with what was stored, and some that answer with what they were asked. */
const reads = () => [
  ...dimensionNames.map((name) => `/v1/stats/breakdown?${range()}&dimension=${name}&metrics=visitors,events`),
  ...["plan", attack].map((name) => `/v1/stats/breakdown?${range()}&dimension=property:${name}`),
  `/v1/stats/widgets?${range()}`,
  `/v1/stats/posts?${range()}`,
  `/v1/stats/timeseries?${range()}&event_type=page_view`,
  `/v1/stats/metrics?${range()}`,
  `/v1/stats/paths?${range()}`,
  "/v1/stats/realtime",
  `/v1/events?${range()}&limit=1000`,
  `/v1/stats/widgets?${range()}&sort=${attack}`,
  `/v1/stats/breakdown?${range()}&dimension=${attack}`,
  `/v1/stats/metrics?${range()}&filter=${attack}`,
  `/v1/stats/metrics?${range()}&filter=${encodeURIComponent("page:matches:(<script>globalThis.ran=1</script>")}`,
  `/v1/stats/metrics?${range()}&${attack}=1`,
  `/v1/events?${range()}&project=${attack}`,
  `/v1/funnels/${attack}`,
  `/v1/stats/${attack}`,
  `/${attack}`,
  `/demo/device/${attack}`,
  `/demo/${attack}`,
  "/v1/projects",
  "/metrics",
];

const get = (path: string) => fetch(service.url() + path, { headers: key });

beforeAll(async () => {
  for (const [n, each] of attacks.entries()) {
    const { body } = await service.post({ events: hostileEvents(each, n) });
    expect(body).toEqual({ accepted: 5, rejected: 0 });
  }
  const { status } = await service.request("/v1/projects", {
    method: "POST",
    headers: key,
    body: JSON.stringify({ name: attacks[1] }),
  });
  expect(status).toBe(201);
  await service.settled();
});

describe("what senders wrote", () => {
  test("is stored and answered as they wrote it, but never as a page", async () => {
    const texts: Array<string> = [];
    for (const path of reads()) {
      const response = await get(path);
      const type = response.headers.get("content-type") ?? "";
      expect({ path, type }).toEqual({
        path,
        type: expect.stringMatching(/^(application\/(problem\+)?json|text\/plain)(;|$)/),
      });
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(response.headers.get("content-security-policy")).toBe(
        "default-src 'none'; frame-ancestors 'none'",
      );
      texts.push(await response.text());
    }
    // Otherwise nothing was attacked.
    const all = texts.join("\n");
    for (const each of attacks) expect(all).toContain(JSON.stringify(each).slice(1, -1));
  });

  test.each(["csv", "ndjson", "parquet"])(
    "is exported as %s that browsers save and do not show",
    async (format) => {
      const response = await get(`/v1/export?${range()}&format=${format}`);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-type")).not.toMatch(/html|xml|javascript/);
      expect(response.headers.get("content-disposition")).toMatch(/^attachment; filename="[\w.-]+"$/);
      expect(response.headers.get("x-content-type-options")).toBe("nosniff");
      expect(await response.text()).toContain("onerror");
    },
  );

  test("comes back in no refusal of an event but as JSON", async () => {
    const response = await fetch(`${service.url()}/v1/events`, {
      method: "POST",
      body: JSON.stringify({
        events: [{ event_type: attacks[0] }, { event_type: "x", page_title: 1, [attacks[1]]: 1 }],
      }),
    });
    expect(response.headers.get("content-type")).toMatch(/^application\/json/);
    expect(response.headers.get("x-content-type-options")).toBe("nosniff");
  });
});

describe("a browser that is led to an answer", () => {
  let browser: Browser;

  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  test("runs nothing of it", async () => {
    const context = await browser.newContext({ extraHTTPHeaders: key });
    const page = await context.newPage();
    for (const path of reads()) {
      await page.goto(service.url() + path);
      const seen = await page.evaluate(() => ({
        type: document.contentType,
        ran: "ran" in globalThis,
        elements: document.querySelectorAll("script, img, svg, iframe").length,
      }));
      expect({ path, ...seen }).toEqual({
        path,
        type: expect.stringMatching(/^(application\/(problem\+)?json|text\/plain)$/),
        ran: false,
        elements: 0,
      });
    }
    await context.close();
  });

  test("cannot load it as a script, a picture or a stylesheet of another page", async () => {
    await using other = Bun.serve({
      port: 0,
      hostname: "localhost",
      fetch: () => new Response("<p>", { headers: { "content-type": "text/html" } }),
    });
    const context = await browser.newContext({ extraHTTPHeaders: key });
    const page = await context.newPage();
    await page.goto(other.url.href);
    const outcome = (name: string, attribute: string, path: string) =>
      page.evaluate(
        ([name, attribute, url]) =>
          new Promise<string>((resolve) => {
            const element = document.createElement(name ?? "");
            element.onload = () => resolve("loaded");
            element.onerror = () => resolve("refused");
            if (name === "link") element.setAttribute("rel", "stylesheet");
            element.setAttribute(attribute ?? "", url ?? "");
            document.body.append(element);
          }),
        [name, attribute, service.url() + path],
      );
    expect(await outcome("script", "src", "/analytics.js")).toBe("loaded");
    for (const [name, attribute, path] of [
      ["script", "src", "/docs/start.js"],
      ["script", "src", `/v1/events?${range()}`],
      ["script", "src", `/v1/export?${range()}`],
      ["link", "href", "/demo/demo.css"],
      ["link", "href", `/v1/stats/breakdown?${range()}&dimension=title`],
      ["img", "src", "/favicon.ico"],
    ] as const) {
      expect([name, path, await outcome(name, attribute, path)]).toEqual([name, path, "refused"]);
    }
    await context.close();
  });
});
