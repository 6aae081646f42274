import { expect, test } from "bun:test";
import { serviceForTests } from "../testing/service/in-process.ts";

const service = serviceForTests({
  settings: { rateLimitPerMinute: 3, rateLimitEventsPerMinute: 600, trustedProxies: "loopback" },
});

const batch = (count: number) => ({
  events: Array.from({ length: count }, () => ({ event_type: "page_view" })),
});
const from = (address: string) => ({ "x-forwarded-for": address });

test("a batch too many is refused as a whole and nothing of it is stored; every answer says what is left", async () => {
  const one = from("203.0.113.9");
  const first = await service.post(batch(500), one);
  expect([first.status, first.headers.get("ratelimit"), first.headers.get("ratelimit-policy")]).toEqual([
    200,
    '"requests";r=2;t=40, "events";r=100;t=10',
    '"requests";q=3;w=60, "events";q=600;w=60',
  ]);
  const second = await service.post<{ code: string; detail: string }>(batch(200), one);
  expect([second.status, second.body.code, second.headers.get("retry-after")]).toEqual([
    429,
    "rate_limited",
    "10",
  ]);
  expect((await service.post(batch(1), one)).status).toBe(200);
  const fourth = await service.post<{ detail: string }>(batch(1), one);
  expect([fourth.status, fourth.body.detail]).toEqual([
    429,
    "The limit is 3 requests a minute for each key and client address.",
  ]);
  expect((await service.post(batch(1), from("203.0.113.10"))).status).toBe(200);
  expect(await service.rows("SELECT count() AS n FROM events")).toEqual([{ n: 502 } as never]);
});

test("who sends what is no batch is refused before its body is read, and others at its address are too", async () => {
  const one = from("203.0.113.20");
  const statuses = [];
  for (let i = 0; i < 4; i++) statuses.push((await service.post("nonsense", one)).status);
  expect(statuses).toEqual([400, 400, 400, 429]);
});
