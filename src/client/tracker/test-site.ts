import type { BrowserContext, Page } from "playwright-core";
import { buildTracker } from "./build.ts";
import type { FootfallApi, TrackerBatch, TrackerEvent } from "./wire.ts";

declare global {
  interface Window {
    footfall: FootfallApi;
  }
}

/** A request as it arrived at `/v1/events`. */
export interface Recorded extends TrackerBatch {
  readonly bytes: number;
  readonly contentType: string | null;
  readonly status: number;
}

/** A site with the tag on its pages and an endpoint that records and answers as told. */
export interface TestSite extends AsyncDisposable {
  readonly origin: string;
  readonly requests: Recorded[];
  /** The events of all requests that were answered with 200, in order of arrival. */
  readonly events: () => TrackerEvent[];
  readonly of: (type: string) => TrackerEvent[];
  /** How the next requests are answered. */
  respond: () => Response;
  /** Content security policy of the pages. */
  policy: string | undefined;
}

/** The tag as the README shows it, with more attributes. */
export const tag = (attributes = ""): string =>
  `<script defer src="/analytics.js" data-site="test.example" ${attributes}></script>`;

export const widget = (mapping: number, style = "", inner = ""): string =>
  `<div data-widget-tracking data-mapping-id="${mapping}" data-post-id="123" data-widget-index="0"
    data-device-slug="iphone-15-pro" data-raw-model="iPhone 15 Pro" id="w${mapping}" style="height:200px;${style}">${inner}</div>`;

/** Empty space higher than the test window. */
export const gap = '<div style="height:2000px"></div>';

/** Serves `pages` (body by path, `*` for every other) with the built script until it is disposed of. */
export const openSite = async (pages: Record<string, string>): Promise<TestSite> => {
  const { code } = await buildTracker();
  const requests: Recorded[] = [];
  const allowed = { "access-control-allow-origin": "*", "access-control-expose-headers": "retry-after" };
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname.endsWith("/analytics.js")) {
        return new Response(code, { headers: { "content-type": "text/javascript" } });
      }
      if (pathname.endsWith("/v1/events")) {
        const text = await request.text();
        const answer = site.respond();
        const contentType = request.headers.get("content-type");
        requests.push({
          ...JSON.parse(text),
          bytes: Buffer.byteLength(text),
          contentType,
          status: answer.status,
        });
        for (const [name, value] of Object.entries(allowed)) answer.headers.set(name, value);
        return answer;
      }
      const body = pages[pathname] ?? pages["*"];
      if (body === undefined) return new Response("", { status: 404 });
      const headers = new Headers({ "content-type": "text/html; charset=utf-8" });
      if (site.policy) headers.set("content-security-policy", site.policy);
      return new Response(`<!doctype html><title>${pathname}</title><body style="margin:0">${body}`, {
        headers,
      });
    },
  });
  const events = () =>
    requests.filter((request) => request.status === 200).flatMap((request) => request.events);
  const site: TestSite = {
    origin: server.url.origin,
    requests,
    events,
    of: (type) => events().filter((event) => event.event_type === type),
    respond: () => Response.json({ accepted: 1, rejected: 0 }),
    policy: undefined,
    [Symbol.asyncDispose]: () => server.stop(true),
  };
  return site;
};

/** Waits until `condition` holds; the error names it. */
export const until = async (condition: () => boolean, what: string = String(condition)): Promise<void> => {
  const deadline = Date.now() + 15_000;
  while (!condition()) {
    if (Date.now() > deadline) throw new Error(`never came true: ${what}`);
    await Bun.sleep(15);
  }
};

/** Opens a page of the site in a window of 800 × 600. */
export const visit = async (context: BrowserContext, site: TestSite, path = "/"): Promise<Page> => {
  const page = await context.newPage();
  await page.setViewportSize({ width: 800, height: 600 });
  await page.goto(site.origin + path);
  return page;
};

export const flush = (page: Page): Promise<void> => page.evaluate(() => window.footfall.flush());

/** Flushes until `count` events of `type` have arrived, then looks once more whether there are too many. */
export const arrived = async (
  page: Page,
  site: TestSite,
  type: string,
  count: number,
): Promise<TrackerEvent[]> => {
  const deadline = Date.now() + 10_000;
  while (site.of(type).length < count && Date.now() < deadline) {
    await flush(page);
    await Bun.sleep(20);
  }
  await rendered(page);
  await flush(page);
  return site.of(type);
};

/** Waits until observers had their turn: one late scan and two frames. */
export const rendered = (page: Page): Promise<void> =>
  page.evaluate(async () => {
    await new Promise((resolve) => setTimeout(resolve, 250));
    for (let frame = 0; frame < 2; frame++) await new Promise(requestAnimationFrame);
  });
