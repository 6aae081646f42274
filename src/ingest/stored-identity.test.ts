import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { serviceForTests } from "../testing/service/in-process.ts";
import { eventsThrough } from "../testing/service/stored-event.ts";

const service = serviceForTests({ settings: { trustedProxies: "loopback" } });

const { send, stored } = eventsThrough(service);

describe("the site", () => {
  test.each([
    [{ site_id: "a.org", page_url: "https://b.org/" }, { origin: "https://c.org" }, "a.org"],
    [{ page_url: "https://b.org/" }, { origin: "https://c.org" }, "b.org"],
    [{}, { origin: "https://c.org:8443" }, "c.org:8443"],
    [{}, { origin: "null" }, ""],
    [{}, {}, ""],
  ] as const)("%j from %j is %p", async (event, headers, site) => {
    expect((await stored(event, headers as Record<string, string>)).site_id).toBe(site);
  });
});

describe("who it was", () => {
  const BERLIN = "87.123.45.67";
  const forwarded = (...addresses: ReadonlyArray<string>) => ({ "x-forwarded-for": addresses.join(", ") });
  const visitor = async (event: object, headers: Record<string, string>) =>
    (await stored({ site_id: "a.org", ...event }, headers)).visitor;

  test("without an id: the same network and agent on a site on a day", async () => {
    const first = await visitor({}, forwarded(BERLIN));
    expect(first).not.toBe("0");
    expect(await visitor({}, forwarded("87.123.45.99"))).toBe(first);
    for (const other of [
      await visitor({}, forwarded("87.123.46.67")),
      await visitor({}, { ...forwarded(BERLIN), "user-agent": "another agent" }),
      await visitor({ user_agent: "another agent" }, forwarded(BERLIN)),
      await visitor({ site_id: "b.org" }, forwarded(BERLIN)),
      await visitor({ occurred_at: Date.now() - 86_400_000 }, forwarded(BERLIN)),
    ]) {
      expect(other).not.toBe(first);
    }
  });

  test("with an id: the same wherever it comes from, as a number that tells nothing", async () => {
    const first = await visitor({ visitor_id: "jane" }, forwarded(BERLIN));
    expect(await visitor({ visitor_id: "jane", site_id: "b.org" }, forwarded("1.1.1.1"))).toBe(first);
    expect(await visitor({ visitor_id: "john" }, forwarded(BERLIN))).not.toBe(first);
    const row = await stored({ visitor_id: "7", session_id: "7" });
    expect(row.visitor).not.toBe(row.session);
    expect([row.visitor, row.session]).not.toContain("7");
  });

  test("the address is the last one that a trusted proxy saw, and makes the country", async () => {
    expect((await stored({}, forwarded(BERLIN))).country).toBe("DE");
    // What stands to the left anybody may have written.
    expect((await stored({}, forwarded("8.8.8.8", BERLIN))).country).toBe("DE");
    expect((await stored({}, forwarded(BERLIN, "127.0.0.1"))).country).toBe("DE");
    expect((await stored({})).country).toBe("");
  });

  describe("where no proxy is trusted", () => {
    const direct = serviceForTests();
    test.each(["x-forwarded-for", "x-real-ip", "forwarded", "cf-connecting-ip", "true-client-ip"])(
      "%s is not believed",
      async (header) => {
        const value = header === "forwarded" ? `for=${BERLIN}` : BERLIN;
        const event = { event_type: header, site_id: "a.org" };
        await direct.post({ events: [event] }, { [header]: value });
        await direct.post({ events: [event] });
        const rows = await direct.rows<{ country: string; visitors: number }>(
          "SELECT any(country) AS country, uniqExact(visitor_id) AS visitors FROM events WHERE event_type = {header:String}",
          { header },
        );
        expect(rows).toEqual([{ country: "", visitors: 1 }]);
      },
    );
  });

  test("the event's own agent goes before the request's", async () => {
    const firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    const crawler = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";
    expect(await stored({ user_agent: firefox }, { "user-agent": crawler })).toMatchObject({
      browser: "Firefox",
      device_type: "desktop",
      is_bot: false,
    });
    expect((await stored({ user_agent: crawler }, { "user-agent": firefox })).is_bot).toBe(true);
    expect((await stored({}, { "user-agent": crawler })).is_bot).toBe(true);
    expect((await stored({}, { "user-agent": "curl/8.5.0" })).is_bot).toBe(false);
  });
});

describe("what is personal stays out", () => {
  const address = "203.0.113.77";
  const agent = "Secret-Agent/007.7";

  test("of the page's address, of the referrer, of the sender", async () => {
    const row = await stored(
      {
        page_url:
          "https://jane:pass@a.org/u/jane.doe@mail.example/4111111111111111?token=hidden&utm_source=n#frag",
        referrer: "https://www.google.com/search?q=hidden+words",
        visitor_id: "client-id-of-jane",
        session_id: "session-of-jane",
      },
      { "x-forwarded-for": address, "user-agent": agent, cookie: "session=hidden" },
    );
    expect(row).toMatchObject({
      page_url: "https://a.org/u/[email]/[number]?utm_source=n",
      page_path: "/u/[email]/[number]",
      referrer_domain: "google.com",
      utm_source: "n",
    });
    const everything = JSON.stringify(row);
    for (const secret of [address, "203.0.113", agent, "hidden", "jane", "4111", "frag", "pass"]) {
      expect(everything).not.toContain(secret);
    }
    const rejected = await send(
      { visitor_id: "client-id-of-jane", properties: { a: "\0" } },
      {
        "x-forwarded-for": address,
      },
    );
    expect(rejected.rejected).toBe(1);
    expect(service.logs.join("\n")).not.toMatch(/203\.0\.113|jane|hidden/);
    const files = readdirSync(service.dataDir(), { recursive: true, withFileTypes: true });
    for (const file of files.filter((entry) => entry.isFile())) {
      expect(readFileSync(join(file.parentPath, file.name), "latin1")).not.toMatch(/203\.0\.113|jane|hidden/);
    }
  });
});
