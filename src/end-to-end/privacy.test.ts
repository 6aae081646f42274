import { expect, test } from "bun:test";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningService, startService } from "../testing/service/child.ts";
import { openStorage } from "../testing/service/storage.ts";
import { needlesOf } from "./privacy/needles.ts";
import { searchFiles, searchTables } from "./privacy/search.ts";

/** What a visitor has and a careless site sends; none of it may lie anywhere afterwards. */
const planted = {
  address: "87.123.45.67",
  address6: "2a02:8109:9ac0:1234::7a7",
  visitor: "raw-visitor-5f1c9e7a",
  session: "raw-session-0b7d4d21",
  email: "jane.planted@mail.example",
  agent: "PlantedBrowser/77.1 (Unheard-of OS 9)",
} as const;

/** What is to be found, so that a search that looks in the wrong place does not pass. */
const marker = "marker-of-what-is-kept";

const needles = [
  ...Object.entries(planted).flatMap(([name, value]) => needlesOf(name, value)),
  // The network is what visitors are told apart by; it is as little to be found.
  ...needlesOf("network", "87.123.45."),
  ...needlesOf("network6", "2a02:8109:9ac0:"),
];
const control = [{ name: "marker", bytes: Buffer.from(marker) }];

let sent = 0;
const careless = (event: object = {}) => {
  const { visitor, session, email } = planted;
  sent += 1;
  return {
    event_type: "page_view",
    event_id: `mail to ${email} ${sent}`,
    visitor_id: visitor,
    session_id: session,
    user_id: email,
    site_id: "shop.example",
    page_url: `https://${email}:secret@shop.example/u/${email}/${encodeURIComponent(email)}?email=${email}&utm_campaign=${email}&gclid=${email}#${email}`,
    page_path: `/u/${email}`,
    page_title: `${marker}: letters for ${email}`,
    referrer: `https://mail.example/inbox?of=${email}`,
    language: email,
    properties: {
      to: email,
      deep: [{ [email]: `<a href="mailto:${email}">` }],
      encoded: encodeURIComponent(email),
    },
    ...event,
  };
};

const from = (address: string) => ({ "x-forwarded-for": address, "user-agent": planted.agent });

const post = (service: RunningService, body: unknown, headers: Record<string, string>, path = "/v1/events") =>
  fetch(`${service.url}${path}`, {
    method: "POST",
    headers,
    body: typeof body === "string" ? body : JSON.stringify(body),
  });

/** Everything that a sender or a reader can get wrong, with what is planted in it. */
const provoke = async (service: RunningService): Promise<ReadonlyArray<number>> => {
  const { address, email, visitor } = planted;
  const admin = { "x-admin-key": service.adminKey };
  const everything = encodeURIComponent(`${address} ${email} ${visitor}`);
  const wrong = [
    post(service, `{"events":[${address} ${email}`, from(address)),
    post(service, { events: [careless()], sent_at: `${address} ${email}` }, from(address)),
    post(
      service,
      { events: [careless({ screen: { address, email } }), careless({ page_title: "\0" })] },
      from(address),
    ),
    post(service, { events: [careless()], api_key: `${visitor} ${email}` }, from(address)),
    post(service, { events: [careless()] }, { ...from(address), "x-api-key": "pk_wrong" }),
    post(
      service,
      { events: [careless()] },
      { ...from(address), origin: `https://${address}` },
      `/v1/events?api_key=${everything}`,
    ),
    post(service, { events: [] }, { ...from(`${email}, ${address}`), forwarded: `for="${address}"` }),
    fetch(`${service.url}/v1/stats/metrics?from=${everything}&to=${everything}`, { headers: admin }),
    fetch(`${service.url}/v1/stats/metrics?from=2026-01-01&to=2026-01-02&${everything}=1`, {
      headers: admin,
    }),
    fetch(
      `${service.url}/v1/stats/breakdown?from=2026-01-01&to=2026-01-02&dimension=page&filter=page:matches:%22(${everything}%22`,
      { headers: admin },
    ),
    fetch(`${service.url}/v1/stats/metrics?from=2026-01-01&to=2026-01-02&project=${everything}`, {
      headers: admin,
    }),
    fetch(`${service.url}/v1/stats/metrics?from=2026-01-01&to=2026-01-02`, {
      headers: { ...from(address), "x-admin-key": `${visitor} ${email}` },
    }),
    fetch(`${service.url}/${everything}`, { headers: from(address) }),
  ];
  return Promise.all(wrong.map(async (answer) => (await answer).status));
};

const keepLog = (service: RunningService, life: number) =>
  writeFileSync(join(service.dataDir, `service-${life}.log`), service.output());

const metric = async (service: RunningService, name: string): Promise<number> => {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(new RegExp(`^${name} (\\S+)$`, "m").exec(text)?.[1]);
};

const until = async (isTrue: () => Promise<boolean>) => {
  const deadline = Date.now() + 20_000;
  while (!(await isTrue())) {
    if (Date.now() > deadline) throw new Error("It never came to that");
    await Bun.sleep(50);
  }
};

test("a search finds a value in every form, wherever in a longer text it stands", () => {
  const [value, found] = [planted.email, needlesOf("it", planted.email)];
  for (const before of ["", "a", "ab"]) {
    const text = Buffer.from(`${before}${value}!?`);
    const forms = ["utf8", "hex", "base64", "base64url"] as const;
    for (const form of forms.map((encoding) => text.toString(encoding))) {
      expect(found.some(({ bytes }) => form.includes(bytes.toString()))).toBe(true);
    }
    expect(found.some(({ bytes }) => Buffer.from(String(text), "utf16le").includes(bytes))).toBe(true);
  }
});

test("no address, raw visitor or session id, user agent or e-mail address lies anywhere: spool, ledger, dead letters, logs, ClickHouse", async () => {
  await using storage = await openStorage("embedded");
  const env = { ...storage.env, TRUSTED_PROXIES: "loopback" };
  const dataDir = storage.env.DATA_DIR ?? "";

  // What is sent after the first batch waits in the spool for a minute, and is still there when the process is killed.
  {
    await using service = await startService({ env: { ...env, FLUSH_INTERVAL_MS: "60000" } });
    for (const address of [planted.address, planted.address6, `::ffff:${planted.address}`]) {
      for (let batch = 0; batch < 10; batch++) {
        const events = Array.from({ length: 20 }, () => careless());
        const answer = await post(service, { events }, from(address));
        expect(await answer.json()).toEqual({ accepted: 20, rejected: 0 });
      }
    }
    await post(service, { events: [careless({ event_type: "poison" })] }, from(planted.address));
    expect(await provoke(service)).toEqual([400, 400, 200, 401, 401, 401, 400, 400, 400, 400, 404, 401, 404]);
    const underWay = post(service, { events: [careless()] }, from(planted.address)).catch(() => undefined);
    await service.kill();
    await underWay;
    keepLog(service, 1);
  }
  const spool = join(dataDir, "spool");
  const waiting = readdirSync(spool).filter((name) => readFileSync(join(spool, name)).includes(marker));
  expect(waiting).not.toEqual([]);
  expect(searchFiles(dataDir, needles)).toEqual([]);

  // An event that ClickHouse does not take becomes a dead letter.
  await storage.rows(
    "CREATE MATERIALIZED VIEW no_poison ENGINE = Null AS SELECT throwIf(event_type = 'poison') AS poison FROM landing",
  );
  {
    await using service = await startService({ env });
    await until(async () => (await metric(service, "footfall_dead_letters")) === 1);
    await until(async () => (await metric(service, "footfall_spool_events")) === 0);
    expect((await provoke(service)).length).toBe(13);
    keepLog(service, 2);
    expect(searchFiles(dataDir, needles)).toEqual([]);
    expect(await service.stop()).toBe(0);
    keepLog(service, 2);
  }
  expect(searchFiles(dataDir, needles)).toEqual([]);
  expect(searchFiles(spool, control)).not.toEqual([]);
  expect(await searchTables(storage, control)).toContain("marker in `analytics`.`events`");
  expect(await searchTables(storage, needles)).toEqual([]);
  expect(
    await storage.rows(
      "SELECT page_path, utm_campaign, click_id, uniq(user_id) AS users FROM events GROUP BY ALL",
    ),
  ).toEqual([{ page_path: "/u/[email]", utm_campaign: "[email]", click_id: "[email]", users: 1 }]);
}, 120_000);
