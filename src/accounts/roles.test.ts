import { beforeAll, describe, expect, test } from "bun:test";
import type { Grant } from "../access/access.ts";
import { serviceForTests } from "../testing/service/in-process.ts";
import { type Browser, peopleOf } from "./testing/people.ts";
import { documentedRoutes, type WalkedRoute } from "./testing/walk.ts";

const service = serviceForTests({ settings: { trustedProxies: "loopback" } });
const people = peopleOf(service);

let owner: Browser;
let project: string;
let other: string;
let closed: ReadonlyArray<WalkedRoute>;
let everybody: Readonly<Record<"viewer" | "editor" | "owner" | "link", Browser>>;

beforeAll(async () => {
  owner = await people.setUp();
  project = (await people.admin("POST", "/v1/projects", { name: "Own" })).id;
  other = (await people.admin("POST", "/v1/projects", { name: "zebra-of-the-other" })).id;
  await people.member(other, "owner", "stranger@example.org");
  const { url } = await people.admin("POST", `/v1/projects/${project}/shares`, { name: "Link" });
  const link = people.browser();
  await link.ask("POST", "/v1/auth/share", { token: people.tokenOf(url) });
  everybody = {
    viewer: await people.member(project, "viewer", "viewer@example.org"),
    editor: await people.member(project, "editor", "editor@example.org"),
    owner: await people.member(project, "owner", "project-owner@example.org"),
    link,
  };
  closed = (await documentedRoutes(service)).filter(({ name }) => grantOf(name) !== undefined);
});

const open = /^(?:post \/v1\/events|get \/(?:health|ready|metrics|analytics\.js)|\w+ \/v1\/auth\/.*)$/;

/** What each route needs; one that is not known here needs a decision. */
const grantOf = (name: string): Grant | undefined => {
  if (open.test(name)) return undefined;
  if (/^get \/v1\/(?:events|export)$/.test(name)) return "events";
  if (/^(?:get|post) \/v1\/stats\//.test(name)) return "read";
  if (/^get \/v1\/funnels/.test(name)) return "read";
  if (name === "get /v1/identities") return "events";
  if (/^\w+ \/v1\/(?:funnels|identities)/.test(name)) return "edit";
  if (name === "post /v1/projects" || /^\w+ \/v1\/accounts/.test(name)) return "everything";
  if (/^\w+ \/v1\/(?:projects|webhooks|audit|privacy)/.test(name)) return "manage";
  throw new Error(`who may ${name}?`);
};

/** Tried at the end by who may do it: there is nothing to ask about afterwards. */
const DELETION = "delete /v1/projects/{id}";

const grants: Readonly<Record<keyof typeof everybody, ReadonlyArray<Grant>>> = {
  link: ["read"],
  viewer: ["read", "events"],
  editor: ["read", "events", "edit"],
  owner: ["read", "events", "edit", "manage"],
};
const names = Object.keys(grants) as ReadonlyArray<keyof typeof everybody>;

describe.each(names)("%s", (who) => {
  test("may do what the role gives in its project, and nothing more", async () => {
    for (const route of closed) {
      const grant = grantOf(route.name) as Grant;
      if (route.name === DELETION && grants[who].includes(grant)) continue;
      const { status, body } = await everybody[who].ask(
        ...([route.method, route.path(project), route.body(project)] as const),
      );
      const isLetIn = status !== 401 && status !== 403;
      expect({ route: route.name, isLetIn, code: isLetIn ? undefined : body.code }).toEqual({
        route: route.name,
        isLetIn: grants[who].includes(grant),
        code: grants[who].includes(grant) ? undefined : "forbidden",
      });
    }
  });

  test("is refused everything of another project, there or not, in the same words", async () => {
    for (const route of closed) {
      // What lists projects names none, nor does what is done to accounts, or a receipt.
      if (/^(?:get|post) \/v1\/projects$|\/v1\/accounts|\/erasures\/\{id\}$/.test(route.name)) continue;
      const ask = (named: string) => everybody[who].ask(route.method, route.path(named), route.body(named));
      const there = await ask(other);
      const nowhere = await ask("no-such-project");
      expect([route.name, there.status]).toEqual([route.name, 403]);
      expect(there.text).not.toContain("zebra");
      expect([route.name, nowhere.status, nowhere.text]).toEqual([route.name, 403, there.text]);
    }
  });

  test("is told of its own project alone", async () => {
    const { text } = await everybody[who].ask("GET", "/v1/projects");
    expect(text).not.toContain("zebra");
    const session = await everybody[who].ask("GET", "/v1/auth/session");
    expect(session.status).toBe(who === "link" ? 401 : 200);
    expect(session.text).not.toContain("zebra");
  });
});

test("the owner of the installation may do everything everywhere, and hears that a project is not there", async () => {
  for (const route of closed) {
    if (route.name === DELETION) continue;
    const { status } = await owner.ask(route.method, route.path(other), route.body(other));
    expect([route.name, status === 401 || status === 403]).toEqual([route.name, false]);
  }
  const { status, body } = await owner.ask("GET", "/v1/stats/realtime?project=no-such-project");
  expect([status, body.code]).toEqual([404, "unknown_project"]);
});

describe("a role that tries more than it may", () => {
  test.each([
    { role: "instance_owner" },
    { role: "admin" },
    { role: "owner", is_instance_owner: true },
    { role: ["owner"] },
    { role: "__proto__" },
    {},
  ])("cannot invite with %j", async (body) => {
    const { status } = await everybody.owner.ask("POST", `/v1/projects/${project}/invites`, body);
    expect(status).toBe(400);
  });

  test("cannot make itself more in any body that it may send", async () => {
    const { body } = await everybody.owner.ask<{ data: ReadonlyArray<{ id: string; email: string }> }>(
      "GET",
      `/v1/projects/${project}/members`,
    );
    const viewer = body.data.find(({ email }) => email === "viewer@example.org")?.id ?? "";
    const path = `/v1/projects/${project}/members/${viewer}`;
    for (const who of ["viewer", "editor"] as const) {
      expect((await everybody[who].ask("PATCH", path, { role: "owner" })).status).toBe(403);
      expect(
        (await everybody[who].ask("POST", `/v1/projects/${project}/invites`, { role: "owner" })).status,
      ).toBe(403);
    }
    expect(
      (await everybody.owner.ask("PATCH", path, { role: "viewer", is_instance_owner: true })).status,
    ).toBe(400);
    // A member of one project is none of another's, whoever asks by whichever project.
    const elsewhere = await people.logIn("stranger@example.org");
    expect(
      (await elsewhere.ask("PATCH", `/v1/projects/${other}/members/${viewer}`, { role: "owner" })).status,
    ).toBe(404);
  });

  test("is out at once when it is taken away, in every browser", async () => {
    const gone = await people.member(project, "owner", "gone@example.org");
    const { body } = await gone.ask<{ account: { id: string } }>("GET", "/v1/auth/session");
    const path = `/v1/projects/${project}/members/${body.account.id}`;
    expect((await everybody.owner.ask("PATCH", path, { role: "viewer" })).body).toMatchObject({
      role: "viewer",
    });
    expect((await gone.ask("GET", `/v1/projects/${project}/keys`)).status).toBe(403);
    expect((await gone.ask("GET", `/v1/stats/realtime?project=${project}`)).status).toBe(200);
    expect((await everybody.owner.ask("DELETE", path)).status).toBe(204);
    expect((await gone.ask("GET", `/v1/stats/realtime?project=${project}`)).status).toBe(403);
    expect((await gone.ask("GET", "/v1/auth/session")).body).toMatchObject({ projects: [] });
  });
});

test("without a name the only project is meant, or the default one if it may be seen, else one has to be named", async () => {
  const own = await people.member(project, "viewer", "several@example.org");
  const meant = async () => {
    const { status, body } = await own.ask("GET", "/v1/stats/realtime");
    return [status, body.parameter];
  };
  expect(await meant()).toEqual([200, undefined]);
  const join = async (id: string) => {
    const { url } = await people.admin("POST", `/v1/projects/${id}/invites`, { role: "viewer" });
    expect((await own.ask("POST", "/v1/auth/accept", { token: people.tokenOf(url) })).status).toBe(200);
  };
  await join(other);
  expect(await meant()).toEqual([400, "project"]);
  await join("default");
  expect(await meant()).toEqual([200, undefined]);
});

test("an owner of a project may delete it, and so may the owner of the installation", async () => {
  expect((await everybody.owner.ask("DELETE", `/v1/projects/${project}`)).status).toBe(202);
  expect((await owner.ask("DELETE", `/v1/projects/${other}`)).status).toBe(202);
});
