import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import { readUserAgent } from "../../ingest/steps/user-agent.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { eventColumns, numberRows } from "../../store/event-row.ts";
import { testClickHouse } from "../clickhouse.ts";
import { testsOn } from "../effect.ts";
import { type TrafficRowsOptions, trafficRows } from "./rows.ts";
import { makeTally } from "./tally.ts";
import { makeTraffic } from "./traffic.ts";

const traffic = { seed: 5, events: 30_000, days: 30, until: Date.now(), sites: 8 };
const options: TrafficRowsOptions = { seed: 5, project: "default", chunkRows: 10_000 };

const encode = (change: Partial<TrafficRowsOptions> = {}) =>
  [...trafficRows(makeTraffic(traffic), { ...options, ...change })].map(({ rows, count, requests }) => ({
    rows,
    count,
    requests,
  }));

type Column = (typeof eventColumns)[number];
const chunks = encode();
const table = chunks.flatMap(({ rows }) =>
  rows
    .toString()
    .trimEnd()
    .split("\n")
    .map((line): unknown[] => JSON.parse(line)),
);
const columnOf = (column: Column) => table.map((row) => row[eventColumns.indexOf(column)]);
const shareOf = (column: Column, value: unknown) =>
  columnOf(column).filter((each) => each === value).length / table.length;

test("two runs give the same bytes, whatever they are cut into", () => {
  const whole = Buffer.concat(chunks.map(({ rows }) => rows));
  expect(Buffer.concat(encode().map(({ rows }) => rows)).equals(whole)).toBe(true);
  expect(Buffer.concat(encode({ chunkRows: 777 }).map(({ rows }) => rows)).equals(whole)).toBe(true);
  const otherKeys = Buffer.concat(encode({ seed: 6 }).map(({ rows }) => rows));
  expect(otherKeys.equals(whole)).toBe(false);
});

test("the pipeline takes every event, and no chunk is larger than asked", () => {
  expect(table).toHaveLength(traffic.events);
  for (const { count, rows } of chunks) {
    expect(count).toBeLessThanOrEqual(options.chunkRows);
    expect(rows.toString().split("\n").length - 1).toBe(count);
  }
  expect(
    trafficRows(makeTraffic({ ...traffic, events: 1 }), { ...options, chunkRows: 1 }).next().value?.count,
  ).toBe(1);
});

describe("what the service makes of it", () => {
  test("crawlers send a few percent, and only they are bots", () => {
    const crawled = chunks.flatMap(({ requests }) => requests).filter(({ isCrawler }) => isCrawler);
    expect(shareOf("is_bot", true)).toBeGreaterThan(0.02);
    expect(shareOf("is_bot", true)).toBeLessThan(0.07);
    expect(crawled.flatMap(({ events }) => events).length).toBe(columnOf("is_bot").filter(Boolean).length);
  });

  test("every agent is understood", () => {
    for (const { userAgent, isCrawler } of chunks.flatMap(({ requests }) => requests)) {
      const { isBot, browser, os, deviceType } = readUserAgent(userAgent);
      expect(isBot).toBe(isCrawler);
      if (!isBot) expect([browser, os, deviceType]).not.toContain("");
    }
    expect(shareOf("device_type", "mobile")).toBeGreaterThan(0.45);
    expect(shareOf("device_type", "desktop")).toBeGreaterThan(0.25);
    expect(shareOf("device_type", "tablet")).toBeGreaterThan(0.01);
  });

  test("people come through every common channel", () => {
    const channels = new Set(columnOf("channel"));
    for (const channel of [
      ...["direct", "organic_search", "paid_search", "organic_social", "paid_social"],
      ...["email", "referral", "ai_assistant", "organic_video"],
    ]) {
      expect(channels).toContain(channel);
    }
    expect(channels).not.toContain("unassigned");
  });

  test("nothing in an address had to be masked", () => {
    for (const path of columnOf("page_path")) expect(path).toMatch(/^\/[a-z0-9/-]*$/);
  });
});

describe("in the store", () => {
  const { it } = testsOn(testClickHouse());

  it("every row arrives, with its visitors and sessions, and the rollups agree", () =>
    Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const { tally, add } = makeTally();
      let batch = 0;
      for (const { rows, requests } of chunks) {
        batch++;
        numberRows(rows, batch);
        add(requests);
        yield* clickhouse.insertRows({
          table: "landing",
          columns: eventColumns,
          rows,
          token: `traffic:${batch}`,
        });
      }
      const [raw] = yield* clickhouse.query(
        `SELECT count() AS events, countIf(is_bot) AS crawled, uniqExactIf(visitor_id, NOT is_bot) AS visitors,
           uniqExactIf(session_id, NOT is_bot) AS sessions, uniqExact(event_id) AS ids, max(batch) AS batches,
           countIf(event_type = 'widget_impression' AND NOT is_bot) AS impressions FROM events`,
      );
      const [rollup] = yield* clickhouse.query<{ impressions: number }>(
        "SELECT sum(impressions) AS impressions FROM daily_widget_stats",
      );
      const { events, crawled, visitors, sessions } = tally;
      expect(raw).toMatchObject({ events, crawled, visitors, sessions, ids: events, batches: batch });
      expect(raw).toMatchObject({ impressions: rollup?.impressions ?? 0 });
    }));
});
