import { describe, expect, test } from "bun:test";
import { serviceForTests } from "../../testing/service/in-process.ts";

// Of different networks: visitors of one are the same where nothing else tells them apart.
const forged: ReadonlyArray<Record<string, string>> = [
  {},
  { "x-forwarded-for": "203.0.113.9" },
  { "x-forwarded-for": "192.0.2.9, 198.51.100.7" },
  { forwarded: "for=100.64.1.10" },
  { "x-real-ip": "100.65.1.11" },
  { "cf-connecting-ip": "203.0.113.12", "true-client-ip": "203.0.113.13", "x-client-ip": "203.0.113.14" },
];

const visit = {
  event_type: "page_view",
  page_url: "https://shop.example/",
  user_agent: "Mozilla/5.0 Firefox/140.0",
};

const visitorsOf = async (service: ReturnType<typeof serviceForTests>): Promise<number> => {
  for (const headers of forged) {
    expect((await service.post({ events: [visit] }, headers)).body).toMatchObject({ accepted: 1 });
  }
  const [row] = await service.rows<{ visitors: number }>(
    "SELECT uniqExact(visitor_id) AS visitors FROM events",
  );
  return row?.visitors ?? 0;
};

describe("headers that say where a request comes from", () => {
  const direct = serviceForTests();
  test("are not believed: whoever writes them stays one visitor", async () => {
    expect(await visitorsOf(direct)).toBe(1);
  });

  const behind = serviceForTests({ settings: { trustedProxies: "loopback" } });
  test("are believed of a proxy that is trusted, as far as it saw them itself", async () => {
    // None, the first, the last of two (the one before may be the client's own), RFC 7239's, and X-Real-IP; others are not known.
    expect(await visitorsOf(behind)).toBe(5);
  });
});
