import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { bodyArrivals } from "../http/body.ts";
import { startClickHouseHttp } from "../testing/clickhouse-http/start.ts";
import { type RunningService, startService } from "../testing/service/child.ts";
import { openStorage } from "../testing/service/storage.ts";
import { type CrowdReport, crowd, quantile } from "./overload/crowd.ts";
import { connectionsAllowed, openMany, trickle } from "./overload/patient-connections.ts";
import { settled } from "./settled.ts";
import { Wire } from "./wire.ts";

const MIB = 1024 * 1024;

/** Nothing may depend on how busy the machine is; what is measured is printed. */
const REFUSAL_P99_LIMIT_MS = 3000;
const NORMAL_LIMIT_MS = 5000;

const SETTLE_DEADLINE_MS = 30_000;

const mib = (bytes: number) => `${Math.round(bytes / MIB)} MiB`;
const ms = (time: number) => `${time.toFixed(1)} ms`;

const send = async (url: string, id: string): Promise<number> => {
  const body = JSON.stringify({ events: [{ event_type: "page_view", event_id: id }] });
  const startedAt = performance.now();
  const response = await fetch(`${url}/v1/events`, { method: "POST", body });
  expect([response.status, await response.json()]).toEqual([200, { accepted: 1, rejected: 0 }]);
  return performance.now() - startedAt;
};

let service: RunningService;
let kept: Wire;
let keptSince: number;
beforeAll(async () => {
  service = await startService();
  kept = await Wire.open(new URL(service.url));
  kept.write("GET /health HTTP/1.1\r\nhost: x\r\n\r\n");
  expect(await kept.answer(5000)).toMatchObject({ status: 200 });
  // Closed after a while; the other tests need not wait for it.
  keptSince = performance.now();
}, 30_000);
afterAll(() => service[Symbol.asyncDispose]());

describe("more than it can take", () => {
  const load = { connections: 200, intervalMs: 250, forMs: 2500 };

  const expectRefusals = (name: string, report: CrowdReport, growth: number) => {
    const { refusalMs, answers } = report;
    const p99 = quantile(refusalMs, 0.99);
    console.log(
      `${name}: ${JSON.stringify(answers)}, refusals p50 ${ms(quantile(refusalMs, 0.5))}, p99 ${ms(p99)}, memory +${mib(growth)}`,
    );
    expect(refusalMs.length).toBeGreaterThan(100);
    expect(report).toMatchObject({ withoutRetryAfter: 0, broken: 0 });
    expect(p99).toBeLessThan(REFUSAL_P99_LIMIT_MS);
    expect(growth).toBeLessThan(300 * MIB);
  };

  interface Counted {
    readonly rows: number;
    readonly ids: number;
  }
  const counting = "SELECT count() AS rows, uniqExact(event_id) AS ids FROM events";

  test("is refused at once while the queue is full, and what was taken is stored", async () => {
    await using storage = await openStorage("embedded");
    let accepted = 0;
    {
      await using loaded = await startService({ env: { ...storage.env, MAX_QUEUE_SIZE: "500" } });
      const before = loaded.residentBytes();
      // Five requests fill it.
      const options = { ...load, eventsPerRequest: 100, prefix: "queue" };
      const report = await crowd({ ...options, url: loaded.url });
      expectRefusals("queue", report, loaded.residentBytes() - before);
      expect(Object.keys(report.answers).sort()).toEqual(["200", "503 queue_full"]);
      await send(loaded.url, "after the load");
      accepted = report.accepted.length + 1;
      expect(await loaded.stop()).toBe(0);
    }
    expect(await storage.rows<Counted>(counting)).toEqual([{ rows: accepted, ids: accepted }]);
  }, 60_000);

  test("is refused at once while the spool is full, until the engine is back", async () => {
    // Always the stand-in: a real server does not go away on demand.
    const engine = await startClickHouseHttp();
    try {
      await using loaded = await startService({
        env: { CLICKHOUSE_URL: engine.url, AUTO_MIGRATE: "1", SPOOL_MAX_BYTES: String(MIB) },
      });
      await engine.fault({ mode: "drop" });
      const before = loaded.residentBytes();
      const report = await crowd({ ...load, url: loaded.url, eventsPerRequest: 20, prefix: "spool" });
      expectRefusals("spool", report, loaded.residentBytes() - before);
      expect(Object.keys(report.answers).sort()).toEqual(["200", "503 spool_full"]);
      const ready = await fetch(`${loaded.url}/ready`);
      expect([ready.status, ((await ready.json()) as { spool: string }).spool]).toEqual([503, "full"]);

      await engine.fault(undefined);
      expect(await settled(loaded.url, SETTLE_DEADLINE_MS)).toBe(true);
      await send(loaded.url, "after the load");
      expect(await settled(loaded.url, SETTLE_DEADLINE_MS)).toBe(true);
      const accepted = report.accepted.length + 1;
      const url = `${engine.url}/?database=analytics&default_format=JSONEachRow&output_format_json_quote_64bit_integers=0`;
      const found = await fetch(url, { method: "POST", body: counting });
      expect(await found.json()).toEqual({ rows: accepted, ids: accepted });
    } finally {
      await engine.stop();
    }
  }, 60_000);
});

describe("connections that take their time", () => {
  const ALLOWED = connectionsAllowed(11_000);
  // 1000 of 11,000, in four equal groups.
  const SLOW = 4 * Math.floor(ALLOWED / 44);
  const IDLE = ALLOWED - SLOW;

  const head = "POST /v1/events HTTP/1.1\r\nhost: x\r\n";
  const slowBodies: ReadonlyArray<readonly [name: string, first: string, bytes: string]> = [
    ["a body that trickles", `${head}content-length: 1000\r\n\r\n{`, " "],
    ["a chunked body that trickles", `${head}transfer-encoding: chunked\r\n\r\n`, "1\r\n{\r\n"],
    ["gzip that trickles", `${head}content-encoding: gzip\r\ncontent-length: 1000\r\n\r\n\x1f`, "x"],
    ["a long body that halts", `${head}content-length: ${MIB}\r\n\r\n${"x".repeat(800 * 1024)}`, ""],
  ];

  let memoryBefore: number;
  let openedAt: number;
  let silent: ReadonlyArray<Wire>;
  let slowHeads: ReadonlyArray<Wire>;
  const slow: Array<{ readonly name: string; readonly wires: ReadonlyArray<Wire> }> = [];
  const endings: Array<() => void> = [];

  beforeAll(async () => {
    const url = new URL(service.url);
    for (let n = 0; n < 20; n++) await send(service.url, `before ${n}`);
    memoryBefore = service.residentBytes();
    openedAt = performance.now();
    slowHeads = await openMany(url, 100, `${head}x-slow: `);
    endings.push(trickle(slowHeads, "x"));
    for (const [name, first, bytes] of slowBodies) {
      const wires = await openMany(url, SLOW / slowBodies.length, first);
      endings.push(trickle(wires, bytes));
      slow.push({ name, wires });
    }
    silent = await openMany(url, IDLE);
  }, 60_000);
  afterAll(() => {
    for (const end of endings) end();
  });

  test(`do not hinder a normal sender, ${IDLE} silent and ${SLOW} slow ones`, async () => {
    const times: Array<number> = [];
    for (let n = 0; n < 30; n++) {
      times.push(await send(service.url, `meanwhile ${n}`));
      await Bun.sleep(50);
    }
    times.sort((a, b) => a - b);
    const growth = service.residentBytes() - memoryBefore;
    console.log(
      `a normal sender: p50 ${ms(quantile(times, 0.5))}, slowest ${ms(times.at(-1) ?? 0)}; ${IDLE} silent and ${SLOW} slow connections: memory +${mib(growth)}`,
    );
    expect(times.at(-1)).toBeLessThan(NORMAL_LIMIT_MS);
    // The long bodies alone are 200 MiB.
    expect(growth).toBeLessThan(450 * MIB);
    // The first ones may have had their time by now.
    expect(silent.filter(({ isOpen }) => isOpen).length).toBeGreaterThan(IDLE / 2);
  }, 60_000);

  test("are closed when they say nothing, or never come to the end of a head", async () => {
    await Promise.all([...silent, ...slowHeads].map(({ closed }) => closed));
    console.log(`silent connections and slow heads: closed after ${ms(performance.now() - openedAt)}`);
  }, 60_000);

  test.each(slowBodies.map(([name]) => name))(
    "%s is answered with 408, and cut off",
    async (name) => {
      const wires = slow.find((senders) => senders.name === name)?.wires ?? [];
      expect(wires).toHaveLength(SLOW / slowBodies.length);
      const answers = await Promise.all(wires.map((wire) => wire.answer(30_000)));
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 408, body: expect.stringContaining('"request_timeout"') });
        if (typeof answer === "string") continue;
        expect(answer.headers.get("content-type")).toBe("application/problem+json");
        expect(answer.at - openedAt).toBeGreaterThan(bodyArrivals.deadlineMs);
      }
      await Promise.all(wires.map(({ closed }) => closed));
    },
    40_000,
  );

  test("leave nothing behind", async () => {
    await send(service.url, "afterwards");
    const growth = service.residentBytes() - memoryBefore;
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    console.log(`after them: memory +${mib(growth)}`);
    expect(metrics).toContain(`footfall_requests_refused_total{reason="request_timeout"} ${SLOW}\n`);
    // What the engine keeps differs by tens of MiB from run to run.
    expect(growth).toBeLessThan(200 * MIB);
  });

  test("are closed when they were kept and nothing more came", async () => {
    await kept.closed;
    console.log(`a kept connection: closed within ${ms(performance.now() - keptSince)}`);
  }, 60_000);
});
