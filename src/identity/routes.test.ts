import { beforeAll, describe, expect, test } from "bun:test";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";

const service = serviceForTests();

const DAY_MS = 86_400_000;
const nowMs = Date.now();
const day = (ago: number): string => new Date(nowMs - ago * DAY_MS).toISOString().slice(0, 10);
/** The middle of a day in UTC, so that a few minutes more are the same day. */
const at = (ago: number, minutes = 0): string =>
  new Date(Date.parse(`${day(ago)}T12:00:00Z`) + minutes * 60_000).toISOString();

interface Link {
  readonly id: string;
  readonly visitor_id: string;
  readonly first_at: string;
  readonly last_at: string;
  readonly state: string;
}

interface Person {
  readonly user_id: string;
  readonly traits: object | null;
  readonly data: ReadonlyArray<Link>;
  readonly total: number;
}

const call = async <Body = Link>(method: string, path: string, body?: object, key = ADMIN_KEY) =>
  await service.request<Body>(path, {
    method,
    headers: { authorization: `Bearer ${key}` },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

interface Made {
  readonly id: string;
  readonly key: string;
}

/** A project of its own, and what sends to it. */
const makeProject = async () => {
  const { body: project } = await call<Made>("POST", "/v1/projects", { name: "People" });
  const keyOf = async (kind: string) =>
    (await call<Made>("POST", `/v1/projects/${project.id}/keys`, { kind, label: kind })).body.key;
  const api_key = await keyOf("secret");
  return {
    id: project.id,
    readKey: await keyOf("read"),
    send: async (...events: ReadonlyArray<object>) => {
      const sent = events.map((event) => ({ site_id: "example.org", ...event }));
      expect((await service.post({ events: sent, api_key })).body).toEqual({
        accepted: events.length,
        rejected: 0,
      });
      await service.settled();
    },
    ask: async <Body>(path: string) =>
      (await call<Body>("GET", `${path}${path.includes("?") ? "&" : "?"}project=${project.id}`)).body,
    person: async (user: string) =>
      (await call<Person>("GET", `/v1/identities?project=${project.id}&user_id=${encodeURIComponent(user)}`))
        .body,
  };
};
type Project = Awaited<ReturnType<typeof makeProject>>;

const view = (visitor_id: string, occurred_at: string, page = "/") => ({
  event_type: "page_view",
  visitor_id,
  occurred_at,
  page_path: page,
});
const identify = (visitor_id: string, user_id: string | number, occurred_at: string, properties = {}) => ({
  event_type: "identify",
  visitor_id,
  user_id,
  occurred_at,
  properties,
});

const visitors = async (project: Project, from: number, to: number, people = "linked"): Promise<number> =>
  (
    await project.ask<{ metrics: { visitors: { value: number } } }>(
      `/v1/stats/metrics?metrics=visitors&people=${people}&from=${day(from)}&to=${day(to)}`,
    )
  ).metrics.visitors.value;

describe("a person on three devices, and a stranger", () => {
  let project: Project;
  beforeAll(async () => {
    project = await makeProject();
    await project.send(
      view("phone", at(5), "/a"),
      view("laptop", at(5), "/b"),
      view("stranger", at(5), "/a"),
      view("tablet", at(3), "/a"),
      { ...view("phone", at(3, 1)), event_type: "conversion" },
      identify("phone", "user-42", at(4), { plan: "free" }),
      identify("tablet", "user-42", at(2), { plan: "pro", seats: 3 }),
      identify("laptop", "user-42", at(1, -5)),
      identify("laptop", "user-42", at(1), { plan: "team" }),
    );
    // Somebody else says the same of the same device.
    const elsewhere = await makeProject();
    await elsewhere.send(identify("stranger", "user-42", at(1)));
  });

  test("counts once, also for times before and after the links were made", async () => {
    expect(await visitors(project, 5, 5, "visitors")).toBe(3);
    expect(await visitors(project, 5, 5)).toBe(2);
    expect(await visitors(project, 3, 3, "visitors")).toBe(2);
    expect(await visitors(project, 3, 3)).toBe(1);
    expect(await visitors(project, 6, 0)).toBe(2);
  });

  test("counts once per bucket, value, cohort and funnel; sessions and events stay what they are", async () => {
    const range = `people=linked&from=${day(5)}&to=${day(3)}`;
    const series = await project.ask<{ data: ReadonlyArray<object> }>(
      `/v1/stats/timeseries?metric=visitors,sessions&${range}`,
    );
    expect(series.data).toEqual([
      { bucket: day(5), visitors: 2, sessions: 3 },
      { bucket: day(4), visitors: 1, sessions: 1 },
      { bucket: day(3), visitors: 1, sessions: 2 },
    ]);
    const plain = await project.ask<{ data: ReadonlyArray<object> }>(
      `/v1/stats/timeseries?event_type=page_view&${range}`,
    );
    expect(plain.data).toEqual([
      { bucket: day(5), count: 3, unique_visitors: 2 },
      { bucket: day(4), count: 0, unique_visitors: 0 },
      { bucket: day(3), count: 1, unique_visitors: 1 },
    ]);
    expect(
      await project.ask(`/v1/stats/breakdown?dimension=page&metric=visitors,conversion_rate&${range}`),
    ).toMatchObject({
      data: [
        { dimension: "/a", visitors: 2, conversion_rate: 0 },
        { dimension: "", visitors: 1 },
        { dimension: "/", visitors: 1, conversion_rate: 100 },
        { dimension: "/b", visitors: 1 },
      ],
      total: { visitors: 2, conversion_rate: 50 },
    });
    expect(
      await project.ask(`/v1/stats/breakdown?dimension=entry_page&metric=visitors,sessions&${range}`),
    ).toMatchObject({ total: { visitors: 2, sessions: 6 } });
    expect(await project.ask(`/v1/stats/retention?${range}`)).toMatchObject({
      cohorts: [{ size: 2, values: [{ visitors: 2 }, { visitors: 1 }, { visitors: 1 }] }, {}, { size: 0 }],
    });
    const funnel = {
      project: project.id,
      from: day(5),
      to: day(3),
      window: 30 * 86_400,
      steps: [
        { event_type: "page_view", filter: "page:is:/b" },
        { event_type: "page_view", filter: "page:is:/a" },
        { event_type: "conversion" },
      ],
    };
    expect((await call<object>("POST", "/v1/stats/funnel", funnel)).body).toMatchObject({
      steps: [{ count: 1 }, { count: 0 }, { count: 0 }],
    });
    expect(
      (await call<object>("POST", "/v1/stats/funnel", { ...funnel, people: "linked" })).body,
    ).toMatchObject({ steps: [{ count: 1 }, { count: 1 }, { count: 1 }] });
  });

  test("is told with the devices, when they were seen, and the traits that were sent last", async () => {
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

  test("an answer about people may change with any event, so that none is kept", async () => {
    const tagOf = async (people: string) => {
      const path = `/v1/stats/metrics?people=${people}&from=${day(50)}&to=${day(49)}&project=${project.id}`;
      return (await call<object>("GET", path)).headers.get("etag");
    };
    expect(await tagOf("visitors")).toBeString();
    expect(await tagOf("linked")).toBeNull();
  });
});

test("a device that two people use one after the other counts as the last one's", async () => {
  const project = await makeProject();
  await project.send(
    view("family", at(4)),
    view("work", at(4)),
    identify("family", "mother", at(3)),
    identify("work", "mother", at(3)),
  );
  expect(await visitors(project, 4, 4)).toBe(1);
  await project.send(identify("family", "son", at(2)), identify("family", "mother", at(3, 1)));
  expect(await visitors(project, 4, 4)).toBe(2);
  const states = async (user: string) => (await project.person(user)).data.map(({ state }) => state).sort();
  expect(await states("mother")).toEqual(["linked", "moved"]);
  expect(await states("son")).toEqual(["linked"]);
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

test("ids that senders write for nobody link nobody", async () => {
  const project = await makeProject();
  await project.send(
    ...["a", "b", "c"].map((visitor) => view(visitor, at(2))),
    identify("a", "undefined", at(1)),
    identify("b", "undefined", at(1)),
    identify("a", "NULL", at(1, 1)),
    identify("c", 0, at(1)),
    identify("b", 0, at(1)),
  );
  expect(await visitors(project, 2, 2)).toBe(3);
  expect((await project.person("undefined")).data.map(({ state }) => state)).toEqual(["ignored", "ignored"]);
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

const range = `from=${day(1)}&to=${day(0)}`;
const unsupported = [
  `/v1/stats/widgets?${range}`,
  `/v1/stats/posts?${range}`,
  `/v1/stats/paths?start=/&${range}`,
  `/v1/stats/anomalies?site_id=example.org`,
  `/v1/events?${range}`,
  `/v1/export?format=csv&${range}`,
];
test.each(unsupported)("%s says that it does not count people", async (path) => {
  expect(await call<object>("GET", `${path}&people=linked`)).toMatchObject({
    status: 400,
    body: { code: "invalid_parameter", parameter: "people" },
  });
});

test("a funnel by session, and a rule that is none, are refused", async () => {
  const funnel = { from: day(1), to: day(0), steps: [{ event_type: "a" }, { event_type: "b" }] };
  for (const more of [{ by: "session", people: "linked" }, { people: "everybody" }]) {
    expect(await call<object>("POST", "/v1/stats/funnel", { ...funnel, ...more })).toMatchObject({
      status: 400,
      body: { parameter: "people" },
    });
  }
  expect(await call<object>("GET", `/v1/stats/metrics?${range}&people=all`)).toMatchObject({
    status: 400,
    body: { parameter: "people" },
  });
});
