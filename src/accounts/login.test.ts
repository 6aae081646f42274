import { beforeAll, describe, expect, test } from "bun:test";
import { serviceForTests } from "../testing/service/in-process.ts";
import { type Browser, PASSWORD, peopleOf } from "./testing/people.ts";

const service = serviceForTests({ settings: { trustedProxies: "loopback" } });
const people = peopleOf(service);

const first = { email: "Ada@Example.org ", name: "Ada", password: PASSWORD };
let owner: Browser;

beforeAll(async () => {
  owner = people.browser();
});

describe("the set-up link", () => {
  test("is refused with another token, and one before the last is none", async () => {
    const old = await people.setUpToken();
    await people.setUpToken();
    for (const token of ["nothing", old]) {
      const { status, body } = await owner.ask("POST", "/v1/auth/setup", { ...first, token });
      expect([status, body.code]).toEqual([404, "link_invalid"]);
    }
    expect(owner.cookies.size).toBe(0);
  });

  test.each([
    ["short", "ninechars"],
    ["too long", "x".repeat(201)],
    ["common", "Password123"],
    ["the e-mail address", "ada@example.org"],
  ])("takes no password that is %s", async (_, password) => {
    const token = await people.setUpToken();
    const { status, body } = await owner.ask("POST", "/v1/auth/setup", { ...first, token, password });
    expect([status, body.parameter]).toEqual([400, "password"]);
  });

  test("makes one account, however often it is used at the same time, and then is of no use", async () => {
    const token = await people.setUpToken();
    const tried = await Promise.all(
      [1, 2, 3].map(async (n) => {
        const own = people.browser();
        const { status } = await own.ask("POST", "/v1/auth/setup", {
          ...first,
          token,
          email: `ada${n}@example.org`,
        });
        return { own, status };
      }),
    );
    expect(tried.map(({ status }) => status).sort()).toEqual([201, 404, 404]);
    owner = tried.find(({ status }) => status === 201)?.own ?? owner;
    expect((await owner.ask("POST", "/v1/auth/setup", { ...first, token })).status).toBe(404);
    expect(await people.setUpToken()).toBeUndefined();
    const { body } = await owner.ask("GET", "/v1/auth/session");
    expect(body).toMatchObject({
      account: { name: "Ada", is_instance_owner: true },
      projects: [{ id: "default", name: "Default", role: "owner" }],
    });
  });
});

describe("a session", () => {
  const loginOver = async (headers: Record<string, string>) => {
    await people.member("default", "viewer", "cookie@example.org").catch(() => {});
    const { headers: answered } = await people
      .browser()
      .ask("POST", "/v1/auth/login", { email: "cookie@example.org", password: PASSWORD }, { headers });
    return answered.getSetCookie();
  };

  test("is a cookie that no script reads and no other site sends along", async () => {
    const [cookie, ...more] = await loginOver({});
    expect(cookie).toMatch(/^footfall=[\w-]{43}; Path=\/; Max-Age=7776000; HttpOnly; SameSite=Lax$/);
    expect(more).toEqual([]);
  });

  test("is bound to this host and TLS where the request came over TLS, by a trusted proxy's word", async () => {
    const [cookie] = await loginOver({ "x-forwarded-proto": "https" });
    expect(cookie).toMatch(
      /^__Host-footfall=[\w-]{43}; Path=\/; Max-Age=7776000; HttpOnly; SameSite=Lax; Secure$/,
    );
    // A page without TLS could plant this name.
    const planted = people.browser();
    planted.cookies.set("footfall", cookie?.slice(16, 59) ?? "");
    expect((await planted.ask("GET", "/v1/auth/session")).status).toBe(401);
    planted.cookies.set("__Host-footfall", cookie?.slice(16, 59) ?? "");
    expect((await planted.ask("GET", "/v1/auth/session")).status).toBe(200);
  });

  test("is over at once after the logout, and its cookie gone", async () => {
    const own = await people.logIn("cookie@example.org");
    const stolen = people.browser();
    stolen.cookies.set("footfall", own.session);
    expect((await stolen.ask("GET", "/v1/auth/session")).status).toBe(200);
    expect((await own.ask("POST", "/v1/auth/logout")).status).toBe(204);
    expect(own.cookies.size).toBe(0);
    for (const browser of [own, stolen]) {
      const { status, body } = await browser.ask("GET", "/v1/auth/session");
      expect([status, body.code]).toEqual([401, "login_needed"]);
      expect((await browser.ask("GET", "/v1/stats/metrics")).status).toBe(401);
    }
  });

  test("can be seen and ended by its own account alone", async () => {
    const here = await people.logIn("cookie@example.org");
    const there = await people.logIn("cookie@example.org");
    type Listed = { data: ReadonlyArray<{ id: string; is_current: boolean; agent: string }> };
    const { body } = await there.ask<Listed>("GET", "/v1/auth/sessions");
    const id = body.data.find(({ is_current }) => is_current)?.id ?? "";
    expect(body.data.filter(({ is_current }) => is_current).length).toBe(1);
    const foreign = await owner.ask("DELETE", `/v1/auth/sessions/${id}`);
    expect([foreign.status, foreign.body.code]).toEqual([404, "unknown_session"]);
    expect((await here.ask("DELETE", `/v1/auth/sessions/${id}`)).status).toBe(204);
    expect((await there.ask("GET", "/v1/auth/session")).status).toBe(401);
    expect((await here.ask("GET", "/v1/auth/session")).status).toBe(200);
  });

  test("ends when the password is changed, in every browser, and this one has a new one", async () => {
    const own = await people.member("default", "viewer", "changes@example.org");
    const other = await people.logIn("changes@example.org");
    const before = own.session;
    const wrong = await own.ask("POST", "/v1/auth/password", {
      current: "not the password",
      password: "ten lives and no tail",
    });
    expect([wrong.status, wrong.body.code]).toEqual([401, "login_refused"]);
    const body = { current: PASSWORD, password: "ten lives and no tail" };
    expect((await own.ask("POST", "/v1/auth/password", body)).status).toBe(204);
    expect(own.session).not.toBe(before);
    expect((await own.ask("GET", "/v1/auth/session")).status).toBe(200);
    expect((await other.ask("GET", "/v1/auth/session")).status).toBe(401);
    const stolen = people.browser();
    stolen.cookies.set("footfall", before);
    expect((await stolen.ask("GET", "/v1/auth/session")).status).toBe(401);
    await people.logIn("changes@example.org", "ten lives and no tail");
    await expect(people.logIn("changes@example.org")).rejects.toThrow("login: 401");
  });

  test("is one of fifty of its account at most", async () => {
    const oldest = await people.member("default", "viewer", "many@example.org");
    for (let n = 0; n < 50; n++) {
      // Each from an address of its own.
      await people.logIn("many@example.org", PASSWORD, people.browser(`203.0.113.${n}`));
    }
    expect((await oldest.ask("GET", "/v1/auth/session")).status).toBe(401);
  });
});
