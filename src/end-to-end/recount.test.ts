import { describe, expect, test } from "bun:test";
import { Effect } from "effect";
import fc from "fast-check";
import type { AnswerOptions } from "../stats/answer.ts";
import { decodeTimeseriesQuery } from "../stats/parameters/query.ts";
import { decodePostsQuery, postStats } from "../stats/posts.ts";
import { recountPosts, recountTimeseries, recountWidgets } from "../stats/recount/recount.ts";
import { story } from "../stats/recount/stories.ts";
import { timeseries } from "../stats/timeseries.ts";
import { decodeWidgetsQuery, widgetStats } from "../stats/widgets.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { testClickHouse, testClickHouseServer } from "../testing/clickhouse.ts";
import { serviceForTests } from "../testing/service/in-process.ts";
import { type Sent, sentAs } from "./sent-events.ts";

// Long enough that the days of 2024 with all their changes of clocks are kept.
const retention = { rawRetentionDays: 3650, rollupRetentionYears: 50 };
const MOST_EVENTS = 60;

const recounts = { widgets: recountWidgets, posts: recountPosts, timeseries: recountTimeseries };

const fromRawEvents = (route: keyof typeof recounts, params: URLSearchParams) => {
  const raw: AnswerOptions = { table: "raw" };
  return Effect.gen(function* () {
    if (route === "widgets") return yield* widgetStats(yield* decodeWidgetsQuery(params), raw);
    if (route === "posts") return yield* postStats(yield* decodePostsQuery(params), raw);
    return yield* timeseries(yield* decodeTimeseriesQuery(params), raw);
  });
};

/** Events around an edge of the calendar, cut into requests, and one question for each route about them. */
const visit = story.chain(({ sent, questions }) => {
  const events = sent.flat().slice(0, MOST_EVENTS);
  return fc.record({
    events: fc.tuple(...events.map(sentAs)),
    requests: fc.integer({ min: 1, max: 3 }),
    questions: fc.constant(
      (["widgets", "posts", "timeseries"] as const).flatMap(
        (asked) => questions.find(({ route }) => route === asked) ?? [],
      ),
    ),
  });
});

const cut = <A>(list: ReadonlyArray<A>, parts: number): ReadonlyArray<ReadonlyArray<A>> => {
  const size = Math.ceil(list.length / parts);
  return Array.from({ length: parts }, (_, i) => list.slice(i * size, (i + 1) * size)).filter(
    (part) => part.length > 0,
  );
};

describe.each([
  { engine: "embedded", clickhouse: testClickHouse(undefined, retention), runs: 100 },
  { engine: "server", clickhouse: testClickHouseServer(undefined, retention), runs: 10 },
])("any batches, ClickHouse $engine", ({ clickhouse, runs }) => {
  const service = serviceForTests({ settings: retention, clickhouse });

  const forget = Effect.flatMap(ClickHouse, ({ command }) =>
    Effect.forEach(
      ["events", "daily_identities", "daily_widget_stats", "daily_post_stats", "hourly_event_stats"],
      (table) => command(`TRUNCATE TABLE ${table}`),
      { discard: true },
    ),
  );

  const send = async (sent: ReadonlyArray<Sent>) => {
    const { status, body } = await service.post({ events: sent.map(({ input }) => input) });
    const rejected = sent.flatMap((one, index) =>
      "code" in one ? [{ index, code: one.code, message: expect.stringMatching(/.{10,}\.$/) }] : [],
    );
    expect({ status, body }).toEqual({
      status: 200,
      body: {
        accepted: sent.length - rejected.length,
        rejected: rejected.length,
        ...(rejected.length === 0 ? {} : { errors: rejected as never }),
      },
    });
    // The same events in a body that broke off on the way: none of them is taken.
    const whole = JSON.stringify({ events: sent.map(({ input }) => input) });
    expect((await service.post(whole.slice(0, -1))).status).toBe(400);
  };

  test(`offered = accepted + rejected, and every answer is what a recount of the accepted events finds, ${runs} runs`, async () => {
    let questionsAsked = 0;
    let rowsCompared = 0;
    const property = fc.asyncProperty(visit, async ({ events, requests, questions }) => {
      await service.run(forget);
      for (const part of cut(events, requests)) await send(part);
      await service.settled();
      const stored = events.flatMap((one) => ("stored" in one ? [one.stored] : []));
      for (const { route, params } of questions) {
        const expected = recounts[route](stored, params);
        const answer = await service.read(`/v1/stats/${route}?${params}`);
        expect({ status: answer.status, body: answer.body }).toEqual({
          status: 200,
          body: { data: expected },
        });
        expect(await service.run(fromRawEvents(route, params))).toEqual(expected as never);
        questionsAsked += 1;
        rowsCompared += expected.length;
      }
    });
    await fc.assert(property, { numRuns: runs });
    // Neither are the questions empty nor the answers.
    expect(questionsAsked).toBeGreaterThan(runs * 2);
    expect(rowsCompared).toBeGreaterThan(runs * 5);
  }, 300_000);
});
