import { describe, expect } from "bun:test";
import { Effect, Either, Layer } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import { everything, type Filter } from "../filters/filter.ts";
import { blankEvent, type EventRow, landingColumns, landingRow } from "../recount/event-row.ts";
import { answerFunnel } from "./answer-funnel.ts";
import type { FunnelQuery } from "./funnel.ts";

const HOUR_MS = 3_600_000;
const NOON = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS - 12 * HOUR_MS;
const WINDOW_MS = 600_000;
const GAP_MS = 1_800_000;

/** Type, milliseconds after noon, and what else is not as usual. */
type Happened = readonly [string, number, Partial<EventRow>?];

const onPage = (page: string): Filter => ({
  kind: "condition",
  field: "page",
  operator: "is",
  values: [page],
});
const step = (eventType: string, filter = everything) => ({ eventType, filter });
const [a, b, c] = [step("a"), step("b"), step("c")];
const abc = [a, b, c];

const usual: Omit<FunnelQuery, "project"> = {
  range: { fromMs: NOON, toMs: NOON + 6 * HOUR_MS, zone: "UTC" },
  steps: abc,
  windowSeconds: WINDOW_MS / 1000,
  by: "visitor",
  order: "ordered",
  filter: everything,
  bots: "exclude",
  dimension: undefined,
  limit: 10,
};

interface Case {
  readonly name: string;
  readonly happened: ReadonlyArray<Happened>;
  readonly asked?: Partial<FunnelQuery>;
  readonly counts: ReadonlyArray<number>;
  readonly medians?: ReadonlyArray<number | null>;
}

const strict = { order: "strict" } as const;
const any = { order: "any" } as const;
const session = { by: "session" } as const;

const cases: ReadonlyArray<Case> = [
  {
    name: "steps in order, with others in between",
    happened: [
      ["a", 0],
      ["x", 1],
      ["b", 2],
      ["a", 3],
      ["c", 4500],
    ],
    counts: [1, 1, 1],
    medians: [null, 0.002, 4.498],
  },
  {
    name: "steps in the wrong order",
    happened: [
      ["c", 0],
      ["b", 1],
      ["a", 2],
    ],
    counts: [1, 0, 0],
  },
  // They are stored in the order of their types.
  {
    name: "two steps in the same millisecond",
    happened: [
      ["a", 5],
      ["b", 5],
      ["c", 6],
    ],
    counts: [1, 1, 1],
    medians: [null, 0, 0.001],
  },
  {
    name: "two steps in the same millisecond, stored the other way round",
    happened: [
      ["c", 5],
      ["b", 5],
      ["a", 6],
    ],
    asked: { steps: [c, b, a] },
    counts: [1, 1, 1],
  },
  {
    name: "two steps in the same millisecond, in strict order",
    happened: [
      ["c", 5],
      ["b", 5],
      ["a", 5],
    ],
    asked: { ...strict, steps: [c, b, a] },
    counts: [1, 1, 1],
  },
  { name: "one event for two equal steps", happened: [["a", 0]], asked: { steps: [a, a] }, counts: [1, 0] },
  {
    name: "two events for two equal steps",
    happened: [
      ["a", 0],
      ["a", 0],
    ],
    asked: { steps: [a, a, a] },
    counts: [1, 1, 0],
  },
  {
    name: "one event for two equal steps, in any order",
    happened: [["a", 0]],
    asked: { ...any, steps: [a, a] },
    counts: [1, 0],
  },
  {
    name: "two events of which one fits both steps, whichever comes first in the store",
    happened: [
      ["a", 0, { page_path: "/x" }],
      ["a", 0, { page_path: "/" }],
    ],
    asked: { steps: [a, step("a", onPage("/x"))] },
    counts: [1, 1],
  },
  {
    name: "the one that fits both steps comes first, in any order",
    happened: [
      ["a", 0, { page_path: "/x" }],
      ["a", 9, { page_path: "/" }],
    ],
    asked: { ...any, steps: [a, step("a", onPage("/x"))] },
    counts: [1, 1],
  },
  {
    name: "the last step at the end of the window",
    happened: [
      ["a", 0],
      ["b", 1],
      ["c", WINDOW_MS],
    ],
    counts: [1, 1, 1],
  },
  {
    name: "the last step a millisecond after the window",
    happened: [
      ["a", 0],
      ["b", 1],
      ["c", WINDOW_MS + 1],
    ],
    counts: [1, 1, 0],
  },
  {
    name: "a second attempt that gets further than the first",
    happened: [
      ["a", 0],
      ["b", 1],
      ["a", WINDOW_MS],
      ["b", WINDOW_MS + 70],
      ["c", WINDOW_MS + 99],
    ],
    counts: [1, 1, 1],
    medians: [null, 0.07, 0.029],
  },
  {
    name: "the first of two attempts that get equally far",
    happened: [
      ["a", 0],
      ["b", 7],
      ["a", WINDOW_MS],
      ["b", WINDOW_MS + 70],
    ],
    counts: [1, 1, 0],
    medians: [null, 0.007, null],
  },
  {
    name: "steps beyond the range",
    happened: [
      ["a", -1],
      ["a", 0],
      ["b", 6 * HOUR_MS],
    ],
    asked: { windowSeconds: 86_400 },
    counts: [1, 0, 0],
  },
  {
    name: "strict: something else in between",
    happened: [
      ["a", 0],
      ["x", 1],
      ["b", 2],
    ],
    asked: strict,
    counts: [1, 0, 0],
  },
  {
    name: "strict: a step again in between",
    happened: [
      ["a", 0],
      ["b", 1],
      ["b", 2],
      ["c", 3],
    ],
    asked: strict,
    counts: [1, 1, 0],
  },
  {
    name: "strict: something else in the same millisecond",
    happened: [
      ["a", 0],
      ["x", 0],
      ["b", 2],
      ["x", 2],
    ],
    asked: strict,
    counts: [1, 1, 0],
  },
  {
    name: "strict: something else that the filter leaves out",
    happened: [
      ["a", 0],
      ["x", 1, { page_path: "/x" }],
      ["b", 2],
    ],
    asked: { ...strict, filter: onPage("") },
    counts: [1, 1, 0],
  },
  {
    name: "any order",
    happened: [
      ["c", 0],
      ["a", 5],
      ["b", 9],
    ],
    asked: any,
    counts: [1, 1, 1],
    medians: [null, 0.004, 0],
  },
  {
    name: "any order: all within the window",
    happened: [
      ["c", 0],
      ["a", 5],
      ["b", WINDOW_MS + 1],
    ],
    asked: any,
    counts: [1, 1, 0],
  },
  {
    name: "any order: step 3 counts only with step 2",
    happened: [
      ["c", 0],
      ["a", 5],
    ],
    asked: any,
    counts: [1, 0, 0],
  },
  {
    name: "bots do nothing",
    happened: [
      ["a", 0],
      ["b", 1, { is_bot: true }],
    ],
    counts: [1, 0, 0],
  },
  {
    name: "bots only",
    happened: [
      ["a", 0],
      ["a", 1, { is_bot: true }],
      ["b", 2, { is_bot: true }],
    ],
    asked: { bots: "only" },
    counts: [1, 1, 0],
  },
  {
    name: "a visitor goes from site to site",
    happened: [
      ["a", 0],
      ["b", 1, { site_id: "other" }],
    ],
    counts: [1, 1, 0],
  },
  {
    name: "a session does not",
    happened: [
      ["a", 0],
      ["b", 1, { site_id: "other" }],
    ],
    asked: session,
    counts: [1, 0, 0],
  },
  {
    name: "nor to another client session",
    happened: [
      ["a", 0],
      ["b", 1, { session_id: 7 }],
    ],
    asked: session,
    counts: [1, 0, 0],
  },
  {
    name: "a session ends after 30 minutes",
    happened: [
      ["a", 0],
      ["b", GAP_MS],
      ["a", GAP_MS + 1],
    ],
    asked: { ...session, windowSeconds: 86_400 },
    counts: [2, 0, 0],
  },
  {
    name: "and not a millisecond before",
    happened: [
      ["a", 0],
      ["b", GAP_MS - 1],
    ],
    asked: { ...session, windowSeconds: 86_400 },
    counts: [1, 1, 0],
  },
  {
    name: "strict, in a session: something else in between",
    happened: [
      ["a", 0],
      ["x", 1],
      ["b", 2],
    ],
    asked: { ...strict, ...session },
    counts: [1, 0, 0],
  },
  {
    name: "strict, in a session: something else that the filter leaves out",
    happened: [
      ["a", 0],
      ["x", 1, { page_path: "/x" }],
      ["b", 2],
    ],
    asked: { ...strict, ...session, filter: onPage("") },
    counts: [1, 1, 0],
  },
  {
    name: "what the filter leaves out holds a session together",
    happened: [
      ["a", 0],
      ["x", GAP_MS - 1, { page_path: "/x" }],
      ["b", GAP_MS],
    ],
    asked: { ...session, filter: onPage(""), windowSeconds: 86_400 },
    counts: [1, 1, 0],
  },
];

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
