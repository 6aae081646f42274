import { beforeAll, describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import { type Browser, PASSWORD, peopleOf } from "./testing/people.ts";

const service = serviceForTests({ settings: { trustedProxies: "loopback" } });
const people = peopleOf(service);

const adminKey = { "x-admin-key": ADMIN_KEY };

let project: string;
/** Before there is anybody who may do everything. */
let lonely: Browser;
let owner: Browser;

const idOf = async (own: Browser): Promise<string> =>
  (await own.ask<{ account: { id: string } }>("GET", "/v1/auth/session")).body.account.id;
const leave = (own: Browser, password = PASSWORD, more = {}) =>
  own.ask("POST", "/v1/auth/delete", { password }, more);
const accept = async (token: string, email: string) =>
  (
    await people
      .browser()
      .ask("POST", "/v1/auth/accept", { token, email, name: "Somebody", password: PASSWORD })
  ).status;
const membersOf = async (of: string) =>
  (await people.admin<{ data: ReadonlyArray<{ email: string }> }>("GET", `/v1/projects/${of}/members`)).data;

beforeAll(async () => {
  project = (await people.admin("POST", "/v1/projects", { name: "Shop" })).id;
  lonely = await people.member(project, "owner", "lonely@example.org");
});

describe("somebody who leaves", () => {
  test("stays where nobody else could manage a project", async () => {
    const refused = await leave(lonely);
    expect([refused.status, refused.body.code]).toEqual([409, "last_owner"]);
    expect((await lonely.ask("GET", "/v1/auth/session")).status).toBe(200);
    owner = await people.setUp();
    expect((await leave(lonely)).status).toBe(204);
  });

  test("is gone at once: every session, membership and invitation, and the name in every table", async () => {
    const email = "leaver@example.org";
    const own = await people.member(project, "owner", email);
    const elsewhere = await people.logIn(email);
    const id = await idOf(own);
    const made = await own.ask<{ url: string }>("POST", `/v1/projects/${project}/invites`, { role: "owner" });
    const invited = await people.admin("POST", "/v1/projects/default/invites", { role: "viewer", email });
    const others = await people.admin("POST", "/v1/projects/default/invites", { role: "viewer" });
    const reset = await owner.ask<{ url: string }>("POST", `/v1/accounts/${id}/reset`);

    expect((await leave(own)).status).toBe(204);
    expect(own.session).toBe("");
    expect((await elsewhere.ask("GET", "/v1/auth/session")).status).toBe(401);
    expect((await elsewhere.ask("GET", `/v1/stats/realtime?project=${project}`)).status).toBe(401);
    expect((await membersOf(project)).map((member) => member.email)).not.toContain(email);
    const login = await people.browser().ask("POST", "/v1/auth/login", { email, password: PASSWORD });
    expect([login.status, login.body.code]).toEqual([401, "login_refused"]);
    expect(await accept(people.tokenOf(made.body.url), "again@example.org")).toBe(404);
    expect(await accept(people.tokenOf(invited.url), email)).toBe(404);
    expect(await accept(people.tokenOf(others.url), "other@example.org")).toBe(200);
    const used = await people.browser().ask("POST", "/v1/auth/reset", {
      ...{ token: people.tokenOf(reset.body.url), password: "eleven pipers piping" },
    });
    expect(used.status).toBe(404);

    const tables = ["accounts", "project_invites", "project_members", "account_sessions", "audit_log"];
    for (const table of tables) {
      const rows = await service.run(
        Effect.flatMap(ClickHouse, ({ query }) => query(`SELECT * FROM ${table}`)),
      );
      expect([table, JSON.stringify(rows).includes("leaver")]).toEqual([table, false]);
    }

    const acts = async (of: string) =>
      (
        await people.admin<{
          data: ReadonlyArray<{ action: string; actor: string; subject: string }>;
        }>("GET", `/v1/audit?project=${of}`)
      ).data.filter(({ subject, actor }) => subject === id && actor === `account ${id}`);
    expect((await acts("default")).map(({ action }) => action)).toEqual(["account.deleted"]);
    expect((await acts(project)).map(({ action }) => action)).toEqual(["member.removed", "member.added"]);

    // Whoever has the address now is somebody else.
    const again = await people.member("default", "viewer", email);
    expect(await idOf(again)).not.toBe(id);
    expect((await again.ask("GET", `/v1/stats/realtime?project=${project}`)).status).toBe(403);
  });

  test("is watched leaving: the numbers of the moment end with the account", async () => {
    const own = await people.member("default", "viewer", "watcher@example.org");
    const cookie = [...own.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const socket = new WebSocket(`${service.url().replace("http", "ws")}/v1/realtime`, {
      headers: { cookie, origin: service.url() },
    } as never);
    const closed = new Promise<number>((resolve) => {
      socket.onclose = ({ code }) => resolve(code);
    });
    await new Promise((resolve) => {
      socket.onmessage = resolve;
    });
    expect((await leave(own)).status).toBe(204);
    expect(await closed).toBe(1008);
  }, 15_000);

  test("needs the password, which is tried no more often than at the login, and a page of this host", async () => {
    const own = await people.member("default", "viewer", "stays@example.org");
    const foreign = await leave(own, PASSWORD, { origin: "https://evil.example" });
    expect([foreign.status, foreign.body.code]).toEqual([403, "csrf"]);
    expect((await leave(own, PASSWORD, { headers: { "content-type": "text/plain" } })).status).toBe(403);
    expect((await own.ask("POST", "/v1/auth/delete", {})).status).toBe(400);
    expect((await people.browser().ask("POST", "/v1/auth/delete", { password: PASSWORD })).status).toBe(401);
    // What was tried before the right password is forgiven.
    await people.logIn("stays@example.org", PASSWORD, own);
    for (let n = 0; n < 10; n++) expect((await leave(own, `wrong ${n}`)).status).toBe(401);
    expect((await leave(own)).status).toBe(429);
    expect((await own.ask("GET", "/v1/auth/session")).status).toBe(200);
  });
});

describe("an account that is deleted by somebody else", () => {
  test("is gone, whoever may do everything", async () => {
    for (const [n, remove] of [
      (id: string) => owner.ask("DELETE", `/v1/accounts/${id}`),
      (id: string) => service.request(`/v1/accounts/${id}`, { method: "DELETE", headers: adminKey }),
    ].entries()) {
      const own = await people.member("default", "owner", `fired${n}@example.org`);
      const id = await idOf(own);
      expect((await remove(id)).status).toBe(204);
      expect((await own.ask("GET", "/v1/auth/session")).status).toBe(401);
      expect((await remove(id)).status).toBe(404);
    }
  });

  test("cannot come back by an invitation that it makes meanwhile", async () => {
    const own = await people.member("default", "owner", "stubborn@example.org");
    const id = await idOf(own);
    const made: Array<string> = [];
    let isOver = false;
    const inviting = (async () => {
      while (!isOver) {
        const { status, body } = await own.ask<{ url: string }>("POST", "/v1/projects/default/invites", {
          role: "owner",
        });
        if (status === 201) made.push(people.tokenOf(body.url));
      }
    })();
    while (made.length < 3) await Bun.sleep(5);
    expect((await owner.ask("DELETE", `/v1/accounts/${id}`)).status).toBe(204);
    isOver = true;
    await inviting;
    for (const token of made) expect(await accept(token, "stubborn@example.org")).toBe(404);
  }, 30_000);

  test("takes with it the links to others' passwords that it has made", async () => {
    const rogue = await people.member("default", "viewer", "rogue@example.org");
    const id = await idOf(rogue);
    await owner.ask("PATCH", `/v1/accounts/${id}`, { is_instance_owner: true });
    const victim = await idOf(owner);
    const made = await rogue.ask<{ url: string }>("POST", `/v1/accounts/${victim}/reset`);
    expect(made.status).toBe(201);
    expect((await owner.ask("DELETE", `/v1/accounts/${id}`)).status).toBe(204);
    const used = await people.browser().ask("POST", "/v1/auth/reset", {
      ...{ token: people.tokenOf(made.body.url), password: "eleven pipers piping" },
    });
    expect([used.status, used.body.code]).toEqual([404, "link_invalid"]);
  });

  test("is another one than one's own", async () => {
    const { status, body } = await owner.ask("DELETE", `/v1/accounts/${await idOf(owner)}`);
    expect([status, body.code]).toEqual([403, "forbidden"]);
  });
});

describe("the last owner of the installation", () => {
  test("stays, however it is tried", async () => {
    const id = await idOf(owner);
    const tries = [
      await leave(owner),
      await owner.ask("PATCH", `/v1/accounts/${id}`, { is_instance_owner: false }),
      await service.request<{ code: string }>(`/v1/accounts/${id}`, { method: "DELETE", headers: adminKey }),
    ];
    for (const { status, body } of tries) expect([status, body.code]).toEqual([409, "last_owner"]);
    expect((await owner.ask("GET", "/v1/auth/session")).body.account).toMatchObject({
      is_instance_owner: true,
    });
  });

  test("may go once there is another, and of two who leave at the same time one stays", async () => {
    const heir = await people.member("default", "viewer", "heir@example.org");
    const heirId = await idOf(heir);
    const made = await owner.ask("PATCH", `/v1/accounts/${heirId}`, { is_instance_owner: true });
    expect([made.status, made.body]).toMatchObject([200, { id: heirId, is_instance_owner: true }]);
    expect((await heir.ask("GET", "/v1/accounts")).status).toBe(200);
    const statuses = await Promise.all([owner, heir].map(async (own) => (await leave(own)).status));
    expect(statuses.toSorted()).toEqual([204, 409]);
    const { data } = await people.admin<{ data: ReadonlyArray<{ is_instance_owner: boolean }> }>(
      "GET",
      "/v1/accounts",
    );
    expect(data.filter((account) => account.is_instance_owner)).toHaveLength(1);
  });
});
