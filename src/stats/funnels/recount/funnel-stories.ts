import fc from "fast-check";
import type { Field } from "../../catalogue/dimensions.ts";
import { type Condition, everything, type Filter } from "../../filters/filter.ts";
import { blankEvent, type EventRow } from "../../recount/event-row.ts";
import { type FunnelQuery, type FunnelStep, funnelOrders, funnelSubjects } from "../funnel.ts";

const WINDOW_SECONDS = 600;
const WINDOW_MS = WINDOW_SECONDS * 1000;
const INACTIVITY_MS = 1_800_000;
const MIDNIGHT = Date.parse("2024-03-10T00:00:00Z");

const types = ["a", "b", "c", "d"];
const pages = ["/", "/x", "/x/y", "/it's \\"];
const plans = ["", '{"plan":"pro"}', '{"plan":"free"}', '{"plan":7}'];

const condition = (field: Field, operator: Condition["operator"], ...values: Array<string>): Filter => ({
  kind: "condition",
  field,
  operator,
  values,
});

const stepFilters: ReadonlyArray<Filter> = [
  everything,
  everything,
  everything,
  condition("page", "starts_with", "/x"),
  condition("page", "is", "/", "/it's \\"),
  condition("property:plan", "is", "pro"),
  condition("property:plan", "exists"),
];

const wholeFilters: ReadonlyArray<Filter> = [
  everything,
  everything,
  everything,
  condition("site", "is", "example.org"),
  condition("property:plan", "is_not", "free"),
  condition("event_type", "is_not", "d"),
];

// Between two events: nothing, a millisecond, and one less and one more than what matters.
const gap = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 2, arbitrary: fc.constantFrom(1, 2, 999, 1000) },
  { weight: 4, arbitrary: fc.constantFrom(-1, 0, 1).map((ms) => WINDOW_MS + ms) },
  { weight: 2, arbitrary: fc.constantFrom(-1, 0, 1).map((ms) => WINDOW_MS / 2 + ms) },
  { weight: 2, arbitrary: fc.constantFrom(-1, 0, 1).map((ms) => INACTIVITY_MS + ms) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 2 * WINDOW_MS }) },
);

const anyEvent = fc.record({
  event_type: fc.constantFrom(...types),
  page_path: fc.constantFrom(...pages),
  properties: fc.constantFrom(...plans),
  site_id: fc.constantFrom("example.org", "example.org", "example.org", "shop.example.org"),
  session_id: fc.constantFrom(0, 0, 0, 7),
  is_bot: fc.constantFrom(false, false, false, false, false, false, false, true),
  mapping_id: fc.constantFrom(0, 456),
  gap,
});

const life = fc.tuple(
  fc.constantFrom(-WINDOW_MS, -1, 0, 0, 1, WINDOW_MS, 23 * 3_600_000 + 59 * 60_000),
  fc.array(anyEvent, { minLength: 1, maxLength: 8 }),
);

/** Events of so many visitors around the first minutes of a day, in no order. */
const events = (visitors: number): fc.Arbitrary<ReadonlyArray<EventRow>> =>
  fc.array(life, { minLength: visitors, maxLength: visitors }).map((lives) =>
    lives
      .flatMap(([start, own], index) => {
        let at = MIDNIGHT + start;
        return own.map(({ gap: passed, ...event }): EventRow => {
          at += passed;
          return { ...blankEvent, ...event, occurredAtMs: at, visitor_id: index + 1 };
        });
      })
      .map((event, index) => ({ ...event, event_id: `${(index * 7919) % 1009}` })),
  );

const step: fc.Arbitrary<FunnelStep> = fc.record({
  eventType: fc.constantFrom(...types.slice(0, 3)),
  filter: fc.constantFrom(...stepFilters),
});

const steps = fc.oneof(
  fc
    .shuffledSubarray(types, { minLength: 2 })
    .map((own) => own.map((eventType) => ({ eventType, filter: everything }))),
  fc.array(step, { minLength: 2, maxLength: 4 }),
  // The same step again and again.
  fc
    .tuple(step, fc.integer({ min: 2, max: 4 }))
    .map(([same, times]) => Array.from({ length: times }, () => same)),
);

const question: fc.Arbitrary<Omit<FunnelQuery, "project">> = fc.record({
  range: fc.constantFrom(
    { fromMs: MIDNIGHT, toMs: MIDNIGHT + 86_400_000, zone: "UTC" },
    { fromMs: MIDNIGHT, toMs: MIDNIGHT + WINDOW_MS, zone: "UTC" },
    { fromMs: MIDNIGHT - 86_400_000, toMs: MIDNIGHT + 2 * 86_400_000, zone: "Asia/Kolkata" },
  ),
  steps,
  windowSeconds: fc.constantFrom(WINDOW_SECONDS, WINDOW_SECONDS, WINDOW_SECONDS, 1, 86_400),
  by: fc.constantFrom(...funnelSubjects),
  order: fc.constantFrom(...funnelOrders),
  filter: fc.constantFrom(...wholeFilters),
  bots: fc.constantFrom("exclude" as const, "exclude" as const, "include" as const, "only" as const),
  dimension: fc.constantFrom<Field | undefined>(
    undefined,
    undefined,
    "page",
    "property:plan",
    "widget",
    "site",
    "hour_of_day",
  ),
  limit: fc.constantFrom(1, 3, 10),
});

/** What happened, and what is asked about it. */
export const funnelStory = (visitors: number, questions: number) =>
  fc.record({
    events: events(visitors),
    questions: fc.array(question, { minLength: questions, maxLength: questions }),
  });
