-- Tenants and their keys: a few small rows, held in memory by every node. A change is a new row with a higher `version`,
-- a deletion one that says so. As durable as events (see 0005 and 0006).
--
-- `settings` is a JSON object of what a project may choose besides; what is not in it has its default.
CREATE TABLE IF NOT EXISTS projects
(
    project_id String,
    name String,
    origins Array(String),
    timezone String,
    settings String,
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    is_deleted Bool,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY project_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;

-- `key` is that of a write key, which every page shows; of read and secret keys only the SHA-256 is kept, and the first
-- characters, by which people know them. Rows come in as data, never within a statement, so that no key stands in a log.
-- `expires_at` is 1970 for keys that do not expire.
CREATE TABLE IF NOT EXISTS api_keys
(
    project_id String,
    key_id String,
    kind LowCardinality(String),
    label String,
    key String,
    digest String,
    preview String,
    created_at DateTime64(3, 'UTC'),
    expires_at DateTime64(3, 'UTC'),
    is_revoked Bool,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, key_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;

-- When a key was last used, about: written once a minute at most.
CREATE TABLE IF NOT EXISTS api_key_uses
(
    key_id String,
    used_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY key_id
SETTINGS old_parts_lifetime = 480, max_suspicious_broken_parts_bytes = 1000000000000000;
