import { expect, test } from "bun:test";
import type { Field } from "../catalogue/dimensions.ts";
import type { Condition, Filter } from "../filters/filter.ts";
import { blankEvent, type EventRow } from "./event-row.ts";
import type { MetricsQuestion } from "./metric-question.ts";
import { type Metric, metricNames, recountMetrics, recountTimeseriesMetrics } from "./metrics.ts";

let ids = 0;
/** An event at a time of January 2024 in UTC, such as `10 09:30`. */
const at = (time: string, more: Partial<EventRow> = {}): EventRow => {
  ids += 1;
  const [day, clock = "00:00"] = time.split(" ");
  const occurredAtMs = Date.parse(`2024-01-${day}T${clock}Z`);
  return { ...blankEvent, event_id: String(ids), occurredAtMs, ...more };
};

const is = (field: Field, ...values: ReadonlyArray<string>): Condition => ({
  kind: "condition",
  field,
  operator: "is",
  values,
});
const all = (...filters: ReadonlyArray<Filter>): Filter => ({ kind: "all", filters });
const any = (...filters: ReadonlyArray<Filter>): Filter => ({ kind: "any", filters });

const tenth = { route: "metrics", from: "2024-01-10", to: "2024-01-10", metrics: metricNames } as const;

const values = (events: ReadonlyArray<EventRow>, question: Partial<MetricsQuestion> = {}) =>
  Object.fromEntries(
    Object.entries(recountMetrics(events, { ...tenth, ...question }).metrics).map(([name, { value }]) => [
      name,
      value,
    ]),
  );

const click = { event_type: "widget_click" };
const goal = { event_type: "conversion" };

test("a day with one visit that bounces, one of ten minutes and one that converts", () => {
  const events = [
    at("10 08:00", { page_path: "/" }),
    at("10 09:00", { visitor_id: 2, page_path: "/" }),
    at("10 09:10", { visitor_id: 2, page_path: "/pricing" }),
    at("10 10:00", { visitor_id: 3, page_path: "/" }),
    at("10 10:00:00.500", { visitor_id: 3, ...goal }),
  ];
  expect(recountMetrics(events, tenth).timeRange).toEqual({
    start: "2024-01-10T00:00:00.000Z",
    end: "2024-01-11T00:00:00.000Z",
  });
  expect(values(events)).toEqual({
    pageviews: 4,
    visitors: 3,
    sessions: 3,
    bounce_rate: 33.3,
    // 0 s, 600 s and 0.5 s.
    avg_duration: 200.167,
    views_per_session: 1.33,
    events: 5,
    conversions: 1,
    conversion_rate: 33.3,
  });
});

test("nothing at all is zeros, and no change from zeros", () => {
  const { metrics } = recountMetrics([], { ...tenth, compare: "previous" });
  for (const name of metricNames) expect(metrics[name]).toEqual({ value: 0, previous: 0, change: 0 });
});

test("a session counts whole where it begins; its events count where they are", () => {
  const night = [
    at("09 23:50", { page_path: "/a" }),
    at("10 00:10", { page_path: "/b" }),
    at("10 23:59:59.999", { page_path: "/c" }),
    at("11 00:20", { page_path: "/d" }),
  ];
  // Only the session of the evening of the 10th begins on that day, and its page view of the 11th belongs to it.
  expect(values(night)).toMatchObject({
    pageviews: 2,
    sessions: 1,
    views_per_session: 2,
    avg_duration: 1200.001,
    bounce_rate: 0,
  });
  const days = {
    ...tenth,
    to: "2024-01-11",
    route: "timeseries",
    metrics: ["sessions", "pageviews"],
  } as const;
  expect(recountTimeseriesMetrics(night, days).data).toEqual([
    { bucket: "2024-01-10", sessions: 1, pageviews: 2 },
    { bucket: "2024-01-11", sessions: 0, pageviews: 1 },
  ]);
});

test("crawlers count when they are asked for, and hold no session of others together", () => {
  const events = [at("10 08:00"), at("10 08:20", { is_bot: true }), at("10 08:40")];
  expect(values(events)).toMatchObject({ sessions: 2, events: 2 });
  expect(values(events, { bots: "include" })).toMatchObject({ sessions: 1, events: 3 });
  expect(values(events, { bots: "only" })).toMatchObject({ sessions: 1, events: 1 });
});

test("a goal is any of its event types", () => {
  const events = [at("10 08:00", click), at("10 08:01", goal), at("10 08:02", { visitor_id: 2 })];
  expect(values(events)).toMatchObject({ conversions: 1, conversion_rate: 50 });
  expect(values(events, { goal: ["conversion", "widget_click"] })).toMatchObject({
    conversions: 2,
    conversion_rate: 50,
  });
});

test("the range before is as many days or milliseconds, and the change is of exact values", () => {
  const events = [
    at("08 10:00"),
    at("08 12:00", { visitor_id: 2 }),
    at("10 10:00"),
    at("10 12:00", { visitor_id: 2 }),
    at("10 14:00", { visitor_id: 3 }),
  ];
  const question = { ...tenth, to: "2024-01-11", metrics: ["visitors"], compare: "previous" } as const;
  expect(recountMetrics(events, question).metrics).toEqual({
    visitors: { value: 3, previous: 2, change: 50 },
  });
});

test("sessions are asked for their own values, events for theirs", () => {
  const moving = [at("10 08:00", { country: "DE" }), at("10 08:10", { country: "FR" })];
  expect(values(moving, { filter: is("country", "DE") })).toMatchObject({
    sessions: 1,
    views_per_session: 2,
    pageviews: 1,
  });
  expect(values(moving, { filter: is("country", "FR") })).toMatchObject({ sessions: 0, pageviews: 1 });
});

test("hours are of the event, and for sessions of their start", () => {
  const events = [at("10 08:50"), at("10 09:10")];
  const question = (hour: string) => ({
    filter: is("hour_of_day", hour),
    metrics: ["sessions", "events"] as Metric[],
  });
  expect(values(events, question("8"))).toEqual({ sessions: 1, events: 1 });
  expect(values(events, question("9"))).toEqual({ sessions: 0, events: 1 });
  expect(values(events, { ...question("14"), timezone: "Asia/Kathmandu" })).toEqual({
    sessions: 1,
    events: 2,
  });
});

test("what only events have holds for a session with such an event in the range, and it counts whole", () => {
  const events = [
    at("10 08:00", { page_path: "/a" }),
    at("10 08:10", { page_path: "/b" }),
    at("10 23:50", { page_path: "/a" }),
    at("11 00:10", { page_path: "/b" }),
  ];
  expect(values(events, { filter: is("page", "/b") })).toMatchObject({
    sessions: 1,
    views_per_session: 2,
    pageviews: 1,
  });
});

test("what can be asked of one event is asked of one, whatever else is asked of its session", () => {
  const apart = [
    at("10 08:00", { country: "DE", page_path: "/a" }),
    at("10 08:01", { ...click, page_path: "/b" }),
  ];
  const sessions = (filter: Filter) => values(apart, { filter, metrics: ["sessions"] }).sessions;
  expect(sessions(all(is("page", "/a"), is("event_type", "widget_click")))).toBe(0);
  const country = is("country", "DE");
  expect(sessions(all(is("page", "/a"), country, is("event_type", "widget_click")))).toBe(0);
  expect(sessions(all(is("page", "/a"), all(country, any(is("event_type", "widget_click")))))).toBe(0);
  expect(sessions(all(is("page", "/b"), country, is("event_type", "widget_click")))).toBe(1);
  // Each of the two groups asks of the session too, and so for itself.
  const orFrench = (condition: Condition) => any(condition, is("country", "FR"));
  expect(sessions(all(orFrench(is("page", "/a")), orFrench(is("event_type", "widget_click"))))).toBe(1);
  expect(sessions(any(is("page", "/none"), country))).toBe(1);
  expect(sessions(any(is("page", "/none"), is("country", "FR")))).toBe(0);
});

test("an entry page in the filter makes everything a question about whole sessions", () => {
  const events = [
    at("09 23:50", { page_path: "/a" }),
    at("10 00:10", { page_path: "/a" }),
    at("10 23:50", { visitor_id: 2, page_path: "/a" }),
    at("11 00:10", { visitor_id: 2, page_path: "/b" }),
    at("11 00:11", { visitor_id: 2, ...goal }),
  ];
  expect(values(events, { filter: is("entry_page", "/a") })).toEqual({
    pageviews: 2,
    visitors: 1,
    sessions: 1,
    bounce_rate: 0,
    avg_duration: 1260,
    views_per_session: 2,
    events: 3,
    conversions: 1,
    conversion_rate: 100,
  });
  expect(values(events, { filter: is("exit_page", "/a") })).toMatchObject({ visitors: 0, sessions: 0 });
  expect(values(events, { filter: all(is("exit_page", "/b"), is("page", "/b")) })).toMatchObject({
    events: 0,
  });
});
