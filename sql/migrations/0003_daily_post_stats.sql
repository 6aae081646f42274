-- Widget impressions and clicks per post and UTC day, with visitors and sessions counted once per post however many
-- widgets they saw there. Same rules as daily_widget_stats.

CREATE TABLE IF NOT EXISTS daily_post_stats
(
    project_id LowCardinality(String),
    site_id LowCardinality(String),
    date Date,
    post_id UInt64,
    source LowCardinality(String),
    widget_impressions SimpleAggregateFunction(sum, UInt64),
    widget_clicks SimpleAggregateFunction(sum, UInt64),
    unique_visitors AggregateFunction(uniq, UInt64),
    unique_sessions AggregateFunction(uniqIf, UInt64, UInt8),
    watermark SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (project_id, site_id, date, post_id, source)
SETTINGS non_replicated_deduplication_window = 1000, min_bytes_for_wide_part = 268435456;

CREATE MATERIALIZED VIEW IF NOT EXISTS landing_to_daily_post_stats TO daily_post_stats AS
SELECT
    project_id,
    site_id,
    toDate(occurred_at, 'UTC') AS date,
    post_id,
    source,
    countIf(event_type = 'widget_impression') AS widget_impressions,
    countIf(event_type = 'widget_click') AS widget_clicks,
    uniqState(visitor_id) AS unique_visitors,
    uniqIfState(session_id, session_id != 0) AS unique_sessions,
    max(batch) AS watermark
FROM landing
WHERE event_type IN ('widget_impression', 'widget_click') AND NOT is_bot
GROUP BY project_id, site_id, date, post_id, source;
