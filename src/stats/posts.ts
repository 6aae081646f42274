import type { AnswerOptions } from "./answer.ts";
import { decodeRowsQuery, type RowsQuery } from "./parameters/query.ts";
import { countedRows, type RowGroup, type WidgetRowsShape } from "./rows.ts";

export const postsShape = {
  keys: ["post_id"],
  groups: ["site_id", "source", "date"],
  measures: ["widget_impressions", "widget_clicks", "unique_visitors"],
  defaultSort: "widget_impressions",
  orderOf: { widget_impressions: "impressions", widget_clicks: "clicks", unique_visitors: "visitors" },
} as const satisfies WidgetRowsShape;

/** The parameters of {@link postStats} out of a URL's query. */
export const decodePostsQuery = (params: URLSearchParams) => decodeRowsQuery(params, postsShape);

/**
 * Widget impressions, clicks and visitors per post; who saw several widgets of a post is one visitor. Default order:
 * most impressions first, then by post and the groups.
 */
export const postStats = (query: RowsQuery<RowGroup>, options?: AnswerOptions) =>
  countedRows(
    query,
    postsShape,
    (row) => ({
      post_id: Number(row.key_post_id),
      widget_impressions: row.impressions,
      widget_clicks: row.clicks,
      unique_visitors: row.visitors,
    }),
    options,
  );
