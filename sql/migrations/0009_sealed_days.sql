-- Which build of a site's day counts. It holds as long as no batch above `watermark` has reached what it was made from:
-- the day itself, the last hour of the day before, and `next_hours` hours of the day after, into which the last session
-- reaches. The highest build of a day counts.
CREATE TABLE IF NOT EXISTS sealed_days
(
    project_id LowCardinality(String),
    site_id LowCardinality(String),
    date Date,
    build UInt64,
    watermark UInt64,
    next_hours UInt8
)
ENGINE = ReplacingMergeTree(build)
PARTITION BY toYYYYMM(date)
ORDER BY (project_id, site_id, date)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;
