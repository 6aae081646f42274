-- Funnels that are kept under a name: a few small rows that people write by hand. A change is a new row with a higher
-- `version`, a deletion one that says so; the rest goes with the next merge.
-- `definition` is the JSON that was sent, with its defaults filled in.
CREATE TABLE IF NOT EXISTS funnels
(
    project_id String,
    name String,
    definition String,
    created_at DateTime64(3, 'UTC'),
    updated_at DateTime64(3, 'UTC'),
    is_deleted Bool,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, name)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;
