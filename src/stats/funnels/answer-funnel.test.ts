import { describe, expect } from "bun:test";
import { Effect, Either, Layer } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import { blankEvent, landingColumns, landingRow } from "../recount/event-row.ts";
import { answerFunnel } from "./answer-funnel.ts";
import { casesInOrder } from "./testing/cases-in-order.ts";
import { casesInOtherOrders } from "./testing/cases-in-other-orders.ts";
import { casesOfSubjects } from "./testing/cases-of-subjects.ts";
import { a, b, type Happened, HOUR_MS, NOON, usual, WINDOW_MS } from "./testing/funnel-case.ts";

const cases = [...casesInOrder, ...casesInOtherOrders, ...casesOfSubjects];

describe.each(testEngines)("with ClickHouse $engine", ({ layer }) => {
  const { it } = testsOn(Layer.merge(layer(), testSettings()));

  const insert = (rows: ReadonlyArray<string>) =>
    Effect.flatMap(ClickHouse, (clickhouse) =>
      clickhouse.insertRows({
        table: "landing",
        columns: landingColumns,
        rows: Buffer.from(rows.join("\n")),
        token: crypto.randomUUID(),
      }),
    );
  const row = ([event_type, ms, more]: Happened, project: string) =>
    landingRow({ ...blankEvent, event_type, occurredAtMs: NOON + ms, ...more }, project, 1);

  it("one subject comes as far as it should", () =>
    Effect.gen(function* () {
      yield* insert(cases.flatMap(({ name, happened }) => happened.map((event) => row(event, name))));
      yield* Effect.forEach(
        cases,
        ({ name, asked, counts, medians }) =>
          Effect.gen(function* () {
            const { steps } = yield* answerFunnel({ ...usual, ...asked, project: name });
            expect([name, ...steps.map(({ count }) => count)]).toEqual([name, ...counts]);
            if (medians !== undefined) {
              expect([name, ...steps.map((each) => each.median_seconds)]).toEqual([name, ...medians]);
            }
          }),
        { concurrency: 4 },
      );
    }));

  it("a subject belongs to the value of the event that served step 1", () =>
    Effect.gen(function* () {
      const project = "values";
      const [mobile, desktop] = [{ device_type: "mobile" }, { device_type: "desktop" }];
      yield* insert(
        [
          // The second attempt is the better one.
          ["a", 0, mobile],
          ["a", WINDOW_MS + 5, desktop],
          ["b", WINDOW_MS + 6, mobile],
          // Of one millisecond, the smaller value.
          ["a", 9, { ...mobile, visitor_id: 2 }],
          ["a", 9, { ...desktop, visitor_id: 2 }],
          ["a", 1, { visitor_id: 3 }],
        ].map((event) => row(event as unknown as Happened, project)),
      );
      const query = { ...usual, project, steps: [a, b], dimension: "device" } as const;
      const { data, steps } = yield* answerFunnel(query);
      expect(data?.map(({ dimension, steps: own }) => [dimension, ...own.map(({ count }) => count)])).toEqual(
        [
          ["desktop", 2, 1],
          ["", 1, 0],
        ],
      );
      expect(steps.map(({ count }) => count)).toEqual([3, 1]);
      expect((yield* answerFunnel({ ...query, limit: 1 })).data).toHaveLength(1);
    }));

  it("a question of events that are gone is refused, not answered with too little", () =>
    Effect.gen(function* () {
      const early = NOON - 100 * 24 * HOUR_MS;
      yield* insert([row(["a", early - NOON], "old")]);
      const range = { fromMs: early - HOUR_MS, toMs: NOON, zone: "UTC" };
      const answer = yield* Effect.either(answerFunnel({ ...usual, project: "old", range }));
      expect(Either.getLeft(answer)).toMatchObject({
        value: { _tag: "InvalidParameter", parameter: "from" },
      });
    }));
});
