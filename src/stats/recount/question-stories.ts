import fc from "fast-check";
import type { Field } from "../catalogue/dimensions.ts";
import type { Condition, Filter } from "../filters/filter.ts";
import { comparisons } from "./civil-time.ts";
import type { MetricQuestion } from "./metric-question.ts";
import { type Metric, metricNames } from "./metrics.ts";
import {
  countries,
  eventTypes,
  pages,
  propertyNames,
  sites,
  slugs,
  sources,
  titles,
  zones,
} from "./story-values.ts";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;

const texts: Readonly<Partial<Record<Field, ReadonlyArray<string>>>> = {
  page: pages,
  entry_page: pages,
  exit_page: pages,
  title: titles,
  event_type: eventTypes,
  device_slug: slugs,
  country: countries,
  source: sources,
  site: sites,
  channel: ["Direct", "Organic Search"],
  referrer: ["google.com", "it's.example"],
  utm_source: ["news", "a 'b' \\ {c}"],
  browser_version: ["128", "9"],
  "property:plan": ["pro", "1", "1.5", "10", "null", '[1,2,{"a":null}]'],
  [`property:${propertyNames[1]}`]: ["it's"],
  "property:missing": ["x"],
};

const numbers: Readonly<Partial<Record<Field, ReadonlyArray<string>>>> = {
  widget: ["0", "7", "456", String(Number.MAX_SAFE_INTEGER)],
  post: ["0", "1", "123"],
  hour_of_day: ["0", "1", "13", "22", "23"],
  weekday: ["1", "5", "6", "7"],
};

// What a filter cannot say: nothing at all, line breaks, and more than a few words.
const isAskedFor = (value: string) => value !== "" && value.length <= 100 && !/[\n\t]/.test(value);

const several = (values: ReadonlyArray<string>) =>
  fc.uniqueArray(fc.constantFrom(...values.filter(isAskedFor)), { minLength: 1, maxLength: 3 });

const conditions = (
  known: Readonly<Partial<Record<Field, ReadonlyArray<string>>>>,
  operators: ReadonlyArray<Condition["operator"]>,
): ReadonlyArray<fc.Arbitrary<Condition>> =>
  (Object.entries(known) as ReadonlyArray<[Field, ReadonlyArray<string>]>).map(([field, values]) =>
    fc.record({
      kind: fc.constant("condition"),
      field: fc.constant(field),
      operator: fc.constantFrom(...operators),
      values: several(values),
    }),
  );

const startsOf = (values: ReadonlyArray<string>) => values.map((value) => value.slice(0, 3));

const existence = (field: Field): fc.Arbitrary<Condition> =>
  fc.record({
    kind: fc.constant("condition"),
    field: fc.constant(field),
    operator: fc.constantFrom("exists", "not_exists"),
    values: fc.constant([]),
  });

const condition: fc.Arbitrary<Condition> = fc.oneof(
  ...conditions({ entry_page: pages, exit_page: pages, page: pages, country: countries }, ["is", "is_not"]),
  ...conditions(texts, ["is", "is", "is_not"]),
  ...conditions(numbers, ["is", "is", "is_not"]),
  fc.oneof(
    ...(["contains", "not_contains", "starts_with"] as const).map((operator) =>
      fc.record({
        kind: fc.constant("condition" as const),
        field: fc.constantFrom<Field>("page", "entry_page", "title", "country", "property:plan"),
        operator: fc.constant(operator),
        values: several(startsOf([...pages, ...titles, "pro", "DE"])),
      }),
    ),
  ),
  fc
    .constantFrom<Field>("page", "entry_page", "exit_page", "country", "widget", "property:plan")
    .chain(existence),
  fc.record({
    kind: fc.constant("condition"),
    field: fc.constantFrom<Field>("widget", "hour_of_day", "weekday", "property:plan", "browser_version"),
    operator: fc.constantFrom("gt", "gte", "lt", "lte"),
    values: fc.constantFrom(["1"], ["5"], ["10"], ["456"]),
  }),
);

/** Filters of a few conditions in groups. No group is empty, since none can be written. */
export const filterTree: fc.Arbitrary<Filter> = fc.letrec<{ tree: Filter; group: Filter }>((tie) => ({
  tree: fc.oneof({ maxDepth: 2, withCrossShrink: true }, condition, tie("group")),
  group: fc.record({
    kind: fc.constantFrom("all", "any"),
    filters: fc.array(tie("tree"), { minLength: 1, maxLength: 3 }),
  }),
})).tree;

const optional = <T>(arbitrary: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 3, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary });
const some = (values: ReadonlyArray<string>) => optional(several(values));

const dateText = (ms: number) => new Date(ms).toISOString().slice(0, 10);

const instantText = (ms: number, offset: string): string => {
  if (offset === "Z") return new Date(ms).toISOString();
  const [hours, minutes] = offset.slice(1).split(":").map(Number);
  const ahead = (offset.startsWith("-") ? -1 : 1) * ((hours ?? 0) * 60 + (minutes ?? 0)) * MINUTE_MS;
  return `${new Date(ms + ahead).toISOString().slice(0, -1)}${offset}`;
};

/** A range around an edge, in dates, instants or one of each. */
const rangeNear = (edge: number) =>
  fc
    .record({
      start: fc
        .tuple(fc.constantFrom(-3, -1, 0, 0, 0), fc.constantFrom(-60, -30, 0, 0, 0, 15, 30, 345))
        .map(([days, minutes]) => edge + days * DAY_MS + minutes * MINUTE_MS),
      days: fc.constantFrom(0, 0, 1, 2, 6, 30),
      ms: fc.oneof(fc.constantFrom(1, 30 * MINUTE_MS, 60 * MINUTE_MS), fc.integer({ min: 1, max: DAY_MS })),
      form: fc.constantFrom("dates", "dates", "instants", "instants", "from date", "to date"),
      offset: fc.constantFrom("Z", "Z", "+05:45", "-03:30"),
    })
    .map(({ start, days, ms, form, offset }) => {
      const end = start + days * DAY_MS + ms;
      const dates = { from: dateText(start), to: dateText(end) };
      if (form === "dates") return dates;
      // A day begins up to 14 hours before its date does in UTC, and up to 12 after.
      if (form === "from date") return { from: dates.from, to: instantText(end + 2 * DAY_MS, offset) };
      if (form === "to date") return { from: instantText(start - DAY_MS, offset), to: dates.to };
      return { from: instantText(start, offset), to: instantText(end, offset) };
    });

const metrics = fc.uniqueArray(fc.constantFrom<Metric>(...metricNames), { minLength: 1, maxLength: 9 });
const compare = optional(fc.constantFrom(...comparisons));

const asked = {
  timezone: fc.oneof(
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 4, arbitrary: fc.constantFrom(...zones) },
  ),
  bots: optional(fc.constantFrom("exclude", "include", "only")),
  filter: fc.oneof({ weight: 1, arbitrary: fc.constant(undefined) }, { weight: 2, arbitrary: filterTree }),
  goal: optional(
    fc.uniqueArray(fc.constantFrom("conversion", "widget_click", "sign up: $1", "page_view"), {
      minLength: 1,
      maxLength: 2,
    }),
  ),
  site_id: some(sites),
  source: some(sources),
  mapping_id: some(["0", "456", String(Number.MAX_SAFE_INTEGER)]),
  post_id: some(["1", "123", "5"]),
  device_slug: some(slugs),
};

// Filters by all of these at once leave nothing to count.
const sparing = fc
  .record({ asked: fc.record(asked), short: fc.integer({ min: 0, max: 5 }) })
  .map(({ asked: { site_id, source, mapping_id, post_id, device_slug, ...rest }, short }) => ({
    ...rest,
    ...[{}, { site_id }, { source, site_id }, { mapping_id, post_id }, { device_slug }, { post_id, source }][
      short
    ],
  }));

/** Every dimension, those that make more of a difference more often. */
const dimension = fc.constantFrom<Field>(
  "page",
  "page",
  "entry_page",
  "entry_page",
  "exit_page",
  "title",
  "referrer",
  "channel",
  "utm_source",
  "utm_medium",
  "utm_campaign",
  "utm_term",
  "utm_content",
  "country",
  "country",
  "region",
  "device",
  "browser",
  "browser_version",
  "os",
  "language",
  "screen",
  "source",
  "site",
  "event_type",
  "widget",
  "post",
  "device_slug",
  "hour_of_day",
  "hour_of_day",
  "weekday",
  ...propertyNames.map((name): Field => `property:${name}`),
);

/** A question of any of the three routes about what happened around an edge of the calendar. */
export const questionNear = (edge: number): fc.Arbitrary<MetricQuestion> =>
  fc.tuple(rangeNear(edge), sparing).chain(([range, common]) =>
    fc.oneof(
      fc
        .record({ metrics, compare })
        .map((own) => ({ route: "metrics" as const, ...range, ...common, ...own })),
      fc
        .record({ metrics, compare, interval: optional(fc.constantFrom("hour", "day", "week", "month")) })
        .map((own) => ({ route: "timeseries" as const, ...range, ...common, ...own })),
      fc
        .record({
          dimension,
          metrics: optional(metrics),
          search: optional(fc.constantFrom("post", "/POST", "\u00fc", "DE", "\\", "'", "1", "%", "_")),
          limit: optional(fc.integer({ min: 1, max: 5 })),
          offset: optional(fc.integer({ min: 0, max: 4 })),
        })
        .map((own) => ({ route: "breakdown" as const, ...range, ...common, ...own })),
    ),
  );
