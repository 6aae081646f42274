/** The fields of `daily_field_stats`, each with the column of `events` that has it. */
export const fieldColumns = {
  page: "page_path",
  title: "page_title",
  referrer: "referrer_domain",
  channel: "channel",
  utm_source: "utm_source",
  utm_medium: "utm_medium",
  utm_campaign: "utm_campaign",
  utm_term: "utm_term",
  utm_content: "utm_content",
  country: "country",
  region: "region",
  device: "device_type",
  browser: "browser",
  browser_version: "browser_version",
  os: "os",
  language: "language",
  screen: "screen",
  source: "source",
  event_type: "event_type",
  widget: "mapping_id",
  post: "post_id",
  device_slug: "device_slug",
} as const;

/** A row for the whole day. */
export const WHOLE_DAY = "";
/** Rows for the hours of the day in UTC, 0 to 23. */
export const HOUR = "hour";

/** Names a field may have in `daily_field_stats`. */
export type StatsField = keyof typeof fieldColumns | typeof WHOLE_DAY | typeof HOUR;

// Number 0 stands for none, as the empty text does.
const textOf = ({ column }: { readonly column: string }): string =>
  column === "t.mapping_id" || column === "t.post_id"
    ? `if(${column} = 0, '', toString(${column}))`
    : `toString(${column})`;

const entries = Object.entries(fieldColumns).map(([field, column]) => ({ field, column: `t.${column}` }));
const hour = "toHour(t.occurred_at)";

/**
 * A SELECT of `field, value, events, pageviews, visitors` over the events `t` of `where`: one pass with a grouping set
 * for each field, which takes half the time of a SELECT for each and of turning every event into rows.
 */
export const fieldRowsOf = (where: string): string => {
  const sets = [...entries, { field: HOUR, column: hour }];
  const isGrouped = ({ column }: { column: string }) => `grouping(${column}) = 0`;
  const fields = sets.map((set) => `${isGrouped(set)}, '${set.field}'`).join(", ");
  const values = sets.map((set) => `${isGrouped(set)}, ${textOf(set)}`).join(", ");
  return `
    SELECT multiIf(${fields}, '${WHOLE_DAY}') AS field, multiIf(${values}, '') AS value,
      count() AS events, countIf(t.is_page_view) AS pageviews, uniqState(t.visitor_id) AS visitors
    FROM (
      SELECT ${[...new Set(entries.map(({ column }) => column))].join(", ")}, t.occurred_at, t.visitor_id,
        t.event_type = 'page_view' AS is_page_view
      FROM events AS t WHERE ${where}
    ) AS t
    GROUP BY GROUPING SETS (${sets.map(({ column }) => `(${column})`).join(", ")}, ())
    SETTINGS force_grouping_standard_compatibility = 1`;
};
