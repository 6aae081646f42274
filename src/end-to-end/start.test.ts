import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { settingDescriptions } from "../config.ts";
import { type RunningService, runService, startService } from "../testing/service/child.ts";
import { openStorage, type Storage } from "../testing/service/storage.ts";

const pageView = (id: string) => JSON.stringify({ events: [{ event_type: "page_view", event_id: id }] });

const post = (service: RunningService, body: string) =>
  fetch(`${service.url}/v1/events`, { method: "POST", body });

describe("a service that runs", () => {
  let service: RunningService;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service[Symbol.asyncDispose]());

  test("says where the demo page and the docs are, and both are there", async () => {
    for (const [label, path] of [
      ["Demo page", "demo"],
      ["API docs", "docs"],
    ]) {
      const address = new RegExp(`${label}\\s+(\\S+)`).exec(service.output())?.[1] ?? "";
      expect(address).toBe(`${service.url}/${path}`);
      const page = await fetch(address);
      expect([page.status, page.headers.get("content-type")]).toEqual([200, "text/html; charset=utf-8"]);
    }
  });

  test("says where the admin key lies, which only its owner can read and which opens the stats", async () => {
    const place = /Admin key\s+(\S+)/.exec(service.output())?.[1] ?? "";
    expect(place).toBe(join(service.dataDir, "admin.key"));
    expect(statSync(place).mode & 0o777).toBe(0o600);
    expect(service.output()).not.toContain(service.adminKey);
    const stats = await fetch(`${service.url}/v1/stats/widgets?from=2026-01-01&to=2026-01-02`, {
      headers: { authorization: `Bearer ${service.adminKey}` },
    });
    expect([stats.status, await stats.json()]).toEqual([200, { data: [] }]);
  });

  test("an event can be queried 1.5 s after its answer", async () => {
    const today = new Date().toISOString().slice(0, 10);
    const counted = async () => {
      const stats = await fetch(`${service.url}/v1/stats/timeseries?from=${today}&to=${today}&interval=day`, {
        headers: { "x-admin-key": service.adminKey },
      });
      const { data } = (await stats.json()) as { data: ReadonlyArray<{ count: number }> };
      return data[0]?.count;
    };
    // The second comes while the first one's flush interval is running: the worst case at low traffic.
    const times: Array<number> = [];
    for (let expected = 1; expected <= 6; expected++) {
      expect((await post(service, pageView(`timely-${expected}`))).status).toBe(200);
      const answeredAt = performance.now();
      while ((await counted()) !== expected && performance.now() - answeredAt < 10_000) await Bun.sleep(10);
      times.push(performance.now() - answeredAt);
    }
    // Without the first, which is stored at once; the best of the others, for other tests may keep the machine busy.
    expect(Math.min(...times.slice(1))).toBeLessThan(1500);
  });

  test("a second service on its port ends with one line that names the address", async () => {
    const port = new URL(service.url).port;
    const { exitCode, stdout, stderr } = await runService({ env: { PORT: port } });
    expect(stderr).toMatch(new RegExp(`^Cannot listen on 127\\.0\\.0\\.1:${port}: .*in use.*\\n$`));
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect((await fetch(`${service.url}/health`)).status).toBe(200);
  });

  test("a second service on its data directory ends with one line that says so", async () => {
    const { exitCode, stdout, stderr } = await runService({ env: { DATA_DIR: service.dataDir } });
    expect(stderr).toMatch(/^Another Footfall process is using the data directory \S+\. .*DATA_DIR.*\n$/);
    expect([exitCode, stdout]).toEqual([1, ""]);
    expect((await fetch(`${service.url}/ready`)).status).toBe(200);
  });
});

describe("a service that cannot start says why in one line", () => {
  const wrong: ReadonlyArray<readonly [env: Record<string, string>, says: RegExp]> = [
    [{ PORT: "http" }, /PORT/],
    [{ PORT: "70000" }, /PORT takes a whole number from 0 to 65535/],
    [{ ALLOWED_ORIGINS: "example.org" }, /ALLOWED_ORIGINS takes .* not "example\.org"/],
    [{ TRUSTED_PROXIES: "10.0.0.0/33" }, /TRUSTED_PROXIES: "10\.0\.0\.0\/33"/],
    [{ CLICKHOUSE_DATABASE: "a; DROP" }, /CLICKHOUSE_DATABASE takes letters/],
    [{ GEOIP_DB: "/nowhere/geo.mmdb" }, /geo database \/nowhere\/geo\.mmdb/],
    [{ CLICKHOUSE_URL: "http://127.0.0.1:1" }, /ClickHouse at http:\/\/127\.0\.0\.1:1 cannot be reached/],
  ];
  test.each(wrong)("%j", async (env, says) => {
    const { exitCode, stdout, stderr } = await runService({ env });
    expect(stderr).toMatch(says);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect([exitCode, stdout]).toEqual([1, ""]);
  });
});

test("--help prints every setting and starts nothing", async () => {
  const { exitCode, stdout, stderr } = await runService({ arguments: ["--help"] });
  for (const { name, defaultText } of settingDescriptions) {
    expect(stdout).toMatch(new RegExp(`^  ${name} .*\\[${defaultText.replace(/[*./]/g, "\\$&")}\\]$`, "m"));
  }
  expect([exitCode, stderr]).toEqual([0, ""]);
});

describe("a second life of the same directory", () => {
  const dataDir = mkdtempSync(join(tmpdir(), "footfall-lives-"));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

  test("answers within seconds, with the same key", async () => {
    await using first = await startService({ env: { DATA_DIR: dataDir } });
    await first.stop();
    const startedAt = performance.now();
    await using second = await startService({ env: { DATA_DIR: dataDir } });
    expect((await post(second, pageView("second-life"))).status).toBe(200);
    const elapsed = performance.now() - startedAt;
    // Two seconds are promised; a busy machine gets more here.
    expect(elapsed).toBeLessThan(10_000);
    expect(second.adminKey).toBe(first.adminKey);
    if (process.env.FOOTFALL_FIGURES === "1") {
      console.log(`Second start to first answered request: ${Math.round(elapsed)} ms`);
    }
  });
});

describe.each(["SIGTERM", "SIGINT"] as const)("%s", (signal) => {
  test("what is under way is answered and stored, nothing new is taken, a second signal changes nothing", async () => {
    await using storage = await openStorage("embedded");
    await using service = await startService({ env: storage.env });
    const body = pageView(`under-way-${signal}`);
    const url = new URL(service.url);
    const socket = connect(Number(url.port), url.hostname);
    let answer = "";
    socket.setEncoding("latin1").on("data", (text) => {
      answer += String(text);
    });
    const closed = new Promise((resolve) => socket.on("close", resolve));
    socket.write(
      `POST /v1/events HTTP/1.1\r\nhost: x\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 9)}`,
    );
    await Bun.sleep(500);

    const ended = service.stop(signal);
    await Bun.sleep(500);
    service.signal(signal);
    service.signal(signal);
    await expect(fetch(`${service.url}/health`)).rejects.toThrow();
    socket.write(body.slice(9));

    expect(await ended).toBe(0);
    await closed;
    expect(answer).toStartWith("HTTP/1.1 200 OK\r\n");
    expect(answer).toEndWith('{"accepted":1,"rejected":0}');
    expect(service.output().match(new RegExp(`^${signal}:`, "gm"))).toHaveLength(1);
    expect(service.output()).toEndWith("Stopped.\n");
    expect(await storage.rows("SELECT event_id FROM events")).toEqual([{ event_id: `under-way-${signal}` }]);
  });
});

describe("with a ClickHouse server", () => {
  let storage: Storage;
  beforeAll(async () => {
    storage = await openStorage("server");
  });
  afterAll(() => storage[Symbol.asyncDispose]());

  test("start refuses while migrations are pending and says what to do; AUTO_MIGRATE=1 applies them", async () => {
    const { AUTO_MIGRATE, ...env } = storage.env;
    const refused = await runService({ env });
    expect(refused.stderr).toMatch(/^The ClickHouse server has \d+ pending migration.*AUTO_MIGRATE=1\.\n$/);
    expect([refused.exitCode, refused.stdout]).toEqual([1, ""]);

    await using migrating = await startService({ env: { ...env, AUTO_MIGRATE: AUTO_MIGRATE ?? "1" } });
    await migrating.stop();
    await using service = await startService({ env });
    expect((await post(service, pageView("on a server"))).status).toBe(200);
    expect(await service.stop()).toBe(0);
    expect(await storage.rows("SELECT event_id FROM events")).toEqual([{ event_id: "on a server" }]);
  });
});
