-- Where projects want to be told of anomalies, and what they were told. Both are small, so they are not partitioned; the
-- row with the highest version of a key counts. As durable as events (see 0005 and 0006).
--
-- `secret` is what deliveries are signed with, which needs it as it is: who reads this table can sign. Rows come in as
-- data, never within a statement, so that it stands in no query log, and it is emptied when the webhook is deleted.
-- `state` goes from `active` (version 0) to `gone` (1: the receiver answered 410) and `deleted` (2).
CREATE TABLE IF NOT EXISTS webhooks
(
    project_id String,
    webhook_id String,
    url String,
    events Array(String),
    sites Array(String),
    metrics Array(String),
    timezone String,
    threshold Float64,
    secret String,
    state LowCardinality(String),
    created_at DateTime64(3, 'UTC'),
    version UInt8
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, webhook_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;

-- One row per delivery and attempt. It is there before the first attempt, so that after a crash the same thing is told
-- under the same id, and afterwards, so that it is told once. Long enough for the last attempt, and for people to look.
CREATE TABLE IF NOT EXISTS webhook_deliveries
(
    webhook_id String,
    delivery_id String,
    payload String CODEC(ZSTD(1)),
    state LowCardinality(String),
    attempts UInt8,
    status UInt16,
    error String,
    created_at DateTime64(3, 'UTC'),
    attempted_at DateTime64(3, 'UTC'),
    next_attempt_at DateTime64(3, 'UTC')
)
ENGINE = ReplacingMergeTree(attempts)
ORDER BY (webhook_id, delivery_id)
TTL toDateTime(created_at) + toIntervalDay(30)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;
