-- Sessions of sealed days, one row each. A session is only known when its last event is: a late event may lengthen one,
-- or join two. So a session cannot be counted while it is inserted, as rollups are. The service assembles the sessions
-- that begin on a day from the raw events once the day is over, and again when a late event reaches it; the rows of one
-- assembling share a `build`, and `sealed_days` says which build counts. Days without one are assembled by the question.
--
-- A view that keeps, per visitor and half hour, what sessions can be put together from would make a row cost 1.64 times
-- the processor time of the events alone, merges included; it is 1.24 times with the rollups and without that view
-- (`bun run bench --only insert --candidates`).
CREATE TABLE IF NOT EXISTS sessions
(
    project_id LowCardinality(String),
    site_id LowCardinality(String),
    date Date,
    build UInt64,
    visitor_id UInt64,
    session_id UInt64,
    started_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    ended_at DateTime64(3, 'UTC') CODEC(Delta, ZSTD(1)),
    pageviews UInt32,
    events UInt32,
    interactions UInt32,
    entry_page String CODEC(ZSTD(1)),
    exit_page String CODEC(ZSTD(1)),
    source LowCardinality(String),
    referrer_domain LowCardinality(String),
    channel LowCardinality(String),
    utm_source LowCardinality(String),
    utm_medium LowCardinality(String),
    utm_campaign LowCardinality(String),
    utm_term LowCardinality(String),
    utm_content LowCardinality(String),
    country LowCardinality(String),
    region LowCardinality(String),
    device_type LowCardinality(String),
    browser LowCardinality(String),
    browser_version LowCardinality(String),
    os LowCardinality(String),
    language LowCardinality(String),
    screen LowCardinality(String)
)
ENGINE = MergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (project_id, site_id, date, build, visitor_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;
