import { beforeAll, describe, expect, test } from "bun:test";
import { ADMIN_KEY, serviceForTests } from "../../testing/service/in-process.ts";

const service = serviceForTests({ settings: { trustedProxies: "loopback" } });

const BERLIN = "87.123.45.67";
const gpc = { "sec-gpc": "1" };
const dnt = { dnt: "1" };
const page = "https://shop.example/a?utm_source=news&utm_term=shoes&gclid=click";
const identified = {
  event_type: "page_view",
  page_url: page,
  visitor_id: "jane",
  session_id: "first",
  user_id: "customer 7",
  screen: "1512x982",
  timezone: "Europe/Berlin",
  language: "de",
};

interface Row {
  readonly visitor: string;
  readonly session: string;
  readonly user_id: string;
  readonly country: string;
  readonly region: string;
  readonly screen: string;
  readonly timezone: string;
  readonly language: string;
  readonly page_url: string;
  readonly utm_source: string;
  readonly utm_term: string;
  readonly click_id: string;
  readonly click_id_type: string;
  readonly channel: string;
  readonly properties: string;
}

const manage = async <Body>(method: string, path: string, body: object): Promise<Body> => {
  const answer = await service.request<Body>(`/v1/projects${path}`, {
    method,
    headers: { "x-admin-key": ADMIN_KEY },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBeLessThan(300);
  return answer.body;
};

/** A project with these settings, and what becomes of events that are sent to it. */
const projectWith = (privacy: object) => {
  let id = "";
  let key = "";
  beforeAll(async () => {
    ({ id } = await manage<{ id: string }>("POST", "", { name: "Shop", privacy }));
    ({ key } = await manage<{ key: string }>("POST", `/${id}/keys`, { label: "server", kind: "secret" }));
  });
  const send = async (events: ReadonlyArray<object>, headers: Record<string, string> = {}) => {
    const all = { "x-api-key": key, "x-forwarded-for": BERLIN, "user-agent": "Shop/1.0", ...headers };
    return (await service.post({ events }, all)).body;
  };
  let sent = 0;
  const stored = async (events: ReadonlyArray<object>, headers: Record<string, string> = {}) => {
    const ids = events.map(() => `event ${++sent}`);
    const answer = await send(
      events.map((event, n) => ({ event_id: ids[n], ...event })),
      headers,
    );
    expect(answer).toEqual({ accepted: events.length, rejected: 0 });
    return await service.rows<Row>(
      `SELECT *, toString(visitor_id) AS visitor, toString(session_id) AS session FROM events
       WHERE project_id = {id:String} AND event_id IN {ids:Array(String)} ORDER BY event_id`,
      { id, ids },
    );
  };
  const reasons = async (headers: Record<string, string>, event: object = identified) => {
    const answer = await send([event, event], headers);
    expect(answer.accepted).toBe(0);
    return (answer.errors ?? []).map((error) => ("code" in error ? error.code : undefined));
  };
  return { id: () => id, send, stored, reasons };
};

describe("a project as it is made", () => {
  const { stored } = projectWith({});

  test("knows visitors and sessions by the sender's ids, with and without DNT", async () => {
    const [first] = await stored([identified]);
    expect(first).toMatchObject({
      user_id: "customer 7",
      screen: "1512x982",
      click_id: "click",
      country: "DE",
    });
    const [again] = await stored([identified], dnt);
    expect([again?.visitor, again?.session]).toEqual([first?.visitor, first?.session]);
    expect(JSON.stringify(first)).not.toContain("Shop/1.0");
  });

  test("with GPC each request is a visitor of its own, of which nothing is known that could join it to another", async () => {
    const [known] = await stored([identified]);
    const [one, two] = await stored([identified, identified], gpc);
    const [three] = await stored([identified], gpc);
    expect(one).toMatchObject({
      ...{ session: "0", user_id: "", screen: "", timezone: "", language: "de", country: "DE", region: "" },
      page_url: "https://shop.example/a?utm_source=news&utm_term=shoes",
      ...{ utm_source: "news", click_id: "", click_id_type: "gclid", channel: known?.channel },
    });
    expect(two?.visitor).toBe(one?.visitor ?? "");
    expect(new Set([known?.visitor, one?.visitor, three?.visitor]).size).toBe(3);
    // A value that the specification does not have is no wish.
    expect((await stored([identified], { "sec-gpc": "0" }))[0]?.visitor).toBe(known?.visitor ?? "");
  });
});

describe("a cookieless project", () => {
  const { stored } = projectWith({ visitors: "cookieless", store_user_agent: true });

  test("uses no id of the sender: one network and agent is one visitor of the day", async () => {
    const rows = await stored([
      identified,
      { ...identified, visitor_id: "john", session_id: "x", user_id: "8" },
    ]);
    expect(rows.map(({ session, user_id }) => [session, user_id])).toEqual([
      ["0", ""],
      ["0", ""],
    ]);
    expect(new Set(rows.map(({ visitor }) => visitor)).size).toBe(1);
    const [elsewhere] = await stored([identified], { "x-forwarded-for": "87.123.99.1" });
    expect(elsewhere?.visitor).not.toBe(rows[0]?.visitor);
  });

  test("keeps the user agent because it asks for it, but not of those who ask for privacy", async () => {
    const agentOf = ({ properties }: Row) => JSON.parse(properties);
    const own = {
      ...identified,
      user_agent: "Other/2 (+mailto:me@mail.example)",
      properties: { plan: "pro" },
    };
    expect((await stored([identified, own])).map(agentOf)).toEqual([
      { $user_agent: "Shop/1.0" },
      { plan: "pro", $user_agent: "Other/2 (+mailto:[email])" },
    ]);
    expect((await stored([own], gpc)).map(agentOf)).toEqual([{ plan: "pro" }]);
  });
});

describe("a project that takes less", () => {
  const { id, send, stored, reasons } = projectWith({
    do_not_track: "drop",
    global_privacy_control: "ignore",
    excluded_addresses: ["192.0.2.7", "198.51.100.0/24", "2001:db8::/32"],
    excluded_paths: ["/admin/**"],
    excluded_query_parameters: ["UTM_Term", "gclid"],
  });

  test.each(["192.0.2.7", "198.51.100.200", "::ffff:198.51.100.3", "2001:db8:5::1"])(
    "takes nothing from %s, and says so",
    async (address) => {
      expect(await reasons({ "x-forwarded-for": address })).toEqual(["excluded_address", "excluded_address"]);
    },
  );

  test("takes nothing with DNT, and what comes with GPC as any other event", async () => {
    expect(await reasons(dnt)).toEqual(["do_not_track", "do_not_track"]);
    expect(await reasons({ ...dnt, ...gpc })).toEqual(["do_not_track", "do_not_track"]);
    const [ordinary] = await stored([identified]);
    expect((await stored([identified], gpc))[0]?.visitor).toBe(ordinary?.visitor ?? "");
  });

  test("takes no event of an excluded path, and the others of its batch", async () => {
    const admin = { ...identified, page_url: "https://shop.example/admin/users?x" };
    expect(await send([admin, identified, { ...identified, page_path: "/admin/" }])).toMatchObject({
      accepted: 1,
      rejected: 2,
      errors: [
        { index: 0, code: "excluded_path" },
        { index: 2, code: "excluded_path" },
      ],
    });
    expect(await send([{ event_type: "no_page" }])).toEqual({ accepted: 1, rejected: 0 });
  });

  test("keeps no excluded parameter", async () => {
    expect(await stored([identified])).toMatchObject([
      {
        page_url: "https://shop.example/a?utm_source=news",
        ...{ utm_source: "news", utm_term: "", click_id: "", click_id_type: "" },
      },
    ]);
  });

  test("what was not taken is counted by its reason", async () => {
    const text = await (await fetch(`${service.url()}/metrics`)).text();
    for (const reason of ["do_not_track", "excluded_address", "excluded_path"]) {
      expect(text).toMatch(new RegExp(`footfall_events_rejected_total\\{reason="${reason}"\\} [1-9]`));
    }
  });

  test("a change counts from the next request on, and leaves the other settings as they are", async () => {
    const changed = await manage<{ privacy: object }>("PATCH", `/${id()}`, {
      privacy: { do_not_track: "ignore", global_privacy_control: "drop" },
    });
    expect(changed.privacy).toMatchObject({
      do_not_track: "ignore",
      excluded_paths: ["/admin/**"],
      excluded_query_parameters: ["utm_term", "gclid"],
    });
    expect(await send([identified], dnt)).toEqual({ accepted: 1, rejected: 0 });
    expect(await reasons(gpc)).toEqual(["global_privacy_control", "global_privacy_control"]);
    await manage("PATCH", `/${id()}`, { name: "Another name" });
    expect(await reasons({ ...gpc, "x-forwarded-for": "192.0.2.7" })).toEqual([
      "excluded_address",
      "excluded_address",
    ]);
  });

  test("excluded addresses stand in no audit log", async () => {
    const rows = await service.rows("SELECT * FROM audit_log");
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toContain("198.51.100");
  });
});

test.each([
  [[], "privacy"],
  [{ cookies: true }, "privacy.cookies"],
  [{ visitors: "all" }, "privacy.visitors"],
  [{ do_not_track: true }, "privacy.do_not_track"],
  [{ global_privacy_control: null }, "privacy.global_privacy_control"],
  [{ excluded_addresses: "192.0.2.1" }, "privacy.excluded_addresses"],
  [{ excluded_addresses: ["192.0.2.1/40"] }, "privacy.excluded_addresses"],
  [{ excluded_addresses: ["example.org"] }, "privacy.excluded_addresses"],
  [{ excluded_paths: ["admin"] }, "privacy.excluded_paths"],
  [{ excluded_paths: Array.from({ length: 101 }, (_, n) => `/${n}`) }, "privacy.excluded_paths"],
  [{ excluded_query_parameters: ["a b"] }, "privacy.excluded_query_parameters"],
  [{ store_user_agent: 1 }, "privacy.store_user_agent"],
])("settings that are none are refused by name: %j", async (privacy, parameter) => {
  const answer = await service.request<{ parameter: string; detail: string }>("/v1/projects", {
    method: "POST",
    headers: { "x-admin-key": ADMIN_KEY },
    body: JSON.stringify({ name: "Shop", privacy }),
  });
  expect([answer.status, answer.body.parameter]).toEqual([400, parameter]);
  expect(answer.body.detail).not.toContain("192.0.2.1/40");
});
