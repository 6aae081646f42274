import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser } from "playwright-core";
import { demoDevices, HIDDEN_SLUG } from "../client/demo/devices.ts";
import { launchBrowser } from "../testing/browser.ts";
import { type RunningService, startService } from "../testing/service/child.ts";
import { openStorage, type Storage } from "../testing/service/storage.ts";

setDefaultTimeout(30_000);

const agentOf = (name: string) =>
  `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) ${name}/140.0.0.0 Safari/537.36`;

interface Series {
  readonly data: ReadonlyArray<{ readonly count: number; readonly unique_visitors: number }>;
}

const visible = demoDevices.filter(({ slug }) => slug !== HIDDEN_SLUG);
const [first, second, third] = visible;

describe.each(["embedded", "server"] as const)("a visit to the demo page, ClickHouse %s", (engine) => {
  let storage: Storage;
  let service: RunningService;
  let browser: Browser;
  let startedOn = "";

  beforeAll(async () => {
    [storage, browser] = await Promise.all([openStorage(engine), launchBrowser(agentOf("Chrome"))]);
    service = await startService({ env: storage.env });
    startedOn = new Date().toISOString().slice(0, 10);
  });
  afterAll(async () => {
    await browser?.close();
    await service?.[Symbol.asyncDispose]();
    await storage?.[Symbol.asyncDispose]();
  });

  // A run over midnight counts on two days.
  const range = () => `from=${startedOn}&to=${new Date().toISOString().slice(0, 10)}`;

  const read = async <Body>(path: string): Promise<Body> => {
    const response = await fetch(`${service.url}/v1/stats/${path}`, {
      headers: { "x-admin-key": service.adminKey },
    });
    expect(response.status).toBe(200);
    return (await response.json()) as Body;
  };

  const counted = async (type: string, more = "") => {
    const { data } = await read<Series>(
      `timeseries?${range()}&site_id=demo.example&interval=day&event_type=${type}${more}`,
    );
    return {
      count: data.reduce((sum, { count }) => sum + count, 0),
      unique_visitors: Math.max(...data.map(({ unique_visitors }) => unique_visitors)),
    };
  };

  const countedAre = async (type: string, count: number) => {
    const deadline = Date.now() + 10_000;
    while ((await counted(type)).count < count && Date.now() < deadline) await Bun.sleep(25);
    expect(await counted(type)).toEqual({ count, unique_visitors: 1 });
  };

  test("the three stats show exactly what happened", async () => {
    const context = await browser.newContext({ viewport: { width: 1000, height: 800 } });
    const page = await context.newPage();
    const widget = (slug = "") => page.locator(`[data-device-slug=${slug}]`);
    // Seen once half of it has been on the screen and observers had their turn.
    const see = async (slug = "") => {
      await widget(slug).scrollIntoViewIfNeeded();
      await widget(slug).evaluate((element) => element.scrollIntoView({ block: "center" }));
      await page.waitForTimeout(300);
    };

    // The first page view: three widgets, one of them twice, and away by a link of the third.
    await page.goto(`${service.url}/demo`);
    await see(first?.slug);
    await see(second?.slug);
    await see(third?.slug);
    await see(first?.slug);
    await see(third?.slug);
    await widget(third?.slug).locator(".button").click();
    await page.waitForURL(`**/demo/device/${third?.slug}`);

    // Back on the demo page: another page view, to its end, so that every widget that is shown counts again; then the
    // page is closed before its next delivery is due.
    await page.click("a.button");
    await page.waitForURL("**/demo");
    for (const { slug } of visible) await see(slug);
    await page.close({ runBeforeUnload: true });

    await countedAre("page_view", 3);
    await countedAre("widget_impression", 3 + visible.length);
    await countedAre("widget_click", 1);
    await context.close();
    // A batch reaches its tables one after the other, and the numbers above are all of one of them.
    const inWidgets = async () => {
      const { data } = await read<{ data: ReadonlyArray<{ impressions: number; clicks: number }> }>(
        `widgets?${range()}&site_id=demo.example`,
      );
      return data.reduce((sum, { impressions, clicks }) => sum + impressions + clicks, 0);
    };
    const deadline = Date.now() + 10_000;
    while ((await inWidgets()) < 4 + visible.length && Date.now() < deadline) await Bun.sleep(25);

    const expected = visible.map(({ mappingId, slug }, index) => {
      const impressions = index < 3 ? 2 : 1;
      const clicks = index === 2 ? 1 : 0;
      return {
        mapping_id: mappingId,
        device_slug: slug,
        impressions,
        clicks,
        unique_visitors: 1,
        ctr: clicks / impressions,
      };
    });
    expect(await read<object>(`widgets?${range()}&site_id=demo.example&sort=mapping_id`)).toEqual({
      data: expected,
    });
    expect(await read<object>(`posts?${range()}`)).toEqual({
      data: [{ post_id: 123, widget_impressions: 7, widget_clicks: 1, unique_visitors: 1 }],
    });
    expect(await counted("widget_impression,widget_click,page_view")).toEqual({
      count: 11,
      unique_visitors: 1,
    });
    // A hidden widget is in the page and in no number, and nothing was taken for a bot's doing.
    expect(demoDevices.length - visible.length).toBe(1);
    const { data } = await read<Series>(`timeseries?${range()}&bots=only`);
    expect(data.every(({ count }) => count === 0)).toBe(true);
  });

  test("a headless browser under its own name is stored as a bot and in no number by default", async () => {
    const before = await counted("page_view");
    const context = await browser.newContext({ userAgent: agentOf("HeadlessChrome") });
    const page = await context.newPage();
    await page.goto(`${service.url}/demo`);
    await page.evaluate(() => window.footfall.flush());
    await page.close();
    const deadline = Date.now() + 10_000;
    while ((await counted("page_view", "&bots=only")).count < 1 && Date.now() < deadline) await Bun.sleep(25);
    expect((await counted("page_view", "&bots=only")).count).toBe(1);
    expect(await counted("page_view")).toEqual(before);
    await context.close();
  });

  test("the commands on the demo page work as they are printed", async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${service.url}/demo`);
    const printed = (await page.locator("#numbers pre").textContent()) ?? "";
    await context.close();
    const script = printed
      .replaceAll("http://localhost:3000", service.url)
      .replaceAll("data/admin.key", `${service.dataDir}/admin.key`);
    expect(script).not.toBe(printed);
    const shell = Bun.spawn(["bash", "-c", script.replaceAll("curl ", "curl --silent --show-error --fail ")]);
    const answers = (await new Response(shell.stdout).text())
      .split(/(?<=\})(?=\{"data")/)
      .map((text) => JSON.parse(text) as { data: ReadonlyArray<object> });
    expect(await shell.exited).toBe(0);
    expect(answers.map(({ data }) => data.length > 0)).toEqual([true, true, true]);
  });
});
