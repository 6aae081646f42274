-- Who changed what of a project, and when: one row for each administrative act, never changed. As durable as events (see
-- 0005 and 0006), and kept for as long as the project.
CREATE TABLE IF NOT EXISTS audit_log
(
    project_id String,
    at DateTime64(3, 'UTC'),
    entry_id String,
    actor String,
    action LowCardinality(String),
    subject String,
    details String CODEC(ZSTD(1))
)
ENGINE = MergeTree
ORDER BY (project_id, entry_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;
