-- Erasures of a person or a whole project: jobs, and what is left of them, their receipts. A step that is done is a new
-- row with a higher `version`.
--
-- `work` is a JSON object of what the job needs until it has ended: hashed ids of whom it erases, never the id that was
-- sent, and the hours to count again. It is empty from then on; `receipt` says what was done.
CREATE TABLE IF NOT EXISTS erasures
(
    project_id String,
    erasure_id String,
    kind LowCardinality(String),
    state LowCardinality(String),
    requested_at DateTime64(3, 'UTC'),
    work String,
    receipt String,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY erasure_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;
