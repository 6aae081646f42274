import { describe, expect, test } from "bun:test";
import { serviceForTests } from "../testing/service/in-process.ts";

const service = serviceForTests();

interface Problem {
  readonly type: string;
  readonly status: number;
  readonly code: string;
  readonly detail?: string;
}

describe("what is not there is a problem, not a page", () => {
  test.each([
    ["GET", "/nothing"],
    ["POST", "/nothing"],
    ["DELETE", "/v1/events"],
    ["POST", "/v1/stats/widgets"],
    ["GET", "/v1/stats/nothing"],
    ["GET", "/V1/EVENTS"],
    ["GET", "/demo/../../etc/passwd"],
    ["GET", "/%2e%2e%2fetc%2fpasswd"],
    ["GET", "//evil.example/"],
  ])("%s %s", async (method, path) => {
    const { status, headers, body } = await service.request<Problem>(path, { method });
    expect([status, body.code, body.type]).toEqual([404, "not_found", "about:blank"]);
    expect(headers.get("content-type")).toBe("application/problem+json");
  });

  test("also with a body of several MiB, and bytes that are no address", async () => {
    const answer = await service.request<Problem>("/nothing", {
      method: "POST",
      body: "x".repeat(5_000_000),
    });
    expect(answer.status).toBe(404);
    expect((await service.request<Problem>("/%ff%fe")).status).toBe(404);
    expect((await service.request<Problem>("/demo/device/%ff")).status).toBe(404);
  });
});

test("reading needs the key on every route of the stats, before anything else is looked at", async () => {
  for (const route of ["widgets", "posts", "timeseries"]) {
    const path = `/v1/stats/${route}?nonsense=1`;
    expect((await service.request<Problem>(path)).body.code).toBe("key_missing");
    const wrong = await service.request<Problem>(path, { headers: { authorization: "Bearer no" } });
    expect([wrong.status, wrong.body.code]).toEqual([401, "key_wrong"]);
    expect((await service.read<Problem>(path)).body.code).toBe("invalid_parameter");
  }
});

test("many senders and readers at the same time are all answered", async () => {
  const answers = await Promise.all(
    Array.from({ length: 300 }, (_, n) =>
      n % 30 === 0
        ? service.read("/v1/stats/widgets?from=2026-01-01&to=2026-01-02")
        : service.post({ events: [{ event_type: "crowd", event_id: `crowd-${n}` }] }),
    ),
  );
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 300 }, () => 200));
  expect(
    await service.rows(
      "SELECT count() AS n, uniqExact(event_id) AS ids FROM events WHERE event_type = 'crowd'",
    ),
  ).toEqual([{ n: 290, ids: 290 }]);
});
