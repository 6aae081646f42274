import { beforeAll, describe, expect, test } from "bun:test";
import { Effect, Layer } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { ClickHouseError } from "../store/clickhouse-error.ts";
import { testEngines } from "../testing/clickhouse.ts";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import { eventColumnNames } from "./event-columns.ts";
import { MOST_EXPORTS } from "./file/export-file.ts";
import { exportFormats } from "./file/query.ts";
import { readFile } from "./testing/read-file.ts";
import {
  type SampleEvent,
  sampleEvent,
  sampleEvents,
  seen,
  seenInJson,
  storeEvents,
} from "./testing/sample-events.ts";
import { slowReader } from "./testing/slow-reader.ts";

const RANGE = "from=2026-11-01&to=2026-11-10&bots=include";
const EXPORT = `/v1/export?${RANGE}`;
const headers = { "x-admin-key": ADMIN_KEY };

/** Some 40 MB of CSV: several slices, and more than connections hold on their way. */
const manyEvents: ReadonlyArray<SampleEvent> = Array.from({ length: 20_000 }, (_, n) =>
  sampleEvent({
    event_id: `e-${String(n).padStart(6, "0")}`,
    occurred_at: Date.parse("2026-11-02") + n * 1000,
    properties: JSON.stringify({ n, text: `${n}`.padEnd(1800, "z") }),
  }),
);

const endless = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 17";

/** An engine whose answers to exports can be made to fail, or to take for ever, from the next one but so many on. */
const troubled = (layer: Layer.Layer<ClickHouse, unknown>) => {
  const trouble = { asked: 0, after: Number.POSITIVE_INFINITY, isEndless: false };
  const wrapped = Effect.map(ClickHouse, (clickhouse) =>
    ClickHouse.of({
      ...clickhouse,
      queryAs: (format, sql, params, budget) => {
        trouble.asked += 1;
        if (trouble.asked <= trouble.after) return clickhouse.queryAs(format, sql, params, budget);
        if (trouble.isEndless) return clickhouse.queryAs(format, endless);
        return new ClickHouseError({
          failure: "unavailable",
          retryable: true,
          code: undefined,
          message: "gone",
        });
      },
    }),
  );
  return { trouble, layer: Layer.provide(Layer.effect(ClickHouse, wrapped), layer) };
};

describe.each(testEngines)("exports on $engine", ({ layer }) => {
  const { trouble, layer: clickhouse } = troubled(layer());
  const service = serviceForTests({ clickhouse });
  const get = (path: string) => fetch(`${service.url()}${path}`, { headers });
  const calm = () => Object.assign(trouble, { asked: 0, after: Number.POSITIVE_INFINITY, isEndless: false });
  const open = () => slowReader(`${service.url()}${EXPORT}`, headers);

  let project: string;
  beforeAll(async () => {
    const made = await service.request<{ id: string }>("/v1/projects", {
      method: "POST",
      headers,
      body: JSON.stringify({ name: "Other" }),
    });
    project = made.body.id;
    await service.run(storeEvents(sampleEvents(500), project));
    await service.run(storeEvents(manyEvents));
  });

  const running = async () => {
    const [row] = await service.rows<{ n: number }>(
      "SELECT count() AS n FROM system.processes WHERE query LIKE '%sipHash64(number) = 17%' AND query NOT LIKE '%system.processes%'",
    );
    return row?.n;
  };

  /** Takes every turn there is and gives it back. */
  const allTurnsAreFree = async () => {
    calm();
    for (let attempt = 0; ; attempt += 1) {
      const answers = await Promise.all(Array.from({ length: MOST_EXPORTS }, () => get(EXPORT)));
      await Promise.all(answers.map((answer) => answer.arrayBuffer()));
      if (answers.every(({ status }) => status === 200)) return;
      if (attempt === 100) throw new Error("a turn was never given back");
      await Bun.sleep(50);
    }
  };

  test("an event that was sent is answered with every column, its properties as they were sent", async () => {
    const properties = '{"n":1.5,"text":"=a \\"b\\"","list":[1,{"a.b":null}]}';
    const event = `{"event_id":"sent","event_type":"signup","visitor_id":"v","page_title":"T \\n\\u2603","properties":${properties}}`;
    expect((await service.post(`{"events":[${event}]}`)).body).toEqual({ accepted: 1, rejected: 0 });
    await service.settled();
    const answer = await get("/v1/events?filter=event_type:is:signup&bots=include");
    expect(answer.headers.get("content-type")).toBe("application/json;charset=utf-8");
    expect(answer.headers.get("cache-control")).toBe("no-store");
    const text = await answer.text();
    expect(text).toContain(`"properties":${properties}`);
    const { data, next } = JSON.parse(text);
    expect([data.length, next]).toEqual([1, null]);
    expect(Object.keys(data[0])).toEqual([...eventColumnNames]);
    expect(data[0]).toMatchObject({
      event_id: "sent",
      page_title: "T \n☃",
      visitor_id: expect.stringMatching(/^\d{1,20}$/),
      occurred_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
    });
  });

  test("files have a name and a type, and are of one project", async () => {
    const types = {
      csv: "text/csv; charset=utf-8; header=present",
      ndjson: "application/x-ndjson",
      parquet: "application/vnd.apache.parquet",
    };
    for (const format of exportFormats) {
      const answer = await get(`${EXPORT}&project=${project}&format=${format}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get("content-type")).toBe(types[format]);
      expect(answer.headers.get("content-disposition")).toBe(
        `attachment; filename="footfall-${project}-2026-11-01-2026-11-10.${format}"`,
      );
      expect(await readFile(format, await answer.bytes())).toHaveLength(500);
    }
  });

  test("both routes need the key before anything else, and name a wrong parameter", async () => {
    for (const route of ["events", "export"]) {
      const refused = await fetch(`${service.url()}/v1/${route}?nonsense=1`);
      expect([refused.status, (await refused.json()).code]).toEqual([401, "key_missing"]);
      const wrong = await get(`/v1/${route}?nonsense=1`);
      expect([wrong.status, (await wrong.json()).parameter]).toEqual([400, "nonsense"]);
    }
    expect((await (await get(`${EXPORT}&format=xlsx`)).json()).parameter).toBe("format");
    expect((await (await get("/v1/export")).json()).parameter).toBe("from");
  });

  test("a failure before the first byte is a problem", async () => {
    Object.assign(trouble, { asked: 0, after: 0 });
    const answer = await get(EXPORT);
    expect([answer.status, (await answer.json()).code]).toEqual([503, "store_unavailable"]);
    await allTurnsAreFree();
  });

  test("a failure after the first byte breaks the connection", async () => {
    Object.assign(trouble, { asked: 0, after: 2 });
    const reader = await open();
    const { status, whole, body } = await reader.answer();
    expect([status, whole]).toEqual([200, false]);
    expect(body.length).toBeGreaterThan(1_000_000);
    trouble.asked = 0;
    const answer = await get(EXPORT);
    expect(answer.status).toBe(200);
    expect(
      await answer.arrayBuffer().then(
        () => "whole",
        () => "broken",
      ),
    ).toBe("broken");
    expect(service.logs.join("\n")).toContain("An export broke off");
    await allTurnsAreFree();
  });

  test("a reader that goes away ends the query that runs for it", async () => {
    Object.assign(trouble, { asked: 0, after: 1, isEndless: true });
    const reader = await open();
    await reader.receives(1_000_000);
    while ((await running()) === 0) await Bun.sleep(10);
    const left = performance.now();
    reader.leave();
    while ((await running()) !== 0) await Bun.sleep(10);
    expect(performance.now() - left).toBeLessThan(5000);
    await allTurnsAreFree();
  });

  test("a slow reader holds back the export, not the service, and gets the whole file", async () => {
    calm();
    const readers = await Promise.all(Array.from({ length: MOST_EXPORTS }, open));
    for (const reader of readers) {
      await reader.receives(100_000);
      reader.pause();
    }
    await Bun.sleep(1000);
    const { asked } = trouble;
    // Of some six slices each, what connections hold on their way.
    expect(asked).toBeLessThan(4 * MOST_EXPORTS);
    await Bun.sleep(500);
    expect(trouble.asked).toBe(asked);

    const refused = await get(EXPORT);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "30"]);
    expect((await refused.json()).code).toBe("too_many_exports");
    expect((await get("/v1/stats/timeseries?from=2026-11-01&to=2026-11-10")).status).toBe(200);

    for (const reader of readers) {
      reader.resume();
      const { whole, body } = await reader.answer();
      expect(whole).toBe(true);
      expect(await readFile("csv", body)).toEqual(manyEvents.map(seen));
    }
    await allTurnsAreFree();
  });

  test("asking for the head of a file takes no turn", async () => {
    for (let attempt = 0; attempt <= MOST_EXPORTS; attempt += 1) {
      await fetch(`${service.url()}${EXPORT}`, { method: "HEAD", headers });
    }
    await allTurnsAreFree();
  });

  test("readers that leave at any moment give their turn back", async () => {
    calm();
    for (let after = 0; after < 12; after += 1) {
      const reader = await open();
      await Bun.sleep(after * 15);
      reader.leave();
    }
    await allTurnsAreFree();
  });

  test("pages and lines of files are alike", async () => {
    const lines = (await (await get(`${EXPORT}&project=${project}&format=ndjson`)).text())
      .trimEnd()
      .split("\n");
    const page = await (await get(`/v1/events?${RANGE}&project=${project}&limit=1000`)).text();
    expect(`{"data":[${lines.toReversed().join(",")}],"next":null}`).toBe(page);
    expect(lines.map(seenInJson)).toHaveLength(500);
  });
});
