import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Layer, Logger, ManagedRuntime, Redacted } from "effect";
import { layerMetrics } from "../metrics/metrics.ts";
import { layerSpool } from "../spool/layer.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { migrate } from "../store/migrator.ts";
import { makeServer } from "../store/server.ts";
import { testRetention } from "../testing/clickhouse.ts";
import type { Fault } from "../testing/clickhouse-http/faults.ts";
import { type ClickHouseHttp, startClickHouseHttp } from "../testing/clickhouse-http/start.ts";
import { appendRows } from "../testing/service/append-rows.ts";
import { encodedRows } from "../testing/service/encoded-rows.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import { serviceForTests } from "../testing/service/in-process.ts";
import { testSettings } from "../testing/settings.ts";
import { EventWriter, layerEventWriter } from "./event-writer.ts";

// Always the stand-in: a real server does not fail on demand.
let server: ClickHouseHttp;
beforeAll(async () => {
  server = await startClickHouseHttp();
});
afterAll(() => server.stop());

const onServer = (database: string) =>
  Layer.scoped(
    ClickHouse,
    Effect.gen(function* () {
      const clickhouse = yield* makeServer({
        url: server.url,
        database,
        username: "default",
        password: Redacted.make(""),
      });
      yield* Effect.provideService(migrate(testRetention), ClickHouse, clickhouse);
      return clickhouse;
    }),
  );

const eventsOf = (type: string, count: number) => ({
  events: Array.from({ length: count }, (_, n) => ({
    event_type: "widget_click",
    event_id: `${type}-${n}`,
    source: type,
    visitor_id: n,
    properties: { mapping_id: 1, post_id: 2, device_slug: "d", click_target: "", destination_url: "" },
  })),
});

const counts = `SELECT
  (SELECT count() FROM events WHERE source = {type:String}) AS raw,
  (SELECT uniqExact(event_id) FROM events WHERE source = {type:String}) AS ids,
  (SELECT sum(events) FROM hourly_event_stats WHERE source = {type:String}) AS hourly,
  (SELECT sum(clicks) FROM daily_widget_stats WHERE source = {type:String}) AS widgets,
  (SELECT sum(widget_clicks) FROM daily_post_stats WHERE source = {type:String}) AS posts`;

const once = (count: number) => [{ raw: count, ids: count, hourly: count, widgets: count, posts: count }];

describe("an insert that fails is sent again until it is stored, and counted once", () => {
  // A server that hangs is given up after a minute; here the minute has two seconds.
  const service = serviceForTests({
    clickhouse: Layer.suspend(() => onServer("outage")),
    ground: fastClock(30),
  });

  const faults: ReadonlyArray<readonly [name: string, fault: Omit<Fault, "statement">]> = [
    ["the server answers 500, three times", { mode: "error", times: 3 }],
    ["the connection is closed before anything is done", { mode: "drop", times: 2 }],
    ["the connection is closed after the rows are in", { mode: "drop_after", times: 1 }],
    ["the connection is closed after the rows are in, three times", { mode: "drop_after", times: 3 }],
    ["the server never answers", { mode: "hang", times: 1 }],
    ["the server takes the rows and never answers", { mode: "hang_after", times: 1 }],
  ];

  test.each([...faults])(
    "%s",
    async (name, fault) => {
      const type = name.replaceAll(/\W+/g, "_").slice(0, 60);
      await server.fault({ ...fault, statement: "INSERT" });
      // Some before, some while it fails.
      await service.post(eventsOf(type, 20));
      const { state } = await service.run(EventWriter);
      const deadline = Date.now() + 8000;
      while (state().failing === undefined && Date.now() < deadline) await Bun.sleep(1);
      expect(state()).toMatchObject({ alive: true, failing: expect.stringMatching(/.+/) });
      await service.post({ events: eventsOf(type, 25).events.slice(20) });
      expect(await service.rows(counts, { type })).toEqual(once(25));
      expect(state().failing).toBeUndefined();
    },
    20_000,
  );
});

describe("while nothing can be stored", () => {
  const service = serviceForTests({
    clickhouse: Layer.suspend(() => onServer("backpressure")),
    settings: { spoolMaxBytes: 300_000 },
  });

  test("events are taken up to the spool's limit, refused whole beyond it, and all that was taken is stored", async () => {
    await server.fault({ mode: "error", statement: "INSERT" });
    const answers: Array<number> = [];
    for (let n = 0; n < 12; n++) {
      const { status, headers, body } = await service.post<{ code?: string }>(eventsOf(`request ${n}`, 90), {
        origin: "https://page.example",
      });
      answers.push(status);
      if (status === 200) continue;
      expect([status, body.code]).toEqual([503, "spool_full"]);
      expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
      // A page's script can read it, and try again.
      expect(headers.get("access-control-expose-headers")).toStartWith("retry-after");
    }
    const taken = answers.indexOf(503);
    expect(taken).toBeGreaterThan(3);
    expect(answers).toEqual([...Array(taken).fill(200), ...Array(12 - taken).fill(503)]);

    // Smaller ones still fit, but not for long.
    let singles = 0;
    while ((await service.post(eventsOf(`single ${singles}`, 1))).status === 200) singles++;
    const ready = await service.request<{ spool_bytes: number }>("/ready");
    const queued = taken * 90 + singles;
    expect(ready).toMatchObject({ status: 503, body: { ready: false, spool: "full", queued, stored: 0 } });
    expect(ready.body.spool_bytes).toBeLessThanOrEqual(300_000);
    await server.fault(undefined);
    for (let n = 0; n < 12; n++) {
      const type = `request ${n}`;
      expect(await service.rows(counts, { type })).toEqual(once(n < taken ? 90 : 0));
    }
    expect((await service.request("/ready")).status).toBe(200);
    // What was refused is no duplicate when it comes again.
    expect((await service.post(eventsOf("request 11", 90))).body).toEqual({ accepted: 90, rejected: 0 });
    expect(await service.rows(counts, { type: "request 11" })).toEqual(once(90));
  }, 20_000);

  test("reading is answered with 503 and the time after which to ask again", async () => {
    await server.fault({ mode: "drop" });
    const { status, headers, body } = await service.read<{ code: string }>(
      "/v1/stats/widgets?from=2026-01-01&to=2026-01-02",
    );
    expect([status, body.code]).toEqual([503, "store_unavailable"]);
    expect(Number(headers.get("retry-after"))).toBeGreaterThan(0);
    const ready = await service.request<{ ready: boolean; clickhouse: string }>("/ready");
    // Events are taken all the same.
    expect([ready.status, ready.body.ready]).toEqual([200, true]);
    expect(ready.body.clickhouse).toContain("cannot be reached");
    expect((await service.request("/health")).status).toBe(200);
    await server.fault(undefined);
    expect((await service.request("/ready")).status).toBe(200);
  });
});

describe("a stop while nothing can be stored", () => {
  test("ends after its deadline, and the next start stores what the spool kept", async () => {
    const dataDir = mkdtempSync(join(tmpdir(), "footfall-outage-"));
    const logs: Array<string> = [];
    const logger = Logger.replace(
      Logger.defaultLogger,
      Logger.make(({ message }) => void logs.push(String(message))),
    );
    const open = () =>
      ManagedRuntime.make(
        layerEventWriter.pipe(
          Layer.provideMerge(layerSpool),
          Layer.provideMerge(layerMetrics),
          Layer.provideMerge(onServer("unstored")),
          Layer.provideMerge(testSettings({ dataDir })),
          // The writer's ten seconds are half of one here.
          Layer.provideMerge(Layer.merge(logger, fastClock(20))),
        ),
      );
    const first = open();
    await first.runtime();
    await server.fault({ mode: "hang", statement: "INSERT" });
    await first.runPromise(appendRows(encodedRows(eventsOf("unstored", 7).events)));
    const startedAt = performance.now();
    await first.dispose();
    expect(performance.now() - startedAt).toBeLessThan(5000);
    expect(logs).toContain("7 answered events wait in the spool for the next start");
    await server.fault(undefined);

    const next = open();
    const { state } = await next.runPromise(EventWriter);
    while (state().stored < 7) await Bun.sleep(5);
    const { query } = await next.runPromise(ClickHouse);
    expect(await next.runPromise(query(counts, { type: "unstored" }))).toEqual(once(7));
    await next.dispose();
    rmSync(dataDir, { recursive: true, force: true });
  }, 20_000);
});
