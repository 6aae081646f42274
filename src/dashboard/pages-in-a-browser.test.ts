import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { serviceForTests } from "../testing/service/in-process.ts";
import { arrived, PASSWORD, pagesOf, shot } from "./testing/pages.ts";

setDefaultTimeout(60_000);

const service = serviceForTests();
const { open, admin, setUpToken } = pagesOf(service);

test("the set-up link leads to the first account, says what is wrong beside its field, and then to its page", async () => {
  await using opened = await open(`/setup#token=${await setUpToken()}`);
  const { page, complaints } = opened;
  await shot(page, "setup");
  await page.getByLabel("Name").fill("Ada Lovelace");
  await page.getByLabel("E-mail").fill("ada@example.org");
  await page.getByRole("button", { name: "Make the account" }).click();
  expect(await page.locator("#password-error").textContent()).toBe("Password is needed.");
  await page.getByLabel("Password").fill("short");
  await page.getByLabel("Password").press("Enter");
  await page.locator("#password-error:has-text('It takes 10 to 200 characters.')").waitFor();
  expect(await page.getByLabel("Password").getAttribute("aria-invalid")).toBe("true");
  await shot(page, "setup-wrong");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByLabel("Password").press("Enter");
  await arrived(page);
  await page.getByText("ada@example.org").waitFor();
  expect(await page.locator("h1").textContent()).toBe("Hello, Ada Lovelace");
  expect(await page.locator(".projects li").allTextContents()).toEqual(["Defaultowner"]);
  await shot(page, "account");
  expect(page.url()).not.toContain("token");
  expect(complaints).toEqual([]);
  await page.getByRole("button", { name: "Log out" }).click();
  await page.waitForURL("**/login");
  await page.goto(`${service.url()}/account`);
  await page.waitForURL("**/login");
});

describe("the login", () => {
  test("lets in with the right password and the keyboard alone, and says so when it is wrong", async () => {
    await using opened = await open("/login");
    const { page, complaints } = opened;
    await page.getByLabel("E-mail").fill("ada@example.org");
    await page.keyboard.press("Tab");
    await page.keyboard.type("not the password");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Space");
    expect(await page.getByLabel("Password").getAttribute("type")).toBe("text");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.locator(".alert:visible").waitFor();
    expect(await page.getByRole("alert").textContent()).toBe(
      "The e-mail address or the password is not right.",
    );
    await shot(page, "login-wrong");
    await page.getByLabel("Password").fill(PASSWORD);
    await page.keyboard.press("Enter");
    await arrived(page);
    expect(complaints).toEqual([]);
  });
});

test("an invitation makes an account, or is taken by who is logged in", async () => {
  const { id } = await admin("/v1/projects", { name: "A shop with <b>bold</b> name" });
  const invite = () => admin(`/v1/projects/${id}/invites`, { role: "editor" });
  await using opened = await open((await invite()).url);
  const { page, complaints } = opened;
  await page.getByLabel("Name").fill("Bob");
  await shot(page, "invite");
  await page.getByLabel("E-mail").fill("bob@example.org");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.locator("form").getByRole("button", { name: "Accept" }).click();
  await arrived(page);
  await page.locator(".projects li").waitFor();
  expect(await page.locator(".projects li").allTextContents()).toEqual([
    "A shop with <b>bold</b> nameeditor",
  ]);

  const second = await admin("/v1/projects", { name: "Second" });
  const { url } = await admin(`/v1/projects/${second.id}/invites`, { role: "viewer" });
  await page.goto(service.url() + url);
  await page.getByText("You are logged in as bob@example.org.").waitFor();
  await shot(page, "invite-logged-in");
  await page.getByRole("button", { name: "Accept" }).first().click();
  await arrived(page);
  await page.locator(".projects li").nth(1).waitFor();
  expect(complaints).toEqual([]);
});

test("a link to a new password gives one, and leads in", async () => {
  const invite = await admin("/v1/projects/default/invites", { role: "viewer" });
  const accepted = await service.request<{ readonly account: { readonly id: string } }>("/v1/auth/accept", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({
      ...{ token: invite.url.slice(invite.url.indexOf("=") + 1), name: "Carl" },
      ...{ email: "carl@example.org", password: PASSWORD },
    }),
  });
  const { url } = await admin(`/v1/accounts/${accepted.body.account.id}/reset`, {});
  await using opened = await open(url);
  const { page, complaints } = opened;
  await shot(page, "reset");
  await page.getByLabel("Password").fill("carl@example.org");
  await page.getByRole("button", { name: "Save the password" }).click();
  await page.locator("#password-error:has-text('must not be the e-mail address')").waitFor();
  await page.getByLabel("Password").fill("eleven pipers piping");
  await page.getByRole("button", { name: "Save the password" }).click();
  await arrived(page);
  await page.getByText("carl@example.org").waitFor();
  expect(complaints).toEqual([]);

  await page.goto(service.url() + url);
  await page.getByLabel("Password").fill("twelve drummers drumming");
  await page.getByRole("button", { name: "Save the password" }).click();
  await page.locator(".alert:visible").waitFor();
  expect(await page.getByRole("alert").textContent()).toStartWith("The link is not valid.");
});

test("a shared link shows its numbers, after its password if it has one", async () => {
  const events = [1, 2, 3].map((n) => ({
    event_type: "page_view",
    site_id: "example.org",
    visitor_id: `visitor ${n % 2}`,
    page_url: `https://example.org/${n}`,
  }));
  await service.post({ events });
  await service.settled();
  const { url } = await admin("/v1/projects/default/shares", {
    name: "For the board",
    password: "open for the board",
  });
  await using opened = await open(url);
  const { page, complaints } = opened;
  await page.getByLabel("Password").fill("wrong");
  await page.getByRole("button", { name: "Open" }).click();
  await page.getByText("The password is not right.").waitFor();
  await shot(page, "share-wrong");
  await page.getByLabel("Password").fill("open for the board");
  await page.keyboard.press("Enter");
  await page.locator("#numbers:visible").waitFor();
  expect(await page.locator("h1").textContent()).toBe("For the board");
  expect(await page.locator("#pageviews").textContent()).toBe("3");
  expect(await page.locator("#visitors").textContent()).toBe("2");
  await shot(page, "share");
  expect(complaints).toEqual([]);
});

test.each(["/setup", "/invite", "/share"])("%s without a link says what is missing", async (path) => {
  await using opened = await open(path);
  await opened.page.locator(".alert:visible").waitFor();
  expect(await opened.page.getByRole("alert").textContent()).toContain("link");
  expect(opened.complaints).toEqual([]);
});

test.each(["/setup", "/login", "/invite", "/share", "/account"])(
  "%s runs nothing but its own file",
  async (path) => {
    const response = await fetch(service.url() + path);
    expect(response.headers.get("content-security-policy")).toBe(
      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'",
    );
    const body = await response.text();
    expect(body).not.toMatch(/<script(?![^>]*\ssrc="\/)|<style|\sstyle=|\son\w+=|javascript:|https?:/i);
    for (const [, own = ""] of body.matchAll(/(?:src|href)="([^"]+)"/g)) {
      expect([own, (await fetch(service.url() + own)).status]).toEqual([own, 200]);
    }
  },
);

test("the pages fit a small screen, and every field has a label", async () => {
  await using opened = await open(`/setup#token=x`);
  const { page } = opened;
  await page.setViewportSize({ width: 320, height: 640 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  for (const input of await page.locator("input").all()) {
    const id = await input.getAttribute("id");
    expect([id, await page.locator(`label[for=${id}]`).count()]).toEqual([id, 1]);
  }
  await shot(page, "setup-small");
});
