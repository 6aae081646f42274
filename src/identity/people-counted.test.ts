import { beforeAll, describe, expect, test } from "bun:test";
import { serviceForTests } from "../testing/service/in-process.ts";
import { at, day, identify, peopleIn, view } from "./testing/people.ts";

const service = serviceForTests();
const { call, makeProject, makeThreeDevices, visitors } = peopleIn(service);

describe("a person on three devices, and a stranger", () => {
  let project: Awaited<ReturnType<typeof makeProject>>;
  beforeAll(async () => {
    project = await makeThreeDevices();
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
