import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { launchBrowser } from "../testing/browser.ts";
import { startService } from "../testing/service/child.ts";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import { openStorage } from "../testing/service/storage.ts";
import type { RealtimeDocument } from "./document.ts";

setDefaultTimeout(60_000);

/** A push comes within a second; a machine that is busy with something else may take longer. */
const PUSH_DEADLINE_MS = 5000;

const service = serviceForTests();

const base64Key = `bearer64.${Buffer.from(ADMIN_KEY).toString("base64url")}`;

/** A WebSocket as Bun opens one: it may set headers. */
const open = (url: string, headers: Record<string, string>, protocols: ReadonlyArray<string> = []) => {
  // The types are those of a browser, which can set none.
  const socket: WebSocket = Reflect.construct(WebSocket, [
    url.replace(/^http/, "ws"),
    { headers, protocols: [...protocols] },
  ]);
  const documents: Array<RealtimeDocument> = [];
  socket.onmessage = ({ data }) => void documents.push(JSON.parse(String(data)));
  const closed = new Promise<number>((resolve) => {
    socket.onclose = ({ code }) => resolve(code);
  });
  return {
    socket,
    documents,
    closed,
    /** The first document that is so. */
    until: async (isSo: (document: RealtimeDocument) => boolean): Promise<RealtimeDocument> => {
      const deadline = performance.now() + PUSH_DEADLINE_MS;
      for (;;) {
        const found = documents.find(isSo);
        if (found !== undefined) return found;
        if (performance.now() > deadline) throw new Error(`Not among ${JSON.stringify(documents)}`);
        await Bun.sleep(5);
      }
    },
  };
};

const withKey = { "x-admin-key": ADMIN_KEY };

let sent = 0;
const view = (site_id: string, visitor_id: string, more: object = {}) => {
  sent++;
  return {
    event_id: `view ${sent}`,
    event_type: "page_view",
    site_id,
    visitor_id,
    page_url: `https://${site_id}/start`,
    ...more,
  };
};

const read = async (query: string) =>
  (await service.read<RealtimeDocument>(`/v1/stats/realtime${query}`)).body;

test("an accepted event is in the next answer; duplicates, bots and rejected ones never", async () => {
  const site = "get.example";
  const twice = view(site, "v1", { referrer: "https://www.google.com/" });
  const bot = view(site, "v2", { user_agent: "Mozilla/5.0 (compatible; Googlebot/2.1)" });
  const { body } = await service.post<object>({ events: [twice, twice, bot, { event_type: 7 }] });
  expect(body).toMatchObject({ accepted: 3, duplicates: 1, rejected: 1 });
  await service.post({ events: [twice, { ...view(site, "v3"), event_type: "click" }] });
  const answer = await read(`?site_id=${site}`);
  expect(answer).toEqual({
    activeUsers: 2,
    pageviewsLast5Min: 1,
    pages: [{ page: "/start", visitors: 2 }],
    sources: [
      { source: "", channel: "direct", visitors: 1 },
      { source: "google.com", channel: "organic_search", visitors: 1 },
    ],
    countries: [],
    perMinute: answer.perMinute,
    exact: true,
  });
  expect(answer.perMinute).toHaveLength(30);
  expect(answer.perMinute.reduce((sum, n) => sum + n)).toBe(1);
  const other = await service.read(`/v1/stats/realtime?site_id=${site}&project=other`);
  expect(other.body).toMatchObject({ code: "unknown_project" });
});

test("the numbers are those of a query of the single events", async () => {
  const events = Array.from({ length: 200 }, (_, n) =>
    view(`recount${n % 3}.example`, `v${n % 17}`, {
      occurred_at: Date.now() - ((n * 7919) % (20 * 60_000)),
      page_path: `/${n % 5}`,
      event_type: n % 4 === 0 ? "click" : "page_view",
    }),
  );
  await service.post({ events });
  const sites = "recount0.example,recount2.example";
  await service.settled();
  const answer = await read(`?site_id=${sites}`);
  const [row] = await service.rows<{ active: number; views: number; window: number }>(
    `SELECT uniqExactIf(visitor_id, occurred_at > now64(3) - INTERVAL 5 MINUTE) AS active,
      countIf(event_type = 'page_view' AND occurred_at > now64(3) - INTERVAL 5 MINUTE) AS views,
      countIf(event_type = 'page_view') AS window
    FROM events WHERE site_id IN splitByChar(',', {sites:String})`,
    { sites },
  );
  expect(answer.activeUsers).toBe(row?.active ?? -1);
  // The window moves while it is asked.
  expect(Math.abs(answer.pageviewsLast5Min - (row?.views ?? -1))).toBeLessThanOrEqual(2);
  expect(answer.perMinute.reduce((sum, n) => sum + n)).toBe(row?.window ?? -1);
});

describe("the WebSocket", () => {
  test("pushes at the start and after an accepted event", async () => {
    const watcher = open(`${service.url()}/v1/realtime?site_id=push.example`, withKey);
    const first = await watcher.until(() => true);
    expect(first).toMatchObject({ activeUsers: 0, exact: true });
    const { body } = await service.post({ events: [view("push.example", "v1")] });
    expect(body.accepted).toBe(1);
    const pushed = await watcher.until(({ activeUsers }) => activeUsers === 1);
    expect(pushed).toMatchObject({ pageviewsLast5Min: 1, pages: [{ page: "/start", visitors: 1 }] });
    expect(pushed).toEqual(await read("?site_id=push.example"));
    watcher.socket.close();
  });

  test.each([
    ["x-admin-key", { "x-admin-key": ADMIN_KEY }, []],
    ["Authorization: Bearer", { authorization: `Bearer ${ADMIN_KEY}` }, []],
    ["a subprotocol", {}, ["footfall", base64Key]],
    ["a subprotocol, the other way round", {}, [base64Key, "footfall"]],
  ])("takes the key as %s", async (_, headers, protocols) => {
    const { socket, until } = open(
      `${service.url()}/v1/realtime`,
      headers as Record<string, string>,
      protocols,
    );
    await until(() => true);
    // The key is not sent back.
    expect(socket.protocol).toBe(protocols.length === 0 ? "" : "footfall");
    socket.close();
  });

  const handshake = {
    upgrade: "websocket",
    connection: "upgrade",
    "sec-websocket-version": "13",
    "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
  };

  test.each([
    ["no key", {}, "", 401, "key_missing"],
    ["a wrong key", { "x-admin-key": "wrong" }, "", 401, "key_wrong"],
    [
      "a wrong key as a subprotocol",
      { "sec-websocket-protocol": "footfall, bearer.wrong" },
      "",
      401,
      "key_wrong",
    ],
    [
      "an empty key as a subprotocol",
      { "sec-websocket-protocol": "footfall, bearer." },
      "",
      401,
      "key_missing",
    ],
    [
      "a wrong key in a header beside the right one",
      { "x-admin-key": "wrong", "sec-websocket-protocol": base64Key },
      "",
      401,
      "key_wrong",
    ],
    ["a key in the URL", {}, `?key=${ADMIN_KEY}`, 401, "key_missing"],
    ["a page of another host", { ...withKey, origin: "https://evil.example" }, "", 403, "origin_forbidden"],
    ["a page without an origin of its own", { ...withKey, origin: "null" }, "", 403, "origin_forbidden"],
    ["a parameter that is none", withKey, "?from=2026-01-01", 400, "invalid_parameter"],
    ["no WebSocket", { ...withKey, upgrade: "h2c" }, "", 426, "upgrade_required"],
  ])("is refused with a problem for %s", async (_, headers, query, status, code) => {
    const answer = await fetch(`${service.url()}/v1/realtime${query}`, {
      headers: { ...handshake, ...(headers as Record<string, string>) },
    });
    expect([answer.status, ((await answer.json()) as { code: string }).code]).toEqual([status, code]);
  });

  test("takes pages of its own host, also behind a proxy", async () => {
    const { host } = new URL(service.url());
    for (const headers of [
      { origin: `http://${host}` },
      { origin: "https://stats.example", "x-forwarded-host": "stats.example" },
    ]) {
      const watcher = open(`${service.url()}/v1/realtime`, { ...withKey, ...headers });
      await watcher.until(() => true);
      watcher.socket.close();
    }
  });

  test("hears nothing: a reader that says much is closed", async () => {
    const watcher = open(`${service.url()}/v1/realtime`, withKey);
    await watcher.until(() => true);
    watcher.socket.send("hello");
    watcher.socket.send("x".repeat(5000));
    expect(await watcher.closed).toBe(1009);
  });
});

test("the plain route asks for the key, and takes no parameters of others", async () => {
  expect((await service.request("/v1/stats/realtime")).status).toBe(401);
  expect((await service.read("/v1/stats/realtime?from=2026-01-01")).body).toMatchObject({
    parameter: "from",
  });
  expect((await service.read("/v1/stats/realtime?project=a&project=b")).body).toMatchObject({
    parameter: "project",
  });
});

describe("in a browser", () => {
  const browser = launchBrowser();
  afterAll(async () => (await browser).close());

  test("a page of the service watches with its key as a subprotocol", async () => {
    const page = await (await browser).newPage();
    await page.goto(`${service.url()}/demo`);
    const watching = page.evaluate(
      ([key]) =>
        new Promise<string>((resolve, reject) => {
          const url = `${location.origin.replace(/^http/, "ws")}/v1/realtime?site_id=chromium.example`;
          const socket = new WebSocket(url, ["footfall", key as string]);
          socket.onmessage = ({ data }) => {
            if (JSON.parse(data).activeUsers > 0) resolve(data);
            else document.title = "watching";
          };
          socket.onclose = ({ code }) => reject(new Error(`closed with ${code}`));
        }),
      [base64Key],
    );
    await page.waitForFunction(() => document.title === "watching");
    await service.post({ events: [view("chromium.example", "v1")] });
    expect(JSON.parse(await watching)).toMatchObject({ activeUsers: 1, pageviewsLast5Min: 1 });
    await page.close();
  });
});

describe("a service that stops and starts", () => {
  const events = (from: number) => ({
    events: Array.from({ length: 40 }, (_, n) =>
      view(`life${n % 2}.example`, `v${from + (n % 11)}`, { occurred_at: Date.now() - n * 5000 }),
    ),
  });
  const post = (url: string, body: object) =>
    fetch(`${url}/v1/events`, { method: "POST", body: JSON.stringify(body) });
  const ask = async (url: string, adminKey: string) =>
    (await (
      await fetch(`${url}/v1/stats/realtime`, { headers: { "x-admin-key": adminKey } })
    ).json()) as RealtimeDocument;
  const queued = async (url: string) =>
    ((await (await fetch(`${url}/ready`)).json()) as { readonly queued: number }).queued;

  test("closes readers with 1001, at once; after a crash it knows the last half hour again", async () => {
    await using storage = await openStorage("embedded");
    const first = await startService({ env: storage.env });
    const watcher = open(`${first.url}/v1/realtime`, { "x-admin-key": first.adminKey });
    await watcher.until(() => true);
    await post(first.url, events(0));
    while ((await queued(first.url)) > 0) await Bun.sleep(20);
    const stoppedAt = performance.now();
    expect(await first.stop()).toBe(0);
    expect(await watcher.closed).toBe(1001);
    // Less than what connections get that do not end.
    expect(performance.now() - stoppedAt).toBeLessThan(4500);

    // What this one takes is still in the spool when it is killed.
    const second = await startService({ env: { ...storage.env, FLUSH_INTERVAL_MS: "60000" } });
    await post(second.url, events(100));
    await post(second.url, events(200));
    const before = await ask(second.url, second.adminKey);
    expect(before).toMatchObject({ activeUsers: 33, pageviewsLast5Min: 120, exact: true });
    expect(await queued(second.url)).toBeGreaterThan(0);
    await second.kill();

    const third = await startService({ env: storage.env });
    const after = await ask(third.url, third.adminKey);
    expect({ ...after, perMinute: 0 }).toEqual({ ...before, perMinute: 0 } as never);
    const sum = (counts: ReadonlyArray<number>) => counts.reduce((total, n) => total + n);
    expect(sum(after.perMinute)).toBe(120);
    await third.stop();
  });
});
