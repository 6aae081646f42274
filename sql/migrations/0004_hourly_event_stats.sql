-- Events, visitors and sessions per type and UTC hour: what time series are drawn from, in every time zone whose
-- offset is whole hours. Same rules as daily_widget_stats.

CREATE TABLE IF NOT EXISTS hourly_event_stats
(
    project_id LowCardinality(String),
    site_id LowCardinality(String),
    hour DateTime('UTC'),
    event_type LowCardinality(String),
    source LowCardinality(String),
    events SimpleAggregateFunction(sum, UInt64),
    unique_visitors AggregateFunction(uniq, UInt64),
    unique_sessions AggregateFunction(uniqIf, UInt64, UInt8),
    watermark SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(hour)
ORDER BY (project_id, site_id, hour, event_type, source)
SETTINGS non_replicated_deduplication_window = 1000, min_bytes_for_wide_part = 268435456;

CREATE MATERIALIZED VIEW IF NOT EXISTS landing_to_hourly_event_stats TO hourly_event_stats AS
SELECT
    project_id,
    site_id,
    toStartOfHour(toDateTime(occurred_at, 'UTC')) AS hour,
    event_type,
    source,
    count() AS events,
    uniqState(visitor_id) AS unique_visitors,
    uniqIfState(session_id, session_id != 0) AS unique_sessions,
    max(batch) AS watermark
FROM landing
WHERE NOT is_bot
GROUP BY project_id, site_id, hour, event_type, source;
