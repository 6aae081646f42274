import fc from "fast-check";
import type { StoredEvent } from "./recount.ts";

const zones = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "Asia/Kolkata",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Apia",
  "America/St_Johns",
];

// Changes of clocks in these zones, ends of days in them, of months and of the year, and a leap day.
const edges = [
  "2024-01-31T23:00:00Z",
  "2024-02-29T00:00:00Z",
  "2024-03-01T00:00:00Z",
  "2024-03-10T07:00:00Z",
  "2024-03-31T01:00:00Z",
  "2024-04-06T15:00:00Z",
  "2024-10-05T15:30:00Z",
  "2024-10-26T22:00:00Z",
  "2024-10-27T01:00:00Z",
  "2024-11-03T06:00:00Z",
  "2024-11-30T18:15:00Z",
  "2024-12-31T00:00:00Z",
  "2024-12-31T18:30:00Z",
  "2025-01-01T00:00:00Z",
].map(Date.parse);

const near = (edge: number) =>
  fc
    .tuple(
      fc.constantFrom(-26, -24, -3, -1, 0, 0, 0, 0, 1, 2, 13, 24, 700),
      fc.constantFrom(-30, 0, 0, 0, 15, 30),
      fc.oneof(fc.constantFrom(-1, 0, 0, 1), fc.integer({ min: -1_800_000, max: 1_800_000 })),
    )
    .map(([hours, minutes, ms]) => edge + hours * 3_600_000 + minutes * 60_000 + ms);

const sites = ["example.org", "shop.example.org", "it's \\ a site"];
const sources = ["wordpress", "web", "mobile_app"];
const slugs = ["iphone-15-pro", "pixel-9", "a 'b' \\ {c}"];

const eventNear = (edge: number): fc.Arbitrary<StoredEvent> =>
  fc.record({
    site_id: fc.constantFrom(...sites),
    source: fc.constantFrom(...sources),
    event_type: fc.constantFrom(
      "widget_impression",
      "widget_impression",
      "widget_click",
      "page_view",
      "signup: $1",
    ),
    occurredAtMs: near(edge),
    visitor_id: fc.integer({ min: 1, max: 12 }),
    is_bot: fc.constantFrom(false, false, false, true),
    mapping_id: fc.constantFrom(0, 7, 456, Number.MAX_SAFE_INTEGER),
    post_id: fc.constantFrom(1, 123, 9000),
    device_slug: fc.constantFrom(...slugs),
  });

const dateText = (ms: number) => new Date(ms).toISOString().slice(0, 10);
export const instantText = (ms: number) => new Date(ms).toISOString();

/** A range around an edge; dates come up most, because the rollups answer them. */
const rangeNear = (edge: number, longestDays: number) =>
  fc
    .tuple(
      near(edge).map((ms) => Math.min(ms, edge + 3_600_000)),
      fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: longestDays })),
      fc.constantFrom("dates", "dates", "dates", "dates", "instants", "mixed"),
      fc.integer({ min: 1, max: 86_400_000 }),
    )
    .map(([start, days, form, ms]) => {
      const end = start + days * 86_400_000 + ms;
      return {
        from: form === "instants" ? instantText(start) : dateText(start),
        to: form === "dates" ? dateText(end) : instantText(form === "mixed" ? end + 48 * 3_600_000 : end),
      };
    });

const optional = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const some = (values: ReadonlyArray<string>) =>
  optional(fc.subarray([...values], { minLength: 1 }).map((list) => list.join(",")));

const filters = {
  timezone: fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, fc.constantFrom(...zones)),
  bots: optional(fc.constantFrom("exclude", "include", "only")),
  site_id: some(sites),
  source: some(sources),
  post_id: some(["1", "123", "5"]),
};

const rowFilters = {
  ...filters,
  mapping_id: some(["456", String(Number.MAX_SAFE_INTEGER)]),
  device_slug: optional(fc.constantFrom(...slugs)),
  limit: optional(fc.integer({ min: 1, max: 5 }).map(String)),
  offset: optional(fc.integer({ min: 0, max: 4 }).map(String)),
};

type Parameters = Readonly<Record<string, string | undefined>>;

const toParams = (parts: ReadonlyArray<Parameters>): URLSearchParams => {
  const params = new URLSearchParams();
  for (const [name, value] of parts.flatMap((part) => Object.entries(part))) {
    if (value !== undefined) params.set(name, value);
  }
  return params;
};

const asked = (
  route: "widgets" | "posts" | "timeseries",
  ...parts: ReadonlyArray<fc.Arbitrary<Parameters>>
) => fc.tuple(...parts).map((list) => ({ route, params: toParams(list) }));

const questionNear = (edge: number) =>
  fc.oneof(
    asked(
      "widgets",
      rangeNear(edge, 300),
      fc.record({
        ...rowFilters,
        group_by: some(["post_id", "site_id", "source", "date"]),
        sort: optional(
          fc.constantFrom("ctr", "-ctr", "clicks,-mapping_id", "-unique_visitors", "device_slug"),
        ),
      }),
    ),
    asked(
      "posts",
      rangeNear(edge, 300),
      fc.record({
        ...rowFilters,
        group_by: some(["site_id", "source", "date"]),
        sort: optional(fc.constantFrom("post_id", "-post_id", "unique_visitors,widget_clicks")),
      }),
    ),
    ...(["hour", "day", "week", "month"] as const).map((interval) =>
      asked(
        "timeseries",
        rangeNear(edge, { hour: 3, day: 40, week: 300, month: 300 }[interval]),
        fc.record({
          ...filters,
          interval: fc.constant(interval),
          event_type: some(["widget_impression", "widget_click", "page_view"]),
        }),
        fc.constantFrom({}, {}, { mapping_id: "456" }, { event_type: "widget_click,widget_impression" }),
      ),
    ),
  );

/** What happened around an edge, in batches, and what is asked about it. */
export const story = fc.constantFrom(...edges).chain((edge) =>
  fc.record({
    sent: fc.array(fc.array(eventNear(edge), { minLength: 1, maxLength: 60 }), {
      minLength: 1,
      maxLength: 3,
    }),
    questions: fc.array(questionNear(edge), { minLength: 16, maxLength: 16 }),
  }),
);
