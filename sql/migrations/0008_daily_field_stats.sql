-- What events of a sealed day, and the sessions that begin on it, come to per value of a field: rows for the whole day
-- (field ''), for each UTC hour (field 'hour'), and for each value of each field. It is what breakdowns over many days are
-- added up from. Made with the sessions of the day and under the same `build`, see sessions. Events and sessions of a
-- value are in rows of their own, since an event's country and its session's may be two.
--
-- Counting a day at once leaves states that are merged already. A view that turns every event into a row for each field
-- would make a row cost 2.21 times the processor time of the events alone, merges included; it is 1.24 times with the
-- rollups and without that view (`bun run bench --only insert --candidates`).
CREATE TABLE IF NOT EXISTS daily_field_stats
(
    project_id LowCardinality(String),
    site_id LowCardinality(String),
    field LowCardinality(String),
    date Date,
    build UInt64,
    value String CODEC(ZSTD(1)),
    events UInt64,
    pageviews UInt64,
    visitors AggregateFunction(uniq, UInt64),
    sessions UInt64,
    bounces UInt64,
    duration_ms UInt64,
    session_events UInt64,
    session_pageviews UInt64,
    session_visitors AggregateFunction(uniq, UInt64)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (project_id, field, site_id, date, build)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;
