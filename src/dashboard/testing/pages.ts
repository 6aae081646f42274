import { afterAll, beforeAll } from "bun:test";
import { Effect } from "effect";
import type { Browser, Page } from "playwright-core";
import { Accounts } from "../../accounts/people/accounts.ts";
import { launchBrowser } from "../../testing/browser.ts";
import { ADMIN_KEY, type serviceForTests } from "../../testing/service/in-process.ts";

export const PASSWORD = "nine lives and a tail";

export interface Opened extends AsyncDisposable {
  readonly page: Page;
  /** What the browser has to say against the page, but for refusals that the page itself tells of. */
  readonly complaints: Array<string>;
}

/** A picture of the page in both colour schemes, for who gives a directory for them in `FOOTFALL_SCREENSHOTS`. */
export const shot = async (page: Page, name: string, fullPage = false): Promise<void> => {
  const directory = process.env.FOOTFALL_SCREENSHOTS;
  if (directory === undefined) return;
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme });
    await page.screenshot({ path: `${directory}/${name}-${colorScheme}.png`, fullPage });
  }
  await page.emulateMedia({ colorScheme: null });
};

export const arrived = (page: Page) => page.waitForURL("**/account");

/** The pages of a service in a real browser, which starts before the tests of the file and ends after them. */
export const pagesOf = (service: ReturnType<typeof serviceForTests>) => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchBrowser();
  });
  afterAll(async () => {
    await browser?.close();
  });

  const admin = async (path: string, body: object) =>
    (
      await service.request<{ readonly url: string; readonly id: string }>(path, {
        method: "POST",
        headers: { "x-admin-key": ADMIN_KEY },
        body: JSON.stringify(body),
      })
    ).body;

  return {
    admin,
    setUpToken: () => service.run(Effect.map(Accounts, (accounts) => accounts.renewSetUpToken())),
    /** A page in a browser profile of its own, without cookies. */
    open: async (path: string): Promise<Opened> => {
      const context = await browser.newContext({ viewport: { width: 1000, height: 800 } });
      const page = await context.newPage();
      page.setDefaultTimeout(15_000);
      const complaints: Array<string> = [];
      page.on("console", (message) => {
        const isRefusal = /Failed to load resource.*(?:40[0-9]|429)/.test(message.text());
        if (["error", "warning"].includes(message.type()) && !isRefusal) complaints.push(message.text());
      });
      page.on("pageerror", ({ message }) => complaints.push(message));
      await page.goto(service.url() + path);
      return { page, complaints, [Symbol.asyncDispose]: () => context.close() };
    },
  };
};
