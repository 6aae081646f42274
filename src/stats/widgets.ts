import type { AnswerOptions } from "./answer.ts";
import { decodeRowsQuery, type RowsQuery } from "./parameters/query.ts";
import { countedRows, type RowGroup, type WidgetRowsShape } from "./rows.ts";

export const widgetsShape = {
  keys: ["mapping_id", "device_slug"],
  groups: ["post_id", "site_id", "source", "date"],
  measures: ["impressions", "clicks", "unique_visitors", "ctr"],
  defaultSort: "impressions",
  orderOf: {
    impressions: "impressions",
    clicks: "clicks",
    unique_visitors: "visitors",
    ctr: "if(impressions = 0, 0, clicks / impressions)",
  },
} as const satisfies WidgetRowsShape;

/**
 * Clicks ÷ impressions, rounded to 3 decimals with halves up; 0 without impressions. Above 1 where widgets are clicked
 * more than once. In whole numbers, because 0.0005 has no exact binary fraction to round.
 */
export const clickThroughRate = (impressions: number, clicks: number): number =>
  impressions === 0 ? 0 : Math.floor((2000 * clicks + impressions) / (2 * impressions)) / 1000;

/** The parameters of {@link widgetStats} out of a URL's query. */
export const decodeWidgetsQuery = (params: URLSearchParams) => decodeRowsQuery(params, widgetsShape);

/**
 * Impressions, clicks and visitors per mapping and device, `group_by` columns behind. Default order: most impressions
 * first, then by mapping, device and the groups.
 */
export const widgetStats = (query: RowsQuery<RowGroup>, options?: AnswerOptions) =>
  countedRows(
    query,
    widgetsShape,
    (row) => ({
      mapping_id: Number(row.key_mapping_id),
      device_slug: String(row.key_device_slug),
      impressions: row.impressions,
      clicks: row.clicks,
      unique_visitors: row.visitors,
      ctr: clickThroughRate(row.impressions, row.clicks),
    }),
    options,
  );
