import { beforeAll, describe, expect, test } from "bun:test";
import { availableParallelism } from "node:os";
import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import { Passwords } from "./passwords/passwords.ts";
import { Accounts } from "./people/accounts.ts";
import { type Browser, PASSWORD, peopleOf } from "./testing/people.ts";

const service = serviceForTests({ settings: { trustedProxies: "loopback" } });
const people = peopleOf(service);

const EMAIL = "owner@example.org";
let owner: Browser;

beforeAll(async () => {
  owner = await people.setUp(EMAIL);
});

const login = (address: string, email: string, password: string, own = people.browser(address)) =>
  own.ask("POST", "/v1/auth/login", { email, password });

describe("session fixation", () => {
  test("a token that was there before the login is not the session's, whoever made it up", async () => {
    const planted = Buffer.alloc(32, 7).toString("base64url");
    const victim = people.browser();
    victim.cookies.set("footfall", planted);
    await people.logIn(EMAIL, PASSWORD, victim);
    expect(victim.session).not.toBe(planted);
    const attacker = people.browser();
    attacker.cookies.set("footfall", planted);
    expect((await attacker.ask("GET", "/v1/auth/session")).status).toBe(401);
  });

  test("a session of the attacker's own stays the attacker's", async () => {
    const attacker = await people.member("default", "viewer", "attacker@example.org");
    const planted = attacker.session;
    const victim = people.browser();
    victim.cookies.set("footfall", planted);
    await people.logIn(EMAIL, PASSWORD, victim);
    expect(victim.session).not.toBe(planted);
    const { body } = await attacker.ask("GET", "/v1/auth/session");
    expect(body).toMatchObject({ account: { email: "attacker@example.org", is_instance_owner: false } });
  });
});

describe("timing", () => {
  const took = async (email: string): Promise<number> => {
    const startedAt = performance.now();
    await service.run(
      Effect.flatMap(Accounts, (accounts) => Effect.flip(accounts.logIn(email, "not the password"))),
    );
    return performance.now() - startedAt;
  };
  const median = (numbers: ReadonlyArray<number>): number =>
    [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

  test("an account that is not there takes as long as a wrong password", async () => {
    const known: Array<number> = [];
    const unknown: Array<number> = [];
    // By turns, so that whatever else the machine does slows both.
    for (let n = 0; n < 25; n++) {
      known.push(await took(EMAIL));
      unknown.push(await took(`nobody${n}@example.org`));
    }
    const ratio = median(unknown) / median(known);
    // Without the hash of a password it would be a hundredth.
    expect(ratio).toBeGreaterThan(0.5);
    expect(ratio).toBeLessThan(2);
  });

  test("and is answered in the same words", async () => {
    const wrong = await login("198.51.100.1", EMAIL, "not the password");
    const unknown = await login("198.51.100.2", "nobody@example.org", "not the password");
    expect(wrong.status).toBe(401);
    expect([unknown.status, unknown.text]).toEqual([wrong.status, wrong.text]);
    expect([...unknown.headers.keys()]).toEqual([...wrong.headers.keys()]);
  });

  test("no part of a token is of any use, so that none can be guessed bit by bit", async () => {
    const { session } = owner;
    for (const guess of [
      session.slice(0, -1),
      `${session}A`,
      session.toLowerCase(),
      ` ${session}`,
      `"${session}"`,
    ]) {
      const own = people.browser();
      own.cookies.set("footfall", guess.trim() === session ? `${guess}x` : guess);
      expect([guess, (await own.ask("GET", "/v1/auth/session")).status]).toEqual([guess, 401]);
    }
  });
});

describe("login flooding", () => {
  test("ten passwords a minute are tried on an account from one address, then none, not even the right one", async () => {
    for (let n = 0; n < 10; n++) expect((await login("198.51.100.10", EMAIL, `wrong ${n}`)).status).toBe(401);
    for (const password of ["wrong again", PASSWORD]) {
      const { status, body, headers } = await login("198.51.100.10", EMAIL, password);
      expect([status, body.code]).toEqual([429, "too_many_attempts"]);
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
      expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(6);
    }
  });

  test("an account that is not there is throttled alike", async () => {
    const statuses: Array<number> = [];
    for (let n = 0; n < 11; n++)
      statuses.push((await login("198.51.100.11", "nobody@example.org", "x")).status);
    expect(statuses).toEqual([...Array(10).fill(401), 429]);
  });

  test("nobody locks somebody else out: from another address the right password works", async () => {
    expect((await login("198.51.100.10", EMAIL, PASSWORD)).status).toBe(429);
    expect((await login("198.51.100.12", EMAIL, PASSWORD)).status).toBe(200);
  });

  test("one address tries a hundred passwords an hour, whatever accounts; an IPv6 network of /64 is one", async () => {
    const statuses: Array<number> = [];
    for (let n = 0; n < 101; n++) {
      const { status, headers } = await login(`2001:db8:1:1::${n + 1}`, `somebody${n}@example.org`, "x");
      statuses.push(status);
      if (status === 429) expect(Number(headers.get("retry-after"))).toBeLessThanOrEqual(36);
    }
    // What comes back within the time that the test takes may let one more in.
    expect(statuses.filter((status) => status === 401).length).toBeGreaterThanOrEqual(100);
    expect(statuses.slice(0, 100).every((status) => status === 401)).toBe(true);
  }, 60_000);

  test("from many addresses it takes half the cores at most; the rest is sent away, and events are taken meanwhile", async () => {
    const before = process.memoryUsage().rss;
    const flood = Promise.all(
      Array.from({ length: 300 }, (_, n) =>
        login(`203.0.${n >> 8}.${n & 255}`, `flood${n}@example.org`, "x"),
      ),
    );
    const tookMs: Array<number> = [];
    for (let n = 0; n < 20; n++) {
      const startedAt = performance.now();
      const { body } = await service.post({ events: [{ event_type: "page_view", site_id: "example.org" }] });
      tookMs.push(performance.now() - startedAt);
      expect(body).toEqual({ accepted: 1, rejected: 0 });
    }
    const answers = await flood;
    const statuses = answers.map(({ status }) => status);
    expect(statuses.every((status) => status === 401 || status === 503)).toBe(true);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThan(100);
    for (const { status, headers } of answers) {
      if (status === 503) expect(headers.get("retry-after")).toBe("2");
    }
    const { most } = await service.run(Effect.map(Passwords, (passwords) => passwords.load()));
    expect(most).toBeLessThanOrEqual(Math.max(1, Math.floor(availableParallelism() / 2)));
    expect(Math.max(...tookMs)).toBeLessThan(2000);
    expect(process.memoryUsage().rss - before).toBeLessThan(200 * 1_048_576);
    expect((await login("198.51.100.99", EMAIL, PASSWORD)).status).toBe(200);
  }, 60_000);
});

describe("a stolen database", () => {
  const tables = [
    ...["accounts", "account_sessions", "account_session_uses", "project_members", "project_invites"],
    ...["project_shares", "projects", "api_keys", "audit_log"],
  ];

  test("logs nobody in: nothing in it is a session, a link, a key or a password", async () => {
    const invite = await people.admin("POST", "/v1/projects/default/invites", { role: "owner" });
    const share = await people.admin("POST", "/v1/projects/default/shares", { name: "Plain" });
    const locked = await people.admin("POST", "/v1/projects/default/shares", {
      name: "Locked",
      password: "open for the board",
    });
    const { data } = await people.admin<{ data: ReadonlyArray<{ id: string }> }>("GET", "/v1/accounts");
    const reset = await people.admin("POST", `/v1/accounts/${data[0]?.id}/reset`);
    const secrets = [owner.session, PASSWORD, "open for the board"].concat(
      [invite, share, locked, reset].map(({ url }) => people.tokenOf(url)),
    );
    const values = new Set<string>();
    for (const table of tables) {
      const rows = await service.run(
        Effect.flatMap(ClickHouse, (clickhouse) => clickhouse.query(`SELECT * FROM ${table}`)),
      );
      for (const row of rows) for (const value of Object.values(row)) values.add(String(value));
    }
    const dump = [...values].join("\n");
    for (const secret of secrets) expect(dump).not.toContain(secret);
    expect(dump).toContain("$argon2id$v=19$m=19456,t=2,p=1$");

    // What is no name, id or time.
    const tried = [...values].filter((value) => /^[\w$=,+/.-]{32,}$/.test(value));
    expect(tried.length).toBeGreaterThan(4);
    let address = 0;
    for (const value of tried) {
      const thief = people.browser(`203.0.113.${address++ % 250}`);
      for (const cookie of ["footfall", "__Host-footfall", "footfall-share-x", "__Host-footfall-share-x"]) {
        thief.cookies.set(cookie, value);
        thief.cookies.set(`${cookie}-proof`, `${value}.${value}`);
      }
      const ways = [
        await thief.ask("GET", "/v1/auth/session"),
        await thief.ask("GET", "/v1/stats/realtime?project=default"),
        await thief.ask("POST", "/v1/auth/accept", {
          token: value,
          name: "T",
          email: "t@example.org",
          password: PASSWORD,
        }),
        await thief.ask("POST", "/v1/auth/share", { token: value }),
        await thief.ask("POST", "/v1/auth/setup", {
          token: value,
          name: "T",
          email: "t@example.org",
          password: PASSWORD,
        }),
        await thief.ask("POST", "/v1/auth/reset", { token: value, password: "the thief's own words" }),
        await thief.ask("POST", "/v1/auth/login", { email: EMAIL, password: value }),
        await thief.ask("GET", "/v1/stats/realtime", undefined, { headers: { "x-admin-key": value } }),
      ];
      expect({ value, statuses: ways.map(({ status }) => status) }).toEqual({
        value,
        statuses: [401, 401, 404, 404, 404, 404, 401, 401],
      });
    }
  }, 60_000);
});

test("nothing of an account stands in the log", async () => {
  await service.request("/v1/auth/login", {
    method: "POST",
    headers: { "content-type": "application/json", "x-admin-key": ADMIN_KEY },
    body: JSON.stringify({ email: EMAIL, password: PASSWORD }),
  });
  const logs = service.logs.join("\n");
  for (const told of [EMAIL, PASSWORD, owner.session, "argon2id", "198.51.100", "2001:db8"]) {
    expect(logs).not.toContain(told);
  }
});
