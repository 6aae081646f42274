import { beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import type { Page } from "playwright-core";
import { peopleOf } from "../accounts/testing/people.ts";
import { serviceForTests } from "../testing/service/in-process.ts";
import { arrived, type Opened, PASSWORD, pagesOf, shot } from "./testing/pages.ts";

setDefaultTimeout(60_000);

const service = serviceForTests({ settings: { trustedProxies: "loopback" } });
const people = peopleOf(service);
const { open } = pagesOf(service);

const NEW_PASSWORD = "ten lives and no tail";
const OWNER = "owner@example.org";

let shop: string;

beforeAll(async () => {
  shop = (await people.admin("POST", "/v1/projects", { name: "Shop" })).id;
  await people.setUp(OWNER);
});

const fillLogin = async (page: Page, email: string, password: string): Promise<void> => {
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(password);
  await page.keyboard.press("Enter");
};

/** The account's page, after its login. */
const openAs = async (email: string): Promise<Opened> => {
  const opened = await open("/login");
  await fillLogin(opened.page, email, PASSWORD);
  await arrived(opened.page);
  await opened.page.getByRole("heading", { name: "Password", exact: true }).waitFor();
  return opened;
};

const loginStatus = async (email: string, password: string): Promise<number> =>
  (await people.browser().ask("POST", "/v1/auth/login", { email, password })).status;

describe("the own password", () => {
  const change = async (page: Page, current: string, next: string): Promise<void> => {
    await page.getByLabel("Current password").fill(current);
    await page.getByLabel("New password").fill(next);
    await page.getByRole("button", { name: "Change the password" }).click();
  };

  test("is changed by who knows the present one; from then on the new one alone is taken, and other browsers are logged out", async () => {
    const email = "dora@example.org";
    const elsewhere = await people.member("default", "viewer", email);
    await using opened = await openAs(email);
    const { page, complaints } = opened;
    await page.getByRole("button", { name: /Log out .*unknown/ }).waitFor();

    await change(page, "not the password", NEW_PASSWORD);
    await page.locator("#current-error:has-text('This is not your password.')").waitFor();
    const current = page.getByLabel("Current password");
    expect(await current.getAttribute("aria-invalid")).toBe("true");
    expect(await current.evaluate((input) => input === document.activeElement)).toBe(true);
    await shot(page, "password-wrong", true);

    await change(page, PASSWORD, "short");
    await page.locator("#password-error:has-text('It takes 10 to 200 characters.')").waitFor();
    expect(await page.locator("#current-error").isVisible()).toBe(false);
    expect(await loginStatus(email, PASSWORD)).toBe(200);

    await change(page, PASSWORD, NEW_PASSWORD);
    await page.getByRole("status").getByText("Your password is changed.").waitFor();
    expect(await current.inputValue()).toBe("");
    await page.locator(".sessions li:only-child:has-text('This browser')").waitFor();
    await shot(page, "password-changed", true);
    expect((await elsewhere.ask("GET", "/v1/auth/session")).status).toBe(401);
    expect([await loginStatus(email, PASSWORD), await loginStatus(email, NEW_PASSWORD)]).toEqual([401, 200]);

    await page.getByRole("button", { name: "Log out here" }).click();
    await page.waitForURL("**/login");
    await fillLogin(page, email, NEW_PASSWORD);
    await arrived(page);
    expect(complaints).toEqual([]);
  });

  test("says to password managers whose it is, and which field is which", async () => {
    await using opened = await openAs(OWNER);
    const fields = await opened.page
      .locator("#password-form input")
      .evaluateAll((inputs) => inputs.map((input) => input.getAttribute("autocomplete")));
    expect(fields).toEqual(["username", "current-password", "new-password"]);
    expect(await opened.page.locator("#password-form .username").inputValue()).toBe(OWNER);
  });

  test("is asked for again at the login where the session has ended meanwhile", async () => {
    await using opened = await openAs(OWNER);
    const { page } = opened;
    await page.context().clearCookies();
    await change(page, PASSWORD, NEW_PASSWORD);
    await page.waitForURL("**/login");
    expect(await loginStatus(OWNER, PASSWORD)).toBe(200);
  });
});

test("the sessions of the account are listed, and end one at a time or all at once, but for this one", async () => {
  const email = "emil@example.org";
  const others = [await people.member(shop, "viewer", email)];
  for (let n = 0; n < 2; n++) others.push(await people.logIn(email));
  const alive = async () =>
    (await Promise.all(others.map((own) => own.ask("GET", "/v1/auth/session")))).filter(
      ({ status }) => status === 200,
    ).length;
  await using opened = await openAs(email);
  const { page, complaints } = opened;
  const rows = page.locator(".sessions li");
  await shot(page, "sessions", true);
  expect(await rows.count()).toBe(4);
  expect(await rows.first().textContent()).toMatch(/This browser, since .*\d/);
  expect(await rows.first().getByRole("button").count()).toBe(0);

  await rows.nth(1).getByRole("button").press("Enter");
  await page.getByRole("status").getByText("An unknown browser is logged out.").waitFor();
  expect([await rows.count(), await alive()]).toEqual([3, 2]);
  expect(await page.evaluate(() => document.activeElement?.id)).toBe("sessions-title");

  await page.getByRole("button", { name: "Log out everywhere else" }).click();
  await page.getByRole("status").getByText("You are logged out everywhere but here.").waitFor();
  expect([await rows.count(), await alive()]).toEqual([1, 0]);
  expect(await page.getByRole("button", { name: "Log out everywhere else" }).count()).toBe(0);
  await page.reload();
  await rows.first().waitFor();
  expect(complaints).toEqual([]);
});

describe("leaving", () => {
  const ask = (page: Page) => page.getByRole("button", { name: "Delete the account…" }).click();
  const confirm = (page: Page) =>
    page.getByRole("dialog").getByRole("button", { name: "Delete the account" }).click();

  test("asks for the password and whether one is sure, and removes the account then", async () => {
    const email = "fred@example.org";
    await people.member(shop, "editor", email);
    await using opened = await openAs(email);
    const { page, complaints } = opened;
    await ask(page);
    const dialog = page.getByRole("dialog", { name: "Delete your account?" });
    const field = dialog.getByLabel("Your password");
    expect(await field.evaluate((input) => input === document.activeElement)).toBe(true);
    await shot(page, "leaving");

    await field.fill("not the password");
    await field.press("Enter");
    await dialog.getByText("Tick the box if you are sure.").waitFor();
    await dialog.getByLabel("Delete my account for good").press("Space");
    await confirm(page);
    await dialog.getByText("This is not your password.").waitFor();
    await shot(page, "leaving-wrong");

    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("leave");
    await ask(page);
    expect(await field.inputValue()).toBe("");
    expect(await dialog.getByRole("checkbox").isChecked()).toBe(false);
    expect(await dialog.getByText("This is not your password.").isVisible()).toBe(false);
    expect(await loginStatus(email, PASSWORD)).toBe(200);

    await field.fill(PASSWORD);
    await dialog.getByRole("checkbox").check();
    await confirm(page);
    await page.waitForURL("**/login");
    await page.getByRole("status").getByText("Your account is deleted.").waitFor();
    await shot(page, "deleted");
    expect(await loginStatus(email, PASSWORD)).toBe(401);
    await page.goto(`${service.url()}/account`);
    await page.waitForURL("**/login");
    expect(complaints).toEqual([]);
  });

  test("is refused to the last owner, who is told what to do first", async () => {
    await using opened = await openAs(OWNER);
    const { page, complaints } = opened;
    await ask(page);
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Your password").fill(PASSWORD);
    await dialog.getByRole("checkbox").check();
    await confirm(page);
    await dialog.getByRole("alert").waitFor();
    expect(await dialog.getByRole("alert").textContent()).toBe(
      "Nobody could manage the whole installation any more. Make somebody else an owner first.",
    );
    await shot(page, "leaving-last-owner");
    await dialog.getByRole("button", { name: "Cancel" }).click();
    expect(await loginStatus(OWNER, PASSWORD)).toBe(200);
    await page.reload();
    await page.getByText(OWNER).waitFor();
    expect(complaints).toEqual([]);
  });
});

test("the account's page fits a small screen, and every field of it has a label", async () => {
  const email = "a-very-long-name-before-the-sign@a-very-long-host-name.example.org";
  await people.member(shop, "viewer", email);
  await using opened = await openAs(email);
  const { page } = opened;
  await page.setViewportSize({ width: 360, height: 740 });
  await shot(page, "account-small", true);
  await page.getByRole("button", { name: "Delete the account…" }).click();
  await shot(page, "leaving-small");
  await page.setViewportSize({ width: 320, height: 568 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(320);
  expect(
    await page.locator("dialog").evaluate(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth),
  ).toBe(0);
  const ids = await page.locator("[id]").evaluateAll((all) => all.map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
  for (const input of await page.locator("input:not([hidden])").all()) {
    const id = await input.getAttribute("id");
    expect([id, await page.locator(`label[for=${id}]`).count()]).toEqual([id, 1]);
  }
});
