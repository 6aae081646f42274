import { expect, test } from "bun:test";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";

const service = serviceForTests();

const post = <Body>(path: string, body: object) =>
  service.request<Body>(path, {
    method: "POST",
    headers: { "x-admin-key": ADMIN_KEY },
    body: JSON.stringify(body),
  });

const range = "from=2026-11-02&to=2026-11-03";

test("days are of the project's time zone where a question names none, and of the one that it names", async () => {
  const { body: project } = await post<{ id: string }>("/v1/projects", {
    name: "Kathmandu",
    timezone: "Asia/Kathmandu",
  });
  const questions = [
    `metrics?${range}`,
    `breakdown?dimension=country&${range}`,
    `timeseries?metric=visitors&${range}`,
    `retention?interval=day&${range}`,
    "anomalies?",
  ];
  const asked = async (question: string) => {
    const { status, body } = await service.read<object>(`/v1/stats/${question}&project=${project.id}`);
    expect({ question, status }).toEqual({ question, status: 200 });
    return body;
  };
  for (const question of questions) {
    const unnamed = await asked(question);
    expect(await asked(`${question}&timezone=Asia/Kathmandu`)).toEqual(unnamed);
    expect(await asked(`${question}&timezone=America/New_York`)).not.toEqual(unnamed);
  }
  expect(await asked(`metrics?${range}`)).toMatchObject({
    timeRange: { start: "2026-11-01T18:15:00.000Z", end: "2026-11-03T18:15:00.000Z" },
  });

  const day = (ago: number) => new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10);
  const key = await post<{ key: string }>(`/v1/projects/${project.id}/keys`, {
    kind: "secret",
    label: "test",
  });
  const event = { event_type: "page_view", site_id: "example.org", visitor_id: "v" };
  await post("/v1/events", {
    api_key: key.body.key,
    events: [{ ...event, occurred_at: `${day(3)}T18:30:00Z` }],
  });
  await service.settled();
  const funnel = {
    project: project.id,
    from: day(2),
    to: day(2),
    steps: [{ event_type: "page_view" }, { event_type: "signup" }],
    window: 60,
  };
  const came = (body: unknown) => expect.objectContaining({ steps: [body, expect.anything()] });
  expect((await post("/v1/stats/funnel", funnel)).body).toEqual(came(expect.objectContaining({ count: 1 })));
  expect((await post("/v1/stats/funnel", { ...funnel, timezone: "UTC" })).body).toEqual(
    came(expect.objectContaining({ count: 0 })),
  );
});
