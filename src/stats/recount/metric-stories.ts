import fc from "fast-check";
import { blankEvent, type EventRow } from "./event-row.ts";
import { questionNear } from "./question-stories.ts";
import { countries, eventTypes, pages, properties, sites, slugs, sources, titles } from "./story-values.ts";

// Changes of clocks (at midnight too, and by half an hour), ends of days in zones of half and quarter hours, a leap day
// and the year after it, and ends of months and years.
export const edges = [
  "2024-02-29T00:00:00Z",
  "2024-03-01T00:00:00Z",
  "2025-02-28T23:00:00Z",
  "2024-03-31T01:00:00Z",
  "2024-03-30T22:00:00Z",
  "2024-04-06T15:00:00Z",
  "2024-04-25T22:00:00Z",
  "2024-10-27T01:00:00Z",
  "2024-11-03T05:00:00Z",
  "2024-11-30T18:15:00Z",
  "2024-12-31T18:30:00Z",
  "2025-01-01T00:00:00Z",
].map(Date.parse);

const MINUTE_MS = 60_000;
const GAP_MS = 30 * MINUTE_MS;
const DAY_MS = 86_400_000;

/** Milliseconds since the visitor's event before: most often at what cuts sessions, or none at all. */
const gap = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.constantFrom(GAP_MS - 1, GAP_MS, GAP_MS + 1) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 20 * MINUTE_MS }) },
  { weight: 1, arbitrary: fc.integer({ min: GAP_MS, max: 2 * DAY_MS }) },
);

/** Mostly undefined, so that events of a visit are mostly alike. */
const seldom = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });

/** What belongs to sessions as their first event has it, and may change while they last. */
const origin = {
  source: fc.constantFrom(...sources),
  country: fc.constantFrom(...countries),
  region: fc.constantFrom("", "DE-BE", "US-NY"),
  channel: fc.constantFrom("", "Direct", "Organic Search"),
  referrer_domain: fc.constantFrom("", "google.com", "it's.example"),
  utm_source: fc.constantFrom("", "news", "a 'b' \\ {c}"),
  utm_medium: fc.constantFrom("", "email"),
  utm_campaign: fc.constantFrom("", 'spring "25"'),
  utm_term: fc.constantFrom("", "a,b"),
  utm_content: fc.constantFrom("", "100%"),
  device_type: fc.constantFrom("desktop", "mobile"),
  browser: fc.constantFrom("", "Firefox"),
  browser_version: fc.constantFrom("", "128", "9"),
  os: fc.constantFrom("", "iOS"),
  language: fc.constantFrom("", "de-DE"),
  screen: fc.constantFrom("", "1920x1080"),
};

const step = fc.record({
  gap,
  event_type: fc.constantFrom(...eventTypes),
  page_path: fc.constantFrom(...pages),
  page_title: fc.constantFrom(...titles),
  mapping_id: fc.constantFrom(0, 7, 456, Number.MAX_SAFE_INTEGER),
  post_id: fc.constantFrom(0, 1, 123),
  device_slug: fc.constantFrom(...slugs),
  properties: fc.constantFrom(...properties),
  // UTF-16 has the last two of these the other way round than UTF-8.
  id: fc.constantFrom("", "a", "Z", "é", "\uffff", "\u{10000}"),
  changed: seldom(fc.record(origin)),
});

/** The same thing again and again in one session of days. */
const marathon = fc
  .record({
    step,
    times: fc.integer({ min: 50, max: 150 }),
    gap: fc.constantFrom(GAP_MS - 1, 29 * MINUTE_MS),
  })
  .map(({ step: one, times, gap: between }) =>
    Array.from({ length: times }, () => ({ ...one, gap: between })),
  );

const steps = fc.oneof(
  { weight: 12, arbitrary: fc.array(step, { minLength: 1, maxLength: 9 }) },
  { weight: 1, arbitrary: marathon },
);

/** Few visitors, sites and sessions, so that visits meet: in one session, or beside each other. */
const visitNear = (edge: number) =>
  fc.record({
    start: fc
      .tuple(
        fc.constantFrom(-1440, -365 * 1440, -366 * 1440, -150, -31, -30, -29, 0, 0, 0, 15, 30, 345, 600),
        fc.oneof(fc.constantFrom(-1, 0, 1), fc.integer({ min: -GAP_MS, max: GAP_MS })),
      )
      .map(([minutes, ms]) => edge + minutes * MINUTE_MS + ms),
    // The last two are more than a signed integer, or a number with a fraction, holds apart.
    visitor_id: fc.constantFrom(1, 2, 3, 2 ** 63, 2 ** 63 + 2048),
    site_id: fc.constantFrom(...sites),
    session_id: fc.constantFrom(0, 0, 7, 8, 2 ** 63 + 2048),
    is_bot: fc.constantFrom(false, false, false, false, true),
    origin: fc.record(origin),
    steps,
  });

type Visit = ReturnType<typeof visitNear> extends fc.Arbitrary<infer V> ? V : never;

const eventsOf = (visit: Visit, visitNumber: number): ReadonlyArray<EventRow> => {
  let occurredAtMs = visit.start;
  const { visitor_id, site_id, session_id, is_bot } = visit;
  return visit.steps.map(({ gap: since, id, changed, ...own }, index) => {
    if (index > 0) occurredAtMs += since;
    return {
      ...blankEvent,
      ...visit.origin,
      ...changed,
      ...own,
      visitor_id,
      site_id,
      session_id,
      is_bot,
      occurredAtMs,
      event_id: `${id}-${visitNumber}-${index}`,
    };
  });
};

/** The events in batches of any sizes, in any order: late ones, and several of a session at once. */
const arrival = (events: ReadonlyArray<EventRow>): fc.Arbitrary<ReadonlyArray<ReadonlyArray<EventRow>>> =>
  fc
    .record({
      order: fc.shuffledSubarray([...events], { minLength: events.length, maxLength: events.length }),
      batches: fc.integer({ min: 1, max: 5 }),
    })
    .map(({ order, batches }) => {
      const size = Math.ceil(order.length / batches);
      return Array.from({ length: batches }, (_, i) => order.slice(i * size, (i + 1) * size)).filter(
        (batch) => batch.length > 0,
      );
    });

const sentNear = (edge: number) =>
  fc
    .array(visitNear(edge), { maxLength: 14 })
    .chain((visits) => arrival(visits.flatMap((visit, index) => eventsOf(visit, index))));

/**
 * What visitors did around an edge of the calendar, in the batches in which it arrived, and what is asked about it. Event
 * ids are unique; there may be no events at all.
 */
export const metricStory = fc.constantFrom(...edges).chain((edge) =>
  fc.record({
    sent: sentNear(edge),
    questions: fc.array(questionNear(edge), { minLength: 12, maxLength: 12 }),
  }),
);
