import { expect, test } from "bun:test";
import { eventColumns, splitRows } from "../store/event-row.ts";
import { testContext, typedEvents } from "../testing/service/ingest-context.ts";
import { ingestBatch } from "./pipeline.ts";

const ingest = (...events: ReadonlyArray<unknown>) => {
  const { count, rows, rejections } = ingestBatch(
    { events, sentAt: undefined, hasEscapes: true, mayHoldEmail: true, apiKey: undefined },
    testContext(),
  );
  const decoded = splitRows(Buffer.from(rows)).map((row) => {
    const values: ReadonlyArray<unknown> = JSON.parse(row.toString());
    return Object.fromEntries(eventColumns.map((name, index) => [name, values[index]]));
  });
  return { count, rows: decoded, rejections };
};

const good = { event_type: "page_view", event_id: "good" };

/** Every field that has a column, but for the page's path. */
const full = {
  event_type: "widget_impression",
  event_id: "full",
  event_version: 9,
  visitor_id: "v",
  session_id: "s",
  user_id: "u",
  user_agent: "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
  source: "wordpress",
  site_id: "a.org",
  page_url: "https://a.org/x?utm_source=n&gclid=c",
  page_title: "t",
  referrer: "https://google.com/",
  screen: "1x1",
  language: "de",
  timezone: "UTC",
  properties: typedEvents.widget_impression,
};

test("every event is taken or rejected on its own, under its place in the sender's list", () => {
  const { count, rows, rejections } = ingest(
    null,
    good,
    { event_type: "" },
    { ...good, event_id: "second" },
    { ...good, occurred_at: 0 },
    { event_type: "widget_click", properties: {} },
  );
  expect([count, rows.map(({ event_id }) => event_id)]).toEqual([2, ["good", "second"]]);
  expect(rejections.map(({ index, code }) => [index, code])).toEqual([
    [0, "invalid_event"],
    [2, "invalid_event"],
    [4, "too_old"],
    [5, "invalid_properties"],
  ]);
});

test("what one event says is not in the next one's row", () => {
  const { rows } = ingest(full, { event_type: "page_view" });
  const [, second] = rows;
  const [alone] = ingest({ event_type: "page_view" }).rows;
  expect([second]).toEqual([alone]);
});

test("nothing taken is no rows at all", () => {
  expect(ingest({}, [], 5)).toMatchObject({ count: 0, rows: [], rejections: { length: 3 } });
});

test("no text breaks out of its row", () => {
  const text = 'a\n"],[1\r\n\u2028\u2029\\';
  const { count, rows } = ingest(
    { ...good, page_title: text, user_id: text, properties: { [text]: text } },
    good,
  );
  expect([count, rows.length]).toEqual([2, 2]);
  expect(rows[0]).toMatchObject({ page_title: text, user_id: text, properties: { [text]: text } });
});

test("an event that differs in one field from the one before has a row of its own", () => {
  const base = { ...full, occurred_at: testContext().receivedAt - 5000, page_path: "/x" };
  const others = [
    { event_type: "other" },
    { occurred_at: base.occurred_at + 1 },
    { event_version: 2 },
    { visitor_id: "v2" },
    { session_id: "s2" },
    { user_id: "u2" },
    { user_agent: "curl/8.0" },
    { source: "shop" },
    { site_id: "b.org" },
    { page_url: "https://a.org/x?utm_source=m&gclid=c" },
    { page_path: "/y" },
    { page_title: "ü" },
    { referrer: "https://bing.com/" },
    { referrer: undefined, referrer_domain: "t.co" },
    { screen: "2x2" },
    { language: "fr" },
    { timezone: "CET" },
    { properties: { ...typedEvents.widget_impression, mapping_id: 77 } },
  ].map((other, index) => ({ ...base, ...other, event_id: `other ${index}` }));
  const events = others.flatMap((other, index) => [
    { ...base, event_id: `base ${index}` },
    { ...base, event_id: `again ${index}` },
    other,
  ]);
  expect(ingest(...events).rows).toEqual(events.flatMap((event) => ingest(event).rows));
  expect(new Set(ingest(...others).rows.map((row) => JSON.stringify({ ...row, event_id: "" }))).size).toBe(
    others.length,
  );
});
