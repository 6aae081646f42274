-- Widget impressions and clicks per UTC day. Every dimension is in the key and every measure is an aggregate that
-- merges, because a merge sums or drops whatever is neither. Bots are left out here, as in every rollup.
-- `watermark` is the highest batch number that reached a bucket; per partition it says whether a batch arrived.

CREATE TABLE IF NOT EXISTS daily_widget_stats
(
    project_id LowCardinality(String),
    site_id LowCardinality(String),
    date Date,
    mapping_id UInt64,
    post_id UInt64,
    device_slug LowCardinality(String),
    source LowCardinality(String),
    impressions SimpleAggregateFunction(sum, UInt64),
    clicks SimpleAggregateFunction(sum, UInt64),
    unique_visitors AggregateFunction(uniq, UInt64),
    unique_sessions AggregateFunction(uniqIf, UInt64, UInt8),
    watermark SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (project_id, site_id, date, mapping_id, post_id, device_slug, source)
SETTINGS non_replicated_deduplication_window = 1000, min_bytes_for_wide_part = 268435456;

CREATE MATERIALIZED VIEW IF NOT EXISTS landing_to_daily_widget_stats TO daily_widget_stats AS
SELECT
    project_id,
    site_id,
    toDate(occurred_at, 'UTC') AS date,
    mapping_id,
    post_id,
    device_slug,
    source,
    countIf(event_type = 'widget_impression') AS impressions,
    countIf(event_type = 'widget_click') AS clicks,
    uniqState(visitor_id) AS unique_visitors,
    uniqIfState(session_id, session_id != 0) AS unique_sessions,
    max(batch) AS watermark
FROM landing
WHERE event_type IN ('widget_impression', 'widget_click') AND NOT is_bot
GROUP BY project_id, site_id, date, mapping_id, post_id, device_slug, source;
