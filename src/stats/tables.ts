import type { Field } from "./catalogue/dimensions.ts";

/** The columns that rows can be grouped by, and the field that filters have for each. */
export const fieldOf = {
  site_id: "site",
  source: "source",
  mapping_id: "widget",
  post_id: "post",
  device_slug: "device_slug",
} as const satisfies Readonly<Record<string, Field>>;
export type Dimension = keyof typeof fieldOf;

/** The event types that count as widget numbers. */
export const widgetEventTypes: ReadonlyArray<string> = ["widget_impression", "widget_click"];

/** What can be counted; the same words have the same meaning on every table. */
export type Metric = "impressions" | "clicks" | "events" | "visitors";

/** A table as the answers see it. Its fragments call it `t`, so that no alias can be taken for a column. */
export interface StatsTable {
  readonly name: "events" | "daily_widget_stats" | "daily_post_stats" | "hourly_event_stats";
  /** Columns that can be filtered and grouped by; `events` can be filtered by every other field of events too. */
  readonly dimensions: ReadonlyArray<Dimension>;
  /** `each` keeps event types apart; otherwise the table counts just these together. */
  readonly eventTypes: "each" | ReadonlyArray<string>;
  /** It can be cut at multiples of this (since 1970, UTC); 1 cuts anywhere. */
  readonly grainMs: number;
  /** A row's time in whole seconds since 1970. */
  readonly seconds: string;
  readonly inRange: string;
  /** An instant as the placeholders of `inRange` take it. */
  readonly timeParam: (ms: number) => string;
  readonly metrics: Readonly<Partial<Record<Metric, string>>>;
}

const SECOND_MS = 1000;
const HOUR_MS = 3600 * SECOND_MS;
const DAY_MS = 24 * HOUR_MS;

// 2026-11-21T05:00:00.849Z as ClickHouse writes it, down to the precision of the column.
const timeText = (length: number) => (ms: number) =>
  new Date(ms).toISOString().slice(0, length).replace("T", " ");

export const events: StatsTable = {
  name: "events",
  dimensions: ["site_id", "source", "mapping_id", "post_id", "device_slug"],
  eventTypes: "each",
  grainMs: 1,
  seconds: "toUnixTimestamp(t.occurred_at)",
  inRange:
    "t.occurred_at >= {range_from:DateTime64(3, 'UTC')} AND t.occurred_at < {range_to:DateTime64(3, 'UTC')}",
  timeParam: timeText(23),
  metrics: {
    impressions: "countIf(t.event_type = 'widget_impression')",
    clicks: "countIf(t.event_type = 'widget_click')",
    events: "count()",
    visitors: "uniq(t.visitor_id)",
  },
};

const daily = {
  eventTypes: widgetEventTypes,
  grainMs: DAY_MS,
  seconds: "toUnixTimestamp(toDateTime(t.date, 'UTC'))",
  inRange: "t.date >= {range_from:Date} AND t.date < {range_to:Date}",
  timeParam: timeText(10),
} as const;

/** The rollups, the one with the fewest rows first. All of them leave bots out. */
export const rollups: ReadonlyArray<StatsTable> = [
  {
    ...daily,
    name: "daily_post_stats",
    dimensions: ["site_id", "source", "post_id"],
    metrics: {
      impressions: "sum(t.widget_impressions)",
      clicks: "sum(t.widget_clicks)",
      events: "sum(t.widget_impressions + t.widget_clicks)",
      visitors: "uniqMerge(t.unique_visitors)",
    },
  },
  {
    name: "hourly_event_stats",
    dimensions: ["site_id", "source"],
    eventTypes: "each",
    grainMs: HOUR_MS,
    seconds: "toUnixTimestamp(t.hour)",
    inRange: "t.hour >= {range_from:DateTime('UTC')} AND t.hour < {range_to:DateTime('UTC')}",
    timeParam: timeText(19),
    metrics: { events: "sum(t.events)", visitors: "uniqMerge(t.unique_visitors)" },
  },
  {
    ...daily,
    name: "daily_widget_stats",
    dimensions: ["site_id", "source", "mapping_id", "post_id", "device_slug"],
    metrics: {
      impressions: "sum(t.impressions)",
      clicks: "sum(t.clicks)",
      events: "sum(t.impressions + t.clicks)",
      visitors: "uniqMerge(t.unique_visitors)",
    },
  },
];
