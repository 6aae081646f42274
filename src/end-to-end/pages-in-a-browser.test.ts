import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Browser, Page } from "playwright-core";
import { demoDevices } from "../client/demo/devices.ts";
import { launchBrowser } from "../testing/browser.ts";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";

setDefaultTimeout(60_000);

const service = serviceForTests();
let browser: Browser;

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
});

/** A page with everything its browser has to say against it: violations of its policy, errors, warnings. */
const open = async (path: string): Promise<{ readonly page: Page; readonly complaints: Array<string> }> => {
  const page = await browser.newPage({ viewport: { width: 1100, height: 900 } });
  page.setDefaultTimeout(15_000);
  const complaints: Array<string> = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(message.text());
  });
  page.on("pageerror", ({ message }) => complaints.push(message));
  page.on("requestfailed", (request) => complaints.push(`${request.url()} ${request.failure()?.errorText}`));
  await page.goto(service.url() + path);
  return { page, complaints };
};

/** Whether code of each way in would run in the page. */
const waysIn = (page: Page): Promise<Readonly<Record<string, boolean>>> =>
  page.evaluate(async () => {
    const ran: Record<string, boolean> = {};
    Object.assign(window, { ran });
    const add = (name: string, attributes: Readonly<Record<string, string>>, text = "") => {
      try {
        const element = document.createElement(name);
        for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
        if (text !== "") element.textContent = text;
        document.body.append(element);
        element.click();
      } catch {
        // Refused already.
      }
    };
    add("script", {}, "ran.inline = true");
    add("script", { src: "data:text/javascript,ran.data = true" });
    add("button", { onclick: "ran.handler = true" });
    add("img", { src: "data:,", onerror: "ran.image = true" });
    add("a", { href: "javascript:void(ran.address = true)" });
    add("iframe", { srcdoc: "<script>parent.ran.frame = true</script>" });
    add("base", { href: "https://evil.example/" });
    ran.base = document.baseURI.startsWith("https://evil");
    // Later, because a debugger's own code may.
    setTimeout(() => {
      ran.eval = new Function("return true")();
    }, 50);
    await new Promise((resolve) => setTimeout(resolve, 300));
    return ran;
  });

describe("the API docs", () => {
  test("show every operation, and try one out with the key, without a complaint of the browser", async () => {
    const { paths } = (await (await fetch(`${service.url()}/docs/json`)).json()) as {
      readonly paths: Readonly<Record<string, object>>;
    };
    const operations = Object.values(paths).reduce((sum, methods) => sum + Object.keys(methods).length, 0);
    const { page, complaints } = await open("/docs");
    await page.locator(".opblock").first().waitFor();
    expect(await page.locator(".opblock").count()).toBe(operations);

    await page.locator(".btn.authorize").first().click();
    const key = page.locator(".auth-container input").first();
    await key.fill(ADMIN_KEY);
    // The form is submitted by the page's script.
    await key.press("Enter");
    await page.locator(".btn-done").first().click();

    const run = async (id: string) => {
      const operation = page.locator(`.opblock[id$="${id}"]`);
      await operation.locator(".opblock-summary-control").click();
      await operation.locator(".try-out__btn").click();
      await operation.locator(".execute").click();
      return operation.locator(".live-responses-table tbody .response-col_status").first().textContent();
    };
    expect(await run("getV1StatsWidgets")).toBe("200");
    expect(await run("postV1Events")).toBe("200");
    const opened = page.locator(".opblock.is-open").first();
    await opened.locator(".opblock-summary").hover();
    await opened.locator(".opblock-summary .copy-to-clipboard").click();
    expect(complaints).toEqual([]);
    await page.close();
  });
});

describe("the demo", () => {
  test("sends its events, from the page and while it is left, without a complaint of the browser", async () => {
    const { page, complaints } = await open("/demo");
    await page.locator("[data-device-slug=pixel-8a]").scrollIntoViewIfNeeded();
    await page.waitForTimeout(300);
    await page.evaluate(() => window.footfall.flush());
    await page.locator("[data-device-slug=pixel-8a] .button").click();
    await page.waitForURL("**/demo/device/pixel-8a");
    await page.evaluate(() => window.footfall.flush());

    const stored = async () =>
      (
        await service.rows<{ event_type: string }>(
          "SELECT DISTINCT event_type FROM events WHERE site_id = 'demo.example' ORDER BY event_type",
        )
      ).map((row) => row.event_type);
    const deadline = Date.now() + 10_000;
    while ((await stored()).length < 3 && Date.now() < deadline) await Bun.sleep(25);
    expect(await stored()).toEqual(["page_view", "widget_click", "widget_impression"]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  test("looks as its stylesheet says on every page", async () => {
    for (const path of ["/demo", ...demoDevices.map(({ slug }) => `/demo/device/${slug}`)]) {
      const { page, complaints } = await open(path);
      const rules = await page.evaluate(() => document.styleSheets[0]?.cssRules.length ?? 0);
      expect(rules).toBeGreaterThan(10);
      expect({ path, complaints }).toEqual({ path, complaints: [] });
      await page.close();
    }
  });
});

describe("what got into a page", () => {
  test("would run in one without a policy", async () => {
    await using other = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => new Response("<p>", { headers: { "content-type": "text/html" } }),
    });
    const page = await browser.newPage();
    await page.goto(other.url.href);
    expect(await waysIn(page)).toEqual({
      ...{ inline: true, data: true, handler: true, image: true },
      ...{ address: true, frame: true, base: true, eval: true },
    });
    await page.close();
  });

  test.each(["/docs", "/demo", "/demo/device/pixel-8a"])("does not run in %s", async (path) => {
    const { page } = await open(path);
    expect(await waysIn(page)).toEqual({ base: false });
    await page.close();
  });
});

test("no page of another host may show one in a frame", async () => {
  await using other = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: () =>
      new Response(`<iframe src="${service.url()}/demo"></iframe>`, {
        headers: { "content-type": "text/html" },
      }),
  });
  const page = await browser.newPage();
  const complaints: Array<string> = [];
  page.on("console", (message) => complaints.push(message.text()));
  await page.goto(other.url.href);
  await page.waitForTimeout(300);
  expect(complaints.join()).toContain("frame-ancestors");
  await page.close();
});
