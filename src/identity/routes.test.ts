import { expect, test } from "bun:test";
import { serviceForTests } from "../testing/service/in-process.ts";
import { at, identify, nowMs, type Person, peopleIn, view } from "./testing/people.ts";

const service = serviceForTests();
const { call, makeProject, makeThreeDevices, visitors } = peopleIn(service);

test("a person is told with the devices, when they were seen, and the traits that were sent last", async () => {
  const project = await makeThreeDevices();
  const person = await project.person("user-42");
  expect(person).toMatchObject({ user_id: "user-42", traits: { plan: "team" }, total: 3 });
  expect(person.data.map(({ first_at, last_at, state }) => [first_at, last_at, state])).toEqual([
    [at(1, -5), at(1), "linked"],
    [at(2), at(2), "linked"],
    [at(4), at(4), "linked"],
  ]);
  for (const { visitor_id } of person.data) expect(visitor_id).toMatch(/^[1-9]\d+$/);
  expect(await project.person("nobody we know")).toEqual({
    user_id: "nobody we know",
    traits: null,
    data: [],
    total: 0,
  });
  const { body: two } = await call<Person>(
    "GET",
    `/v1/identities?user_id=user-42&limit=2&project=${project.id}`,
  );
  expect([two.data.length, two.total]).toEqual([2, 3]);
});

test("an undone link stays undone for what happened before, and a later one holds", async () => {
  const project = await makeProject();
  await project.send(view("a", at(4)), view("b", at(4)), identify("a", 7, at(3)), identify("b", 7, at(2)));
  expect(await visitors(project, 4, 4)).toBe(1);
  const [last] = (await project.person("7")).data;
  const link = { project: project.id, user_id: 7, visitor_id: last?.visitor_id ?? "" };

  const unlinked = await call("POST", "/v1/identities/unlink", link);
  expect(unlinked).toMatchObject({ status: 200, body: { id: last?.id as string, state: "unlinked" } });
  expect(await visitors(project, 4, 4)).toBe(2);
  expect((await project.person("7")).data.map(({ state }) => state)).toEqual(["unlinked", "linked"]);

  // It was on its way.
  await project.send(identify("b", 7, new Date(nowMs - 1000).toISOString()));
  expect(await visitors(project, 4, 4)).toBe(2);

  expect((await call("POST", "/v1/identities/relink", link)).body).toMatchObject({ state: "linked" });
  expect(await visitors(project, 4, 4)).toBe(1);
  await call("POST", "/v1/identities/unlink", link);
  expect(await visitors(project, 4, 4)).toBe(2);
  await project.send(identify("b", 7, new Date().toISOString()));
  expect(await visitors(project, 4, 4)).toBe(1);

  const { data } = await project.ask<{ data: ReadonlyArray<{ action: string; subject: string }> }>(
    "/v1/audit",
  );
  const acts = data.filter(({ action }) => action.startsWith("identity."));
  expect(acts.map(({ action, subject }) => [action, subject])).toEqual(
    ["unlinked", "relinked", "unlinked"].map((done) => [`identity.${done}`, last?.id ?? ""]),
  );
  expect(JSON.stringify(acts)).not.toContain(link.visitor_id);
});

test("a sender whose clock is ahead is unlinked all the same", async () => {
  const project = await makeProject();
  const ahead = new Date(Date.now() + 4 * 60_000).toISOString();
  await project.send(identify("a", "u", ahead), identify("b", "u", ahead));
  const [link] = (await project.person("u")).data;
  const body = { project: project.id, user_id: "u", visitor_id: link?.visitor_id };
  expect((await call("POST", "/v1/identities/unlink", body)).body).toMatchObject({ state: "unlinked" });
});

test("a user who is named by an e-mail address is found by it, though it is stored nowhere", async () => {
  const project = await makeProject();
  await project.send(identify("a", "mary@example.com", at(1)), identify("b", "mary@example.com", at(1)));
  const person = await project.person("mary@example.com");
  expect(person.data.map(({ state }) => state)).toEqual(["linked", "linked"]);
  const stored = await service.rows<{ user_id: string }>(
    "SELECT DISTINCT user_id FROM daily_identities WHERE project_id = {id:String}",
    { id: project.id },
  );
  expect(stored.map(({ user_id }) => user_id)).not.toContain("mary@example.com");
  const body = { project: project.id, user_id: "mary@example.com", visitor_id: person.data[0]?.visitor_id };
  expect((await call("POST", "/v1/identities/unlink", body)).body).toMatchObject({ state: "unlinked" });
});

test("whoever reads may see links, and not change them", async () => {
  const project = await makeProject();
  await project.send(identify("a", "u", at(1)));
  const listed = await call<Person>("GET", "/v1/identities?user_id=u", undefined, project.readKey);
  expect(listed).toMatchObject({ status: 200, body: { total: 1 } });
  const body = { user_id: "u", visitor_id: listed.body.data[0]?.visitor_id };
  for (const way of ["unlink", "relink"]) {
    expect((await call("POST", `/v1/identities/${way}`, body, project.readKey)).status).toBe(403);
  }
  expect((await project.person("u")).data[0]?.state).toBe("linked");
});

const wrongBodies: ReadonlyArray<readonly [object, number, object]> = [
  [{ visitor_id: "1" }, 400, { parameter: "user_id" }],
  [{ user_id: "u" }, 400, { parameter: "visitor_id" }],
  [{ user_id: "u", visitor_id: 1 }, 400, { parameter: "visitor_id" }],
  [{ user_id: "u", visitor_id: "18446744073709551616" }, 400, { parameter: "visitor_id" }],
  [{ user_id: "a\u0000b", visitor_id: "1" }, 400, { parameter: "user_id" }],
  [{ user_id: "u", visitor_id: "1", project: 1 }, 400, { parameter: "project" }],
  [{ user_id: "u", visitor_id: "1", undo: true }, 400, { parameter: "undo" }],
  [{ user_id: "' OR 1 --", visitor_id: "1" }, 404, { code: "unknown_link" }],
];
test.each(wrongBodies)("%j is refused and named", async (body, status, problem) => {
  expect(await call<object>("POST", "/v1/identities/unlink", body)).toMatchObject({ status, body: problem });
});
