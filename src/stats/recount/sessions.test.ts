import { expect, test } from "bun:test";
import { blankEvent, type EventRow } from "./event-row.ts";
import { sessionize } from "./sessions.ts";

const MINUTE_MS = 60_000;
const event = (occurredAtMs: number, more: Partial<EventRow> = {}): EventRow => ({
  ...blankEvent,
  occurredAtMs,
  ...more,
});

const starts = (events: ReadonlyArray<EventRow>) =>
  sessionize(events).map(({ startedAtMs, events: own }) => [startedAtMs, own.length]);

test("30 minutes without an event end a session, and a millisecond less does not", () => {
  expect(starts([event(0), event(30 * MINUTE_MS - 1)])).toEqual([[0, 2]]);
  expect(starts([event(0), event(30 * MINUTE_MS)])).toEqual([
    [0, 1],
    [1_800_000, 1],
  ]);
  expect(starts([event(0), event(30 * MINUTE_MS + 1)])).toEqual([
    [0, 1],
    [1_800_001, 1],
  ]);
});

test("a late event joins the sessions on both of its sides", () => {
  const [a, b, late] = [event(0), event(40 * MINUTE_MS), event(20 * MINUTE_MS)];
  expect(starts([a, b])).toHaveLength(2);
  expect(starts([a, b, late])).toEqual([[0, 3]]);
});

test("a session goes on for days when its events are dense enough", () => {
  const events = Array.from({ length: 100 }, (_, i) => event(i * 29 * MINUTE_MS));
  expect(sessionize(events)[0]?.durationMs).toBe(99 * 29 * MINUTE_MS);
  expect(sessionize(events)).toHaveLength(1);
});

test("sites, visitors and the client's session ids keep sessions apart, and none is an id like others", () => {
  const events = [
    event(0),
    event(1, { visitor_id: 2 }),
    event(2, { site_id: "shop.example.org" }),
    event(3, { session_id: 7 }),
    event(4, { session_id: 7, visitor_id: 2 }),
    event(5),
  ];
  expect(starts(events)).toEqual([
    [0, 2],
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
  ]);
});

test("within a millisecond the bytes of the event ids say what came first", () => {
  const [last, first, between] = [
    event(0, { event_id: "\u{10000}", country: "US", page_path: "/last" }),
    event(0, { event_id: "Z", country: "DE", page_path: "/first" }),
    event(0, { event_id: "\uffff", country: "FR", page_path: "/between" }),
  ];
  const [session] = sessionize([last, first, between]);
  expect(session?.first.country).toBe("DE");
  expect([session?.entryPage, session?.exitPage]).toEqual(["/first", "/last"]);
});

test("entry and exit are page views; what else has a path is no page of the session", () => {
  const [session] = sessionize([
    event(0, { event_type: "widget_impression", page_path: "/a" }),
    event(1, { page_path: "/b" }),
    event(2, { page_path: "" }),
    event(3, { event_type: "conversion", page_path: "/c" }),
  ]);
  // The last page view has no path, and so the session no exit page.
  expect([session?.entryPage, session?.exitPage, session?.pageViews]).toEqual(["/b", "", 2]);
  const [without] = sessionize([event(0, { event_type: "conversion", page_path: "/a" })]);
  expect([without?.entryPage, without?.exitPage, without?.pageViews]).toEqual(["", "", 0]);
});

const bounces: ReadonlyArray<readonly [ReadonlyArray<string>, boolean]> = [
  [["page_view"], true],
  [["page_view", "widget_impression", "identify", "device_page_view"], true],
  [["page_view", "page_view"], false],
  [["page_view", "widget_click"], false],
  [["page_view", "anything else"], false],
  [["widget_impression"], false],
];

test.each(bounces)("a session of %p bounces: %p", (types, bounced) => {
  const [session] = sessionize(types.map((event_type, ms) => event(ms, { event_type })));
  expect(session?.isBounce).toBe(bounced);
});
