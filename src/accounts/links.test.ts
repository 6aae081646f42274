import { beforeAll, describe, expect, test } from "bun:test";
import { serviceForTests } from "../testing/service/in-process.ts";
import { type Browser, PASSWORD, peopleOf } from "./testing/people.ts";

const service = serviceForTests({ settings: { trustedProxies: "loopback" } });
const people = peopleOf(service);

interface Member {
  readonly id: string;
  readonly email: string;
  readonly role: string;
}
type List<Entry> = { readonly data: ReadonlyArray<Entry> };

let project: string;
let owner: Browser;

beforeAll(async () => {
  project = (await people.admin("POST", "/v1/projects", { name: "Shop" })).id;
  owner = await people.member(project, "owner", "olga@example.org");
});

const path = (rest: string) => `/v1/projects/${project}/${rest}`;
const invite = (body: object) => people.admin("POST", path("invites"), body);
const membersNow = async () => (await people.admin<List<Member>>("GET", path("members"))).data;
const newcomer = (token: string, email: string, more: object = {}) => ({
  ...{ token, email, name: "Newcomer", password: PASSWORD },
  ...more,
});

describe("an invitation", () => {
  test("makes an account and a member, once; the link is told once", async () => {
    const made = await invite({ role: "editor" });
    expect(made.url).toMatch(/^\/invite#token=[\w-]{43}$/);
    const token = people.tokenOf(made.url);
    const listed = await owner.ask<List<{ id: string }>>("GET", path("invites"));
    expect(listed.body.data.map(({ id }) => id)).toContain(made.id);
    expect(listed.text).not.toContain(token);

    const own = people.browser();
    const { status, body } = await own.ask("POST", "/v1/auth/accept", newcomer(token, "Eva@Example.org"));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      account: { email: "eva@example.org", is_instance_owner: false },
      project: { id: project, name: "Shop", role: "editor" },
    });
    expect((await own.ask("GET", "/v1/auth/session")).body).toMatchObject({
      projects: [{ id: project, role: "editor" }],
    });
    const again = await people.browser().ask("POST", "/v1/auth/accept", newcomer(token, "other@example.org"));
    expect([again.status, again.body.code]).toEqual([404, "link_invalid"]);
    expect((await membersNow()).map(({ email, role }) => [email, role])).toContainEqual([
      "eva@example.org",
      "editor",
    ]);
  });

  test("makes one member of those who take it at the same time, and an account for nobody else", async () => {
    const token = people.tokenOf((await invite({ role: "viewer" })).url);
    const tried = await Promise.all(
      [1, 2, 3, 4].map(async (n) => {
        const own = people.browser();
        return (await own.ask("POST", "/v1/auth/accept", newcomer(token, `race${n}@example.org`))).status;
      }),
    );
    expect(tried.sort()).toEqual([200, 404, 404, 404]);
    const logins = await Promise.all(
      [1, 2, 3, 4].map(
        async (n) =>
          (
            await people
              .browser()
              .ask("POST", "/v1/auth/login", { email: `race${n}@example.org`, password: PASSWORD })
          ).status,
      ),
    );
    expect(logins.sort()).toEqual([200, 401, 401, 401]);
  });

  test("is taken by who has an account already: logged in, or with its password and no other", async () => {
    const second = (await people.admin("POST", "/v1/projects", { name: "Second" })).id;
    const link = async () =>
      people.tokenOf((await people.admin("POST", `/v1/projects/${second}/invites`, { role: "viewer" })).url);
    const loggedIn = await people.logIn("olga@example.org");
    const session = loggedIn.session;
    expect((await loggedIn.ask("POST", "/v1/auth/accept", { token: await link() })).status).toBe(200);
    expect(loggedIn.session).toBe(session);

    const token = await link();
    const wrong = await people
      .browser()
      .ask("POST", "/v1/auth/accept", newcomer(token, "eva@example.org", { password: "not the password" }));
    expect([wrong.status, wrong.body.code]).toEqual([401, "login_refused"]);
    expect(
      (await people.browser().ask("POST", "/v1/auth/accept", newcomer(token, "eva@example.org"))).status,
    ).toBe(200);
  });

  test("never takes anything away", async () => {
    const token = people.tokenOf((await invite({ role: "viewer" })).url);
    await owner.ask("POST", "/v1/auth/accept", { token });
    expect((await membersNow()).find(({ email }) => email === "olga@example.org")?.role).toBe("owner");
  });

  test("of an address is for the account of that address alone", async () => {
    const token = people.tokenOf((await invite({ role: "viewer", email: "Invited@Example.org" })).url);
    const other = await people.browser().ask("POST", "/v1/auth/accept", newcomer(token, "thief@example.org"));
    expect([other.status, other.body.parameter]).toEqual([400, "email"]);
    expect((await owner.ask("POST", "/v1/auth/accept", { token })).status).toBe(403);
    const { status, body } = await people
      .browser()
      .ask("POST", "/v1/auth/accept", { token, name: "Invited", password: PASSWORD });
    expect([status, body.account]).toMatchObject([200, { email: "invited@example.org" }]);
  });

  test("is of no use once it is revoked or has expired", async () => {
    const revoked = await invite({ role: "viewer" });
    expect((await owner.ask("DELETE", path(`invites/${revoked.id}`))).status).toBe(204);
    expect((await owner.ask("DELETE", path(`invites/${revoked.id}`))).status).toBe(404);
    const expired = await invite({ role: "viewer", expires: new Date(Date.now() + 100).toISOString() });
    await Bun.sleep(120);
    for (const { url } of [revoked, expired]) {
      const token = people.tokenOf(url);
      const { status } = await people
        .browser()
        .ask("POST", "/v1/auth/accept", newcomer(token, "late@example.org"));
      expect(status).toBe(404);
    }
  });
});

describe("members", () => {
  test("the last owner stays, unless somebody may manage every project", async () => {
    const olga = (await membersNow()).find(({ email }) => email === "olga@example.org")?.id;
    for (const [method, body] of [
      ["PATCH", { role: "editor" }],
      ["DELETE", undefined],
    ] as const) {
      const { status, body: answer } = await owner.ask(method, path(`members/${olga}`), body);
      expect([status, answer.code]).toEqual([409, "last_owner"]);
    }
    await people.setUp("root@example.org");
    expect((await owner.ask("DELETE", path(`members/${olga}`))).status).toBe(204);
    expect((await owner.ask("GET", path("members"))).status).toBe(403);
    owner = await people.logIn("root@example.org");
  });
});

describe("a shared link", () => {
  const share = (body: object) => people.admin("POST", path("shares"), { name: "For the board", ...body });
  const open = (own: Browser, token: string, password?: string) =>
    own.ask("POST", "/v1/auth/share", { token, ...(password === undefined ? {} : { password }) });
  const numbers = async (own: Browser) =>
    (await own.ask("GET", `/v1/stats/realtime?project=${project}`)).status;

  test("reads the numbers of its project, and no single events", async () => {
    const made = await share({});
    expect(made.url).toMatch(/^\/share#token=[\w-]{43}$/);
    const own = people.browser();
    const { status, body, headers } = await open(own, people.tokenOf(made.url));
    expect(status).toBe(200);
    expect(body).toEqual({ name: "For the board", project: { id: project, name: "Shop", timezone: "UTC" } });
    expect(headers.getSetCookie()[0]).toMatch(
      /^footfall-share-\w{26}=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; SameSite=Lax$/,
    );
    expect(await numbers(own)).toBe(200);
    expect((await own.ask("GET", "/v1/stats/realtime")).status).toBe(200);
    for (const closed of ["/v1/events", "/v1/export", "/v1/audit", "/v1/webhooks"]) {
      expect((await own.ask("GET", `${closed}?project=${project}`)).status).toBe(403);
    }
    expect((await own.ask("GET", "/v1/stats/realtime?project=default")).status).toBe(403);
    expect((await own.ask("GET", "/v1/auth/session")).status).toBe(401);
  });

  test("with a password is opened by who knows it; it is asked for, and guessed at no more than a login", async () => {
    const token = people.tokenOf((await share({ password: "open for the board" })).url);
    const own = people.browser();
    const missing = await open(own, token);
    expect([missing.status, missing.body.code]).toEqual([401, "password_needed"]);
    for (let n = 0; n < 10; n++) {
      const { status, body } = await open(own, token, `wrong ${n}`);
      expect([status, body.code]).toEqual([401, "password_wrong"]);
    }
    expect((await open(own, token, "open for the board")).status).toBe(429);
    const other = people.browser();
    expect((await open(other, token, "open for the board")).status).toBe(200);
    expect(await numbers(other)).toBe(200);
    // The link alone is no opener, nor is another link's password.
    const [name = "", opener = ""] = [...other.cookies][0] ?? [];
    for (const forged of [token, `${token}.`, `${token}.x`, `${opener}.x`, opener.split(".")[1] ?? ""]) {
      const thief = people.browser();
      thief.cookies.set(name, forged);
      expect([forged, await numbers(thief)]).toEqual([forged, 401]);
    }
  });

  test("opens nothing from the moment that it is revoked, nor once it has expired", async () => {
    const revoked = await share({ password: "open for the board" });
    const brief = await share({ expires: new Date(Date.now() + 400).toISOString() });
    const own = people.browser();
    const late = people.browser();
    await open(own, people.tokenOf(revoked.url), "open for the board");
    await open(late, people.tokenOf(brief.url));
    expect([await numbers(own), await numbers(late)]).toEqual([200, 200]);
    expect((await owner.ask("DELETE", path(`shares/${revoked.id}`))).status).toBe(204);
    await Bun.sleep(420);
    expect([await numbers(own), await numbers(late)]).toEqual([401, 401]);
    expect((await open(own, people.tokenOf(revoked.url), "open for the board")).body.code).toBe(
      "link_invalid",
    );
  });

  test("is open beside others and beside a session, and neither takes from the other", async () => {
    const second = (await people.admin("POST", "/v1/projects", { name: "Third" })).id;
    const own = await people.member(second, "viewer", "both@example.org");
    await open(own, people.tokenOf((await share({})).url));
    expect(await numbers(own)).toBe(200);
    expect((await own.ask("GET", `/v1/stats/realtime?project=${second}`)).status).toBe(200);
    expect((await own.ask("GET", `/v1/events?project=${second}`)).status).toBe(200);
    expect((await own.ask("GET", `/v1/events?project=${project}`)).status).toBe(403);
  });

  test("is told once, and what it is called is told to its project's owners", async () => {
    const made = await share({ name: "Quarterly", password: "open for the board" });
    const listed = await owner.ask<List<object>>("GET", path("shares"));
    expect(listed.body.data).toContainEqual(
      expect.objectContaining({ id: made.id, name: "Quarterly", has_password: true, expires_at: null }),
    );
    expect(listed.text).not.toContain(people.tokenOf(made.url));
  });
});

test("every change of people and links stands in the audit log, without a secret", async () => {
  const { data } = await people.admin<List<{ action: string; actor: string }>>(
    "GET",
    `/v1/audit?project=${project}`,
  );
  const actions = new Set(data.map(({ action }) => action));
  for (const action of [
    "member.added",
    "member.removed",
    "invite.created",
    "invite.revoked",
    "share.created",
    "share.revoked",
  ]) {
    expect([action, actions.has(action)]).toEqual([action, true]);
  }
  expect(data.some(({ action, actor }) => action === "share.revoked" && /^account \w{26}$/.test(actor))).toBe(
    true,
  );
  expect(JSON.stringify(data)).not.toContain("example.org");
});
