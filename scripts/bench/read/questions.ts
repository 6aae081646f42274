import { Effect } from "effect";
import type { Retention } from "../../../src/retention/retention.ts";
import type { SealedDays } from "../../../src/sealing/sealed-days.ts";
import { breakdown } from "../../../src/stats/breakdown.ts";
import { metricTimeseries } from "../../../src/stats/metric-timeseries.ts";
import { metricsAnswer } from "../../../src/stats/metrics.ts";
import {
  decodeBreakdownQuery,
  decodeMetricsQuery,
  decodeMetricTimeseriesQuery,
} from "../../../src/stats/parameters/counted-query.ts";
import { decodeTimeseriesQuery } from "../../../src/stats/parameters/query.ts";
import { decodePostsQuery, postStats } from "../../../src/stats/posts.ts";
import { timeseries } from "../../../src/stats/timeseries.ts";
import { decodeWidgetsQuery, widgetStats } from "../../../src/stats/widgets.ts";
import type { ClickHouse } from "../../../src/store/clickhouse.ts";
import type { QuestionGroup } from "./result.ts";

const raw = { from: "raw" } as const;
const rawTable = { table: "raw" } as const;

/** The same questions, asked of single events alone. */
const rawAsks = {
  metrics: (params: URLSearchParams) =>
    Effect.flatMap(decodeMetricsQuery(params), (q) => metricsAnswer(q, raw)),
  breakdown: (params: URLSearchParams) =>
    Effect.flatMap(decodeBreakdownQuery(params), (q) => breakdown(q, raw)),
  series: (params: URLSearchParams) =>
    Effect.flatMap(decodeMetricTimeseriesQuery(params), (q) => metricTimeseries(q, raw)),
  timeseries: (params: URLSearchParams) =>
    Effect.flatMap(decodeTimeseriesQuery(params), (q) => timeseries(q, rawTable)),
  widgets: (params: URLSearchParams) =>
    Effect.flatMap(decodeWidgetsQuery(params), (q) => widgetStats(q, rawTable)),
  posts: (params: URLSearchParams) => Effect.flatMap(decodePostsQuery(params), (q) => postStats(q, rawTable)),
};

/** What a dashboard asks. */
export interface Question {
  readonly name: string;
  readonly group: QuestionGroup;
  /** With its query. */
  readonly path: string;
  /** Sent with POST. */
  readonly body?: object;
  /** The question to single events alone, where the route can be answered otherwise. */
  readonly raw?: () => Effect.Effect<unknown, unknown, ClickHouse | SealedDays | Retention>;
}

/** What the questions are about. */
export interface Subject {
  /** The moment up to which there is data, in milliseconds. */
  readonly untilMs: number;
  readonly site: string;
  /** A page that many sessions go through. */
  readonly page: string;
}

const DAY_MS = 86_400_000;

type Parameters = Readonly<Record<string, string>>;

/** The questions of a dashboard's front page, and what people ask from there. */
export const dashboardQuestions = ({ untilMs, site, page }: Subject): ReadonlyArray<Question> => {
  const day = (ago: number) => new Date(untilMs - ago * DAY_MS).toISOString().slice(0, 10);
  const last = (days: number): Parameters => ({ from: day(days - 1), to: day(0) });
  const ofSite: Parameters = { site_id: site };

  const counted = (
    name: string,
    route: keyof typeof rawAsks,
    parameters: Parameters,
    group: QuestionGroup = "rollup",
  ): Question => {
    const params = new URLSearchParams(parameters);
    const path = route === "series" ? "timeseries" : route;
    return { name, group, path: `/v1/stats/${path}?${params}`, raw: () => rawAsks[route](params) };
  };

  const overview = (scope: Parameters, suffix: string): ReadonlyArray<Question> => [
    counted(`metrics, 30 days, compared${suffix}`, "metrics", { ...last(30), ...scope, compare: "previous" }),
    counted(`metrics, today${suffix}`, "metrics", { ...last(1), ...scope }),
    counted(`visitors by day, 30 days${suffix}`, "series", { ...last(30), ...scope, metric: "visitors" }),
    counted(`sessions by day, 30 days${suffix}`, "series", { ...last(30), ...scope, metric: "sessions" }),
    counted(`page views by hour, 7 days, Berlin${suffix}`, "series", {
      ...last(7),
      ...scope,
      metric: "pageviews",
      interval: "hour",
      timezone: "Europe/Berlin",
    }),
  ];

  const breakdownOf = (dimension: string, metric: string, more: Parameters = {}, suffix = "") =>
    counted(
      `breakdown ${dimension}, 30 days${suffix}`,
      "breakdown",
      { ...last(30), dimension, metric, limit: "10", ...more },
      more.filter === undefined ? "rollup" : "filtered",
    );

  const single = (
    name: string,
    group: QuestionGroup,
    path: string,
    parameters: Parameters,
    body?: object,
  ): Question => {
    const query = new URLSearchParams(parameters).toString();
    return {
      name,
      group,
      path: query === "" ? path : `${path}?${query}`,
      ...(body === undefined ? {} : { body }),
    };
  };

  return [
    ...overview(ofSite, ""),
    breakdownOf("page", "visitors,pageviews", ofSite),
    breakdownOf("entry_page", "visitors,sessions", ofSite),
    breakdownOf("exit_page", "visitors,sessions", ofSite),
    breakdownOf("referrer", "visitors,sessions", ofSite),
    breakdownOf("channel", "visitors,sessions", ofSite),
    breakdownOf("utm_campaign", "visitors,sessions", ofSite),
    ...["country", "device", "browser", "os", "event_type"].map((dimension) =>
      breakdownOf(dimension, "visitors,pageviews", ofSite),
    ),
    counted("events by day, 30 days", "timeseries", { ...last(30), ...ofSite }),
    counted("widgets, 30 days", "widgets", { ...last(30), ...ofSite }),
    counted("posts, 30 days", "posts", { ...last(30), ...ofSite }),
    ...overview({}, ", all sites"),
    breakdownOf("page", "visitors,pageviews", {}, ", all sites"),
    breakdownOf("country", "visitors,pageviews", {}, ", all sites"),

    breakdownOf("page", "visitors,pageviews", { ...ofSite, filter: "country:is:DE" }, ", of a country"),
    breakdownOf(
      "country",
      "visitors,pageviews",
      { ...ofSite, filter: "page:contains:/" },
      ", of pages with /",
    ),
    breakdownOf("entry_page", "visitors,sessions", { ...ofSite, filter: "country:is:DE" }, ", of a country"),
    single(
      "funnel of 3 steps, 30 days",
      "funnel",
      "/v1/stats/funnel",
      {},
      {
        ...last(30),
        filter: `site:is:${site}`,
        steps: ["page_view", "widget_impression", "widget_click"].map((event_type) => ({ event_type })),
      },
    ),
    single("retention by day, 30 days", "retention", "/v1/stats/retention", {
      ...last(30),
      ...ofSite,
      interval: "day",
    }),
    single("paths from a page, 7 days", "other", "/v1/stats/paths", { ...last(7), ...ofSite, start: page }),
    single("what happens now", "other", "/v1/stats/realtime", ofSite),
    single("export of a day, CSV", "other", "/v1/export", {
      from: day(1),
      to: day(1),
      ...ofSite,
      format: "csv",
    }),
  ];
};
