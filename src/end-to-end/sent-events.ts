import fc from "fast-check";
import type { RejectionCode } from "../domain/event.ts";
import type { StoredEvent } from "../stats/recount/recount.ts";

/** An event as it is sent, and what must become of it: stored as this, or rejected with that code. */
export type Sent =
  | { readonly input: unknown; readonly stored: StoredEvent }
  | { readonly input: unknown; readonly code: RejectionCode };

type Input = Record<string, unknown>;

const CRAWLER = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)";

const offsets = [0, 60, -300, 345, 840, -690];

const withOffset = (ms: number, minutes: number): string => {
  const local = new Date(ms + minutes * 60_000).toISOString().slice(0, -1);
  const size = Math.abs(minutes);
  const pad = (n: number) => String(n).padStart(2, "0");
  return `${local}${minutes < 0 ? "-" : "+"}${pad(Math.trunc(size / 60))}:${pad(size % 60)}`;
};

/** The ways in which senders write the same instant. */
const spellingOf = (ms: number) =>
  fc.oneof(
    fc.constant(ms),
    fc.constant(new Date(ms).toISOString()),
    fc.constant(new Date(ms).toISOString().replace("T", " ")),
    fc.constantFrom(...offsets).map((minutes) => withOffset(ms, minutes)),
  );

const propertiesOf = (event: StoredEvent): Input => {
  const { mapping_id, post_id, device_slug, event_type } = event;
  const shared = { mapping_id, post_id, device_slug };
  if (event_type === "widget_impression") {
    return { ...shared, widget_index: 0, raw_model: "", viewport_percent: 50.5 };
  }
  if (event_type === "widget_click") {
    return { ...shared, click_target: "title", destination_url: "https://example.org/" };
  }
  return shared;
};

const inputOf = (event: StoredEvent): fc.Arbitrary<Input> =>
  fc
    .record({
      occurred_at: spellingOf(event.occurredAtMs),
      asText: fc.boolean(),
      // What nobody asked for is ignored, and an absent value may be written as null.
      extra: fc.constantFrom<Input>(
        {},
        { session_id: null },
        { unknown: [{}] },
        { page_title: "Ein Titel 🦉" },
      ),
      more: fc.constantFrom<Input>({}, { constructor: 1 }, { text: 'a\nb\t"c" \\ \u2028 é' }),
    })
    .map(({ occurred_at, asText, extra, more }) => ({
      ...extra,
      event_type: event.event_type,
      occurred_at,
      site_id: event.site_id,
      source: event.source,
      visitor_id: asText ? String(event.visitor_id) : event.visitor_id,
      ...(event.is_bot ? { user_agent: CRAWLER } : {}),
      properties: { ...propertiesOf(event), ...more },
    }));

const breakages: ReadonlyArray<readonly [RejectionCode, (input: Input) => unknown]> = [
  ["invalid_event", ({ event_type: _, ...rest }) => rest],
  ["invalid_event", (input) => ({ ...input, event_type: "a\nb" })],
  ["invalid_event", (input) => ({ ...input, event_version: 0 })],
  ["invalid_event", (input) => ({ ...input, site_id: 5 })],
  ["invalid_event", (input) => ({ ...input, properties: [] })],
  ["invalid_event", (input) => [input]],
  ["invalid_event", () => null],
  ["invalid_event", () => "event"],
  [
    "invalid_properties",
    (input) => ({ ...input, event_type: "widget_click", properties: { mapping_id: 1, post_id: 1 } }),
  ],
  ["invalid_text", (input) => ({ ...input, page_title: "a\0b" })],
  ["invalid_text", (input) => ({ ...input, source: "\ud800" })],
  ["invalid_time", (input) => ({ ...input, occurred_at: "2024-02-30T00:00:00Z" })],
  ["invalid_time", (input) => ({ ...input, occurred_at: -1 })],
  ["number_not_exact", (input) => ({ ...input, properties: { ...(input.properties as Input), n: 2 ** 60 } })],
  [
    "properties_too_large",
    (input) => ({ ...input, properties: { ...(input.properties as Input), s: "x".repeat(32_768) } }),
  ],
  ["too_old", (input) => ({ ...input, occurred_at: "1999-12-31T23:59:59Z" })],
];

/** A sender's version of an event, now and then broken in one of the ways that are rejected. */
export const sentAs = (event: StoredEvent): fc.Arbitrary<Sent> =>
  inputOf(event).chain(
    (input): fc.Arbitrary<Sent> =>
      fc.oneof(
        { weight: 3, arbitrary: fc.constant({ input, stored: event }) },
        {
          weight: 1,
          arbitrary: fc.constantFrom(...breakages).map(([code, broken]) => ({ input: broken(input), code })),
        },
      ),
  );
