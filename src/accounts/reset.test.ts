import { beforeAll, describe, expect, test } from "bun:test";
import { Clock, Effect, Layer } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { serviceForTests } from "../testing/service/in-process.ts";
import { type Browser, PASSWORD, peopleOf } from "./testing/people.ts";

const HOUR_MS = 3_600_000;
let laterMs = 0;
const live = Clock.make();
/** A clock that can be put forward. */
const clock = Layer.setClock({
  ...live,
  [Clock.ClockTypeId]: Clock.ClockTypeId,
  sleep: (duration) => live.sleep(duration),
  unsafeCurrentTimeMillis: () => live.unsafeCurrentTimeMillis() + laterMs,
  currentTimeMillis: Effect.map(live.currentTimeMillis, (now) => now + laterMs),
  unsafeCurrentTimeNanos: () => live.unsafeCurrentTimeNanos(),
  currentTimeNanos: live.currentTimeNanos,
});

const service = serviceForTests({ settings: { trustedProxies: "loopback" }, ground: clock });
const people = peopleOf(service);
const NEW = "eleven pipers piping";

let owner: Browser;

const idOf = async (own: Browser): Promise<string> =>
  (await own.ask<{ account: { id: string } }>("GET", "/v1/auth/session")).body.account.id;
const linkFor = async (id: string, by = owner): Promise<string> => {
  const { status, body } = await by.ask<{ url: string }>("POST", `/v1/accounts/${id}/reset`);
  expect(status).toBe(201);
  return people.tokenOf(body.url);
};
const use = (token: string, password = NEW, own = people.browser(), more = {}) =>
  own.ask("POST", "/v1/auth/reset", { token, password }, more);
const login = async (email: string, password: string) =>
  (await people.browser().ask("POST", "/v1/auth/login", { email, password })).status;

beforeAll(async () => {
  owner = await people.setUp();
});

describe("a link to a new password", () => {
  test("gives one, logs in, and ends every other session; the link is told once", async () => {
    const email = "forgetful@example.org";
    const own = await people.member("default", "viewer", email);
    const elsewhere = await people.logIn(email);
    const id = await idOf(own);
    const made = await owner.ask<{ url: string; expires_at: string; account: string }>(
      "POST",
      `/v1/accounts/${id}/reset`,
    );
    expect(made.body.url).toMatch(/^\/reset#token=[\w-]{43}$/);
    expect(made.body.account).toBe(id);
    expect(Date.parse(made.body.expires_at) - Date.now()).toBeLessThanOrEqual(24 * HOUR_MS);
    const token = people.tokenOf(made.body.url);

    // Until it is used nothing has changed.
    expect((await elsewhere.ask("GET", "/v1/auth/session")).status).toBe(200);
    const here = people.browser();
    const { status, body } = await use(token, NEW, here);
    expect([status, body.account]).toMatchObject([200, { id, email }]);
    expect((await here.ask("GET", "/v1/auth/session")).status).toBe(200);
    for (const other of [own, elsewhere]) {
      expect((await other.ask("GET", "/v1/auth/session")).status).toBe(401);
    }
    expect(await login(email, PASSWORD)).toBe(401);
    expect(await login(email, NEW)).toBe(200);
  });

  test("is made by the admin key too, and lists of accounts tell nothing of it", async () => {
    const own = await people.member("default", "viewer", "asks@example.org");
    const { url } = await people.admin("POST", `/v1/accounts/${await idOf(own)}/reset`);
    const list = await owner.ask<{ data: ReadonlyArray<{ email: string }> }>("GET", "/v1/accounts");
    expect(list.body.data.map(({ email }) => email)).toContain("asks@example.org");
    expect(list.text).not.toContain(people.tokenOf(url));
    expect(list.text).not.toContain("argon2id");
    const invites = await owner.ask("GET", "/v1/projects/default/invites");
    expect(invites.text).not.toContain(await idOf(own));
    expect((await use(people.tokenOf(url))).status).toBe(200);
  });

  test("a password that may not be one does not use it up", async () => {
    const own = await people.member("default", "viewer", "careless@example.org");
    const token = await linkFor(await idOf(own));
    for (const password of ["short", "careless@example.org", "password123"]) {
      const { status, body } = await use(token, password);
      expect([password, status, body.parameter]).toEqual([password, 400, "password"]);
    }
    expect((await use(token)).status).toBe(200);
  });

  test("stands in the audit log, with who made it and who used it, and without a secret", async () => {
    const own = await people.member("default", "viewer", "audited@example.org");
    const id = await idOf(own);
    const token = await linkFor(id);
    await use(token);
    const { data } = await people.admin<{
      data: ReadonlyArray<{ action: string; actor: string; subject: string }>;
    }>("GET", "/v1/audit");
    const acts = data.filter(({ subject }) => subject === id).map(({ action, actor }) => [action, actor]);
    expect(acts.slice(0, 2)).toEqual([
      ["account.password_reset", `account ${id}`],
      ["account.reset_created", `account ${await idOf(owner)}`],
    ]);
    expect(JSON.stringify(data)).not.toContain(token);
    expect(JSON.stringify(data)).not.toContain("example.org");
  });
});

describe("attacks on a link to a new password", () => {
  const victim = async (name: string) => {
    const own = await people.member("default", "viewer", `${name}@example.org`);
    return { own, id: await idOf(own), email: `${name}@example.org` };
  };
  const isRefused = async (token: string, email: string) => {
    const { status, body } = await use(token, "the thief's own words");
    expect([status, body.code]).toEqual([404, "link_invalid"]);
    expect(await login(email, "the thief's own words")).toBe(401);
  };

  test("it is good once, also for two at the same time", async () => {
    const { id, email } = await victim("once");
    const token = await linkFor(id);
    const tried = await Promise.all(
      [1, 2, 3].map(async (n) => (await use(token, `${NEW} number ${n}`)).status),
    );
    expect(tried.toSorted()).toEqual([200, 404, 404]);
    await isRefused(token, email);
  });

  test("it is good for a day", async () => {
    const { id, email } = await victim("late");
    const token = await linkFor(id);
    laterMs = 24 * HOUR_MS;
    await isRefused(token, email);
    laterMs = 24 * HOUR_MS - 60_000;
    expect((await use(token)).status).toBe(200);
    laterMs = 0;
  });

  test("a later link takes its place, and a changed password ends it", async () => {
    const { own, id, email } = await victim("twice");
    const first = await linkFor(id);
    const second = await linkFor(id);
    await isRefused(first, email);
    const body = { current: PASSWORD, password: NEW };
    expect((await own.ask("POST", "/v1/auth/password", body)).status).toBe(204);
    await isRefused(second, email);
  });

  test("it opens its own account and no other, and is no session, invitation or shared link", async () => {
    const { id } = await victim("mine");
    const other = await victim("theirs");
    const token = await linkFor(id);
    const { status, body } = await people.browser().ask("POST", "/v1/auth/reset", {
      ...{ token, password: NEW, account: other.id },
    });
    expect([status, body.parameter]).toEqual([400, "account"]);
    for (const [route, more] of [
      ["accept", { name: "T", email: "t@example.org", password: PASSWORD }],
      ["share", {}],
      ["setup", { name: "T", email: "t@example.org", password: PASSWORD }],
    ] as const) {
      const answer = await people.browser().ask("POST", `/v1/auth/${route}`, { token, ...more });
      expect([route, answer.status]).toEqual([route, 404]);
    }
    const thief = people.browser();
    thief.cookies.set("footfall", token);
    expect((await thief.ask("GET", "/v1/auth/session")).status).toBe(401);
    expect((await use(token)).body.account).toMatchObject({ id });
    expect(await login(other.email, PASSWORD)).toBe(200);
    // Nor is an invitation a link to a password.
    const invite = await people.admin("POST", "/v1/projects/default/invites", { role: "owner" });
    await isRefused(people.tokenOf(invite.url), other.email);
  });

  test("wrong, cut or changed tokens open nothing, and what the database has is of no use", async () => {
    const { id, email } = await victim("guessed");
    const token = await linkFor(id);
    for (const guess of [token.slice(0, -1), `${token}A`, token.toLowerCase(), ` ${token}`, "x"]) {
      await isRefused(guess, email);
    }
    const rows = await service.run(
      Effect.flatMap(ClickHouse, ({ query }) =>
        query<Record<string, unknown>>(
          "SELECT * FROM project_invites WHERE role = 'reset' AND email = {id:String}",
          { id },
        ),
      ),
    );
    expect(rows).toHaveLength(1);
    for (const value of Object.values(rows[0] ?? {})) {
      expect(String(value)).not.toContain(token);
      if (typeof value === "string" && value !== "") await isRefused(value, email);
    }
  });

  test("another site cannot use one, nor make one with somebody's cookies", async () => {
    const { id, email } = await victim("elsewhere");
    const foreign = { origin: "https://evil.example" };
    const token = await linkFor(id);
    const used = await use(token, NEW, people.browser(), foreign);
    expect([used.status, used.body.code]).toEqual([403, "csrf"]);
    const form = { headers: { "content-type": "text/plain" } };
    expect((await use(token, NEW, people.browser(), form)).status).toBe(403);
    for (const sent of [foreign, { origin: null }]) {
      const made = await owner.ask("POST", `/v1/accounts/${id}/reset`, undefined, sent);
      expect([made.status, made.body.code]).toEqual([403, "csrf"]);
    }
    expect(await login(email, PASSWORD)).toBe(200);
  });

  test("nobody but owners of the installation makes one, and none for themselves", async () => {
    const { id, own } = await victim("powerless");
    const projectOwner = await people.member("default", "owner", "boss@example.org");
    for (const who of [own, projectOwner]) {
      for (const [method, path, body] of [
        ["POST", `/v1/accounts/${id}/reset`, undefined],
        ["GET", "/v1/accounts", undefined],
        ["PATCH", `/v1/accounts/${id}`, { is_instance_owner: true }],
        ["DELETE", `/v1/accounts/${id}`, undefined],
      ] as const) {
        expect([method, path, (await who.ask(method, path, body)).status]).toEqual([method, path, 403]);
      }
    }
    // A browser that is left open is no way to the account itself.
    const self = await owner.ask("POST", `/v1/accounts/${await idOf(owner)}/reset`);
    expect([self.status, self.body.code]).toEqual([403, "forbidden"]);
    const nobody = await owner.ask("POST", "/v1/accounts/nobody/reset");
    expect([nobody.status, nobody.body.code]).toEqual([404, "unknown_account"]);
  });

  test("tokens are tried no more often than passwords", async () => {
    const own = people.browser("198.51.100.77");
    const statuses: Array<number> = [];
    for (let n = 0; n < 11; n++) statuses.push((await use("the same guess", NEW, own)).status);
    expect(statuses).toEqual([...Array(10).fill(404), 429]);
    for (let n = 0; n < 90; n++) await use(`guess ${n}`, NEW, own);
    const { status, body } = await use("one more", NEW, own);
    expect([status, body.code]).toEqual([429, "too_many_attempts"]);
  });
});
