import { expect, test } from "bun:test";
import { recountBreakdown, simpleLower } from "./breakdown.ts";
import { blankEvent, type EventRow } from "./event-row.ts";
import type { BreakdownQuestion } from "./metric-question.ts";

let ids = 0;
/** An event on 10 January 2024 in UTC. */
const at = (clock: string, more: Partial<EventRow> = {}): EventRow => {
  ids += 1;
  return {
    ...blankEvent,
    event_id: String(ids),
    occurredAtMs: Date.parse(`2024-01-10T${clock}Z`),
    ...more,
  };
};

const breakdown = (events: ReadonlyArray<EventRow>, question: Partial<BreakdownQuestion>) =>
  recountBreakdown(events, {
    route: "breakdown",
    from: "2024-01-10",
    to: "2024-01-10",
    dimension: "page",
    ...question,
  });

/** Rows in short: the dimension and what was asked for. */
const rows = (events: ReadonlyArray<EventRow>, question: Partial<BreakdownQuestion>) =>
  breakdown(events, question).data.map(({ dimension, value: _, percentage: __, ...asked }) => [
    dimension,
    ...Object.values(asked),
  ]);

const views = [
  at("08:00", { page_path: "/b" }),
  at("08:01", { page_path: "/a" }),
  at("08:02", { page_path: "/a" }),
  at("09:00", { visitor_id: 2, page_path: "/b" }),
  at("10:00", { visitor_id: 3, page_path: "/c" }),
  at("11:00", { visitor_id: 3, event_type: "conversion" }),
];

test("pages by visitors: shares are of all visitors, who may have seen several pages", () => {
  expect(breakdown(views, { metrics: ["visitors", "pageviews"] })).toEqual({
    timeRange: { start: "2024-01-10T00:00:00.000Z", end: "2024-01-11T00:00:00.000Z" },
    dimension: "page",
    data: [
      { dimension: "/b", value: 2, percentage: 66.7, visitors: 2, pageviews: 2 },
      { dimension: "", value: 1, percentage: 33.3, visitors: 1, pageviews: 0 },
      { dimension: "/a", value: 1, percentage: 33.3, visitors: 1, pageviews: 2 },
      { dimension: "/c", value: 1, percentage: 33.3, visitors: 1, pageviews: 1 },
    ],
    total: { visitors: 3, pageviews: 5 },
    rows: 4,
  });
});

test("a page of the rows, found by a text; the whole stays the whole", () => {
  const found = breakdown(views, { search: "/", limit: 1, offset: 1 });
  expect(found.data).toEqual([{ dimension: "/a", value: 1, percentage: 33.3, visitors: 1 }]);
  expect(found.rows).toBe(3);
  expect(found.total).toEqual({ visitors: 3 });
});

test("rates have no share, and rows are in the order of their exact values", () => {
  const { data } = breakdown(views, { metrics: ["bounce_rate", "sessions"] });
  expect(data).toEqual([
    { dimension: "/c", value: 100, percentage: null, bounce_rate: 100, sessions: 1 },
    { dimension: "/b", value: 50, percentage: null, bounce_rate: 50, sessions: 2 },
    { dimension: "", value: 0, percentage: null, bounce_rate: 0, sessions: 1 },
    { dimension: "/a", value: 0, percentage: null, bounce_rate: 0, sessions: 1 },
  ]);
});

test("a session counts once for every page it has in the range", () => {
  const long = [
    at("23:40", { page_path: "/a" }),
    at("23:50", { page_path: "/b" }),
    { ...at("23:50", { page_path: "/c" }), occurredAtMs: Date.parse("2024-01-11T00:01Z") },
  ];
  expect(rows(long, { metrics: ["sessions", "views_per_session"] })).toEqual([
    ["/a", 1, 3],
    ["/b", 1, 3],
  ]);
});

test("only selected events give a session its values", () => {
  const filter = { kind: "condition", field: "event_type", operator: "is", values: ["conversion"] } as const;
  const events = [
    at("08:00", { page_path: "/a" }),
    at("08:01", { page_path: "/b", event_type: "conversion" }),
  ];
  expect(rows(events, { metrics: ["sessions", "pageviews", "events"], filter })).toEqual([["/b", 1, 0, 1]]);
});

test("sessions are broken down by their own values, events by theirs", () => {
  const moving = [at("08:50", { country: "DE" }), at("09:10", { country: "FR" })];
  expect(rows(moving, { dimension: "country", metrics: ["sessions", "events"] })).toEqual([
    ["DE", 1, 1],
    ["FR", 0, 1],
  ]);
  expect(rows(moving, { dimension: "country", metrics: ["sessions"] })).toEqual([["DE", 1]]);
  expect(rows(moving, { dimension: "hour_of_day", metrics: ["events", "sessions"] })).toEqual([
    ["8", 1, 1],
    ["9", 1, 0],
  ]);
});

test("entry pages count whole sessions; without a page view there is none", () => {
  const events = [
    at("08:00", { page_path: "/a" }),
    at("08:01", { page_path: "/b" }),
    at("10:00", { event_type: "conversion", page_path: "/b" }),
  ];
  const question = { dimension: "entry_page", metrics: ["visitors", "pageviews", "sessions"] } as const;
  expect(rows(events, question)).toEqual([
    ["", 1, 0, 1],
    ["/a", 1, 2, 1],
  ]);
  expect(breakdown(events, question).total).toEqual({ visitors: 1, pageviews: 2, sessions: 2 });
});

test("with an entry page in the filter a page's numbers are those of the whole sessions that saw it", () => {
  const filter = { kind: "condition", field: "entry_page", operator: "is", values: ["/b"] } as const;
  expect(rows(views, { filter, metrics: ["pageviews", "sessions"] })).toEqual([
    ["/b", 4, 2],
    ["/a", 3, 1],
  ]);
});

test("numbers are texts, no widget and no post are empty, and ties are in the order of bytes", () => {
  const events = [at("08:00", { mapping_id: 10 }), at("08:00", { mapping_id: 9 }), at("08:00")];
  expect(rows(events, { dimension: "widget" })).toEqual([
    ["", 1],
    ["10", 1],
    ["9", 1],
  ]);
  const far = [at("08:00", { page_title: "\u{10000}" }), at("08:00", { page_title: "\uffff" })];
  expect(rows(far, { dimension: "title" })).toEqual([
    ["\uffff", 1],
    ["\u{10000}", 1],
  ]);
  expect(rows([at("00:10")], { dimension: "hour_of_day" })).toEqual([["0", 1]]);
});

test("a property is a text as it is, or JSON; the number and the text of a number are one value", () => {
  const values = ['{"plan":"1"}', '{"plan":1}', '{"plan":[1, "a"]}', '{"plan":null}', "{}", ""];
  const events = values.map((properties) => at("08:00", { properties }));
  expect(rows(events, { dimension: "property:plan", metrics: ["events"] })).toEqual([
    ["", 3],
    ["1", 2],
    ['[1,"a"]', 1],
  ]);
});

test("rows can be sorted by any asked metric or the dimension", () => {
  const question = { metrics: ["visitors", "pageviews"] } as const;
  const order = (...sort: ReadonlyArray<string>) => rows(views, { ...question, sort }).map(([page]) => page);
  expect(order("dimension")).toEqual(["", "/a", "/b", "/c"]);
  expect(order("-dimension")).toEqual(["/c", "/b", "/a", ""]);
  expect(order("pageviews", "-dimension")).toEqual(["", "/c", "/b", "/a"]);
});

test("letters are searched without their case, each for itself", () => {
  expect(simpleLower("ÜBER ΟΔΥΣ İ ẞ")).toBe("über οδυσ i ß");
  const events = [at("08:00", { page_title: "Über uns" })];
  expect(rows(events, { dimension: "title", search: "ÜBER U" })).toEqual([["Über uns", 1]]);
  expect(rows(events, { dimension: "title", search: "uber" })).toEqual([]);
});
