import { Effect } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { type EventColumnName, eventColumnNames } from "../event-columns.ts";

/** An event as it lies in the store: times in milliseconds, ids of 64 bits as text, properties as JSON text. */
export type SampleEvent = Readonly<
  Record<Exclude<EventColumnName, "properties">, string | number | boolean>
> & {
  readonly event_id: string;
  readonly occurred_at: number;
  readonly received_at: number;
  readonly properties: string;
  readonly batch: number;
};

const nothing: SampleEvent = {
  event_id: "",
  event_type: "page_view",
  event_version: 1,
  occurred_at: 0,
  received_at: 0,
  site_id: "",
  source: "web",
  visitor_id: "18446744073709551615",
  session_id: "0",
  user_id: "",
  page_url: "",
  page_path: "",
  page_title: "",
  referrer_domain: "",
  channel: "",
  utm_source: "",
  utm_medium: "",
  utm_campaign: "",
  utm_term: "",
  utm_content: "",
  click_id_type: "",
  click_id: "",
  country: "",
  region: "",
  device_type: "",
  browser: "",
  browser_version: "",
  os: "",
  os_version: "",
  is_bot: false,
  screen: "",
  language: "",
  timezone: "",
  mapping_id: 0,
  post_id: 0,
  device_slug: "",
  properties: "{}",
  batch: 1,
};

/** An event of which only some is given. */
export const sampleEvent = (given: Partial<SampleEvent>): SampleEvent => ({
  ...nothing,
  received_at: given.occurred_at ?? 0,
  ...given,
});

/** Texts that a format has to take care of. */
export const awkwardTexts: ReadonlyArray<string> = [
  "plain",
  'says "quoted", and, commas',
  "two\nlines\r\nand a third",
  "tab\tback\\slash \\N \\n NULL",
  "=1+1",
  "+49 30",
  "-1",
  "@sum(a1)",
  "\ttab first",
  "\rreturn first",
  "\nline first",
  "'=already",
  "''-twice",
  "'plain",
  "🦉 žluťoučký 漢字 \u202eoverride\u2028",
  "'; DROP TABLE events; --",
  "</script><b>",
  " spaces ",
  "nul-like \\0 \u0001 \u007f",
  ",",
  '"',
];

const properties = [
  "{}",
  '{"a":1.0,"big":12345678901234567890,"tiny":1e-7,"n":null,"t":true}',
  '{"nested":{"list":[1,2,{"x":"\\n\\"\\u0000"}],"a.b":{"c":1}},"žluť":"=1+1"}',
  JSON.stringify({ huge: "x".repeat(30_000) }),
];

/** One instant has many of them. */
export const CROWDED_MS = Date.parse("2026-11-05T12:00:00.123Z");
export const SAMPLE_FROM = "2026-11-01";
export const SAMPLE_TO = "2026-11-10";
const START_MS = Date.parse("2026-11-01T00:00:00Z");
const DAYS_MS = 10 * 86_400_000;

/** Events of ten days, in no order: crowded instants, ids that begin alike, ids that came twice, awkward texts. */
export const sampleEvents = (count: number): ReadonlyArray<SampleEvent> =>
  Array.from({ length: count }, (_, index) => {
    // A permutation of the numbers below `count`, where 7919 does not divide it.
    const n = (index * 7919) % count;
    const text = awkwardTexts[n % awkwardTexts.length] ?? "";
    return sampleEvent({
      // Of ten neighbours two have the same id and time, and came in other batches.
      event_id: n % 10 === 9 ? `id-${n - 1}` : `id-${n}${n % 7 === 0 ? text : ""}`,
      batch: n % 10 === 9 ? 2 : 1,
      occurred_at:
        n < count / 4
          ? CROWDED_MS
          : START_MS + Math.floor(((n - (n % 10)) / count) * DAYS_MS) + (n % 10 < 8 ? n % 3 : 3),
      received_at: START_MS + n,
      event_type: n % 3 === 0 ? "widget_click" : "page_view",
      site_id: `site-${n % 4}.example`,
      visitor_id: String(18446744073709551615n - BigInt(n)),
      session_id: String(9007199254740993n * BigInt(n % 5)),
      page_title: text,
      page_url: `https://example.org/?q=${n}`,
      user_id: awkwardTexts[(n + 5) % awkwardTexts.length] ?? "",
      is_bot: n % 11 === 0,
      post_id: n,
      properties: properties[n % 97 === 0 ? 3 : n % 3] ?? "{}",
    });
  });

/** Oldest first, as the service has it: by time, id (its bytes) and batch. */
export const inOrder = (events: ReadonlyArray<SampleEvent>): ReadonlyArray<SampleEvent> =>
  events.toSorted(
    (a, b) =>
      a.occurred_at - b.occurred_at ||
      Buffer.compare(Buffer.from(a.event_id), Buffer.from(b.event_id)) ||
      a.batch - b.batch,
  );

const timeText = (ms: number): string => new Date(ms).toISOString().replace("T", " ").slice(0, 23);

let inserts = 0;

/** Stores events as they are. */
export const storeEvents = (events: ReadonlyArray<SampleEvent>, project = "default") =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    inserts += 1;
    yield* clickhouse.insertRows({
      table: "landing",
      columns: ["project_id", "batch", ...eventColumnNames],
      rows: Buffer.from(
        events
          .map((event) =>
            JSON.stringify([
              project,
              event.batch,
              ...eventColumnNames.map((name) => {
                const value = event[name];
                return name === "occurred_at" || name === "received_at" ? timeText(Number(value)) : value;
              }),
            ]),
          )
          .join("\n"),
      ),
      token: `sample ${inserts} ${project}`,
    });
  });

/** An event as a reader sees it: ids as text, times in ISO 8601, properties as the text they came in. */
export type SeenEvent = Readonly<Record<string, unknown>>;

/** How a stored event should be seen. */
export const seen = (event: SampleEvent): SeenEvent =>
  Object.fromEntries(
    eventColumnNames.map((name) => [
      name,
      name === "occurred_at" || name === "received_at" ? new Date(event[name]).toISOString() : event[name],
    ]),
  );

const LAST = ',"properties":';

/** An event out of its line of JSON. The properties are the last key; quotes within texts are escaped. */
export const seenInJson = (line: string): SeenEvent => ({
  ...(JSON.parse(line) as SeenEvent),
  properties: line.slice(line.indexOf(LAST) + LAST.length, -1),
});
