import fc from "fast-check";
import type { TimeRange } from "../calendar/buckets.ts";
import { blankEvent, type EventRow } from "../recount/event-row.ts";
import { oddTexts } from "./any-filter.ts";

/** Texts that are numbers, or look as if they were. */
export const numberTexts = [
  "5",
  " 5",
  "1e3",
  "0x10",
  "inf",
  "-inf",
  "nan",
  "-5",
  "007",
  ".5",
  "5.",
  "1e400",
  "1_000",
  "+5",
];
/** Texts of events, and of what is asked of them. */
export const texts = ["", "/", "/a", "/a/b", "a\nb", "A", "b", ...oddTexts, ...numberTexts];
export const text = fc.constantFrom(...texts);
/** Patterns by which RE2 and JavaScript mean the same. */
export const patterns = fc.constantFrom(
  ...[
    "^/a",
    "b$",
    "a.b",
    "(?i)^a$",
    "^$",
    "[ab]+",
    "\\d",
    "^.$",
    "é|🦉",
    "\\\\",
    "^(/|/a)$",
    "\\.",
    'say "hi"',
    "x*",
  ],
);

/** Names of properties. */
export const names = ["plan", "", "a.b", "it's {property:String}", 'a"b\\', "🦉", "__proto__", "0"];
const jsonValue = fc.oneof(
  text,
  fc.constantFrom(
    null,
    true,
    false,
    0,
    -0,
    5,
    -5,
    1,
    1.5,
    100,
    1e-7,
    0.1,
    1e20 / 1e5,
    Number.MAX_SAFE_INTEGER,
  ),
  fc
    .double({ noNaN: true, min: -9e15, max: 9e15 })
    .filter((n) => !Number.isInteger(n) || Number.isSafeInteger(n)),
  fc.constantFrom(
    [],
    {},
    [1, "a/b", null],
    { b: 1, a: { c: "x/y\u2028\u001f\n\\u001f" } },
    { plan: "nested" },
  ),
);
const properties = fc
  .array(fc.tuple(fc.constantFrom(...names), jsonValue), { maxLength: 5 })
  .map((entries) => (entries.length === 0 ? "" : JSON.stringify(Object.fromEntries(entries))));

const textColumns = [
  "page_path",
  "page_title",
  "referrer_domain",
  "channel",
  "utm_source",
  "utm_medium",
  "utm_campaign",
  "utm_term",
  "utm_content",
  "country",
  "region",
  "device_type",
  "browser",
  "browser_version",
  "os",
  "language",
  "screen",
  "source",
  "site_id",
  "event_type",
  "device_slug",
] as const satisfies ReadonlyArray<keyof EventRow>;

const anyId = fc.constantFrom(0, 1, 5, 456, 9000, Number.MAX_SAFE_INTEGER);
const eventIn = (range: TimeRange): fc.Arbitrary<EventRow> =>
  fc
    .record({
      mapping_id: anyId,
      post_id: anyId,
      properties,
      occurredAtMs: fc.oneof(
        fc.integer({ min: range.fromMs, max: range.toMs - 1 }),
        // The clock in Berlin is set forward, and back.
        fc.integer({ min: -2, max: 2 }).map((n) => Date.parse("2024-03-31T01:00:00Z") + n * 1_799_999),
        fc.integer({ min: -4, max: 4 }).map((n) => Date.parse("2024-10-27T01:00:00Z") + n * 1_799_999),
      ),
    })
    .chain((rest) =>
      fc.array(text, { minLength: textColumns.length, maxLength: textColumns.length }).map((columns) => ({
        ...blankEvent,
        ...Object.fromEntries(textColumns.map((name, index) => [name, columns[index] ?? ""])),
        ...rest,
      })),
    );

/** So many events in a range, with ids in order. */
export const eventsWithIds = (range: TimeRange, count: number) =>
  fc
    .array(eventIn(range), { minLength: count, maxLength: count })
    .map((events) => events.map((one, n) => ({ ...one, event_id: `event ${String(n).padStart(4, "0")}` })));
