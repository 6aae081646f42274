-- Which visitors said which user they are, per UTC day: what people are counted by across their devices. Only `identify`
-- events with a user; nothing here or elsewhere is rewritten by a link, so that it can be undone. As durable as events
-- (see 0005 and 0006).
--
-- There is no count among the measures: they come to the same however often an event is added. So what was stored before
-- this table can be filled in by a statement that may be repeated, also while others write. It runs with the settings of
-- a repair (src/verify/repair.ts).
CREATE TABLE IF NOT EXISTS daily_identities
(
    project_id LowCardinality(String),
    user_id String CODEC(ZSTD(1)),
    visitor_id UInt64,
    date Date,
    first_at SimpleAggregateFunction(min, DateTime64(3, 'UTC')),
    last_at SimpleAggregateFunction(max, DateTime64(3, 'UTC')),
    watermark SimpleAggregateFunction(max, UInt64)
)
ENGINE = AggregatingMergeTree
PARTITION BY toYYYYMM(date)
ORDER BY (project_id, user_id, visitor_id, date)
SETTINGS non_replicated_deduplication_window = 1000, min_bytes_for_wide_part = 268435456,
    fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;

CREATE MATERIALIZED VIEW IF NOT EXISTS landing_to_daily_identities TO daily_identities AS
SELECT
    project_id,
    user_id,
    visitor_id,
    toDate(occurred_at, 'UTC') AS date,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at,
    max(batch) AS watermark
FROM landing
WHERE event_type = 'identify' AND user_id != '' AND NOT is_bot
GROUP BY project_id, user_id, visitor_id, date;

INSERT INTO daily_identities (project_id, user_id, visitor_id, date, first_at, last_at, watermark)
SETTINGS deduplicate_insert = 'disable', deduplicate_insert_select = 'disable', max_partitions_per_insert_block = 0,
    max_bytes_before_external_group_by = 1000000000
SELECT
    project_id,
    user_id,
    visitor_id,
    toDate(occurred_at, 'UTC') AS date,
    min(occurred_at) AS first_at,
    max(occurred_at) AS last_at,
    max(batch) AS watermark
FROM events
WHERE event_type = 'identify' AND user_id != '' AND NOT is_bot
GROUP BY project_id, user_id, visitor_id, date;

-- Links that somebody has undone: a few small rows, of which the one with the highest `version` counts. An undoing holds
-- for everything that happened up to `unlinked_at` (1970: it was taken back). `link` is a hash of both ends, so that the
-- row says nothing about anybody once the link itself is erased.
CREATE TABLE IF NOT EXISTS unlinked_identities
(
    project_id String,
    link String,
    unlinked_at DateTime64(3, 'UTC'),
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, link)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;
