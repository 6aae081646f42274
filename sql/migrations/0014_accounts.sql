-- People, their sessions, what they may do in which project, and links that let others in: small tables that every node
-- holds in memory. A change is a new row with a higher `version`, an end one that says so. As durable as events (see 0005
-- and 0006). Rows come in as data, never within a statement, so that no secret stands in a log.
--
-- Nothing here logs anybody in: passwords are argon2id, and of every token there is the SHA-256 alone.
CREATE TABLE IF NOT EXISTS accounts
(
    account_id String,
    email String,
    name String,
    password_hash String,
    -- A session that is older than this ended when the password was changed.
    password_at DateTime64(3, 'UTC'),
    is_instance_owner Bool,
    created_at DateTime64(3, 'UTC'),
    is_deleted Bool,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY account_id
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;

-- No session lives longer than 90 days, so that an expired row is missed by nobody, whichever of its versions goes first.
CREATE TABLE IF NOT EXISTS account_sessions
(
    session_id String,
    account_id String,
    digest String,
    is_secure Bool,
    agent String,
    created_at DateTime64(3, 'UTC'),
    is_ended Bool,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY session_id
TTL toDateTime(created_at) + toIntervalDay(91)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;

-- When a session was used last, about. Not in its row, where a note of use could undo its end.
CREATE TABLE IF NOT EXISTS account_session_uses
(
    session_id String,
    used_at SimpleAggregateFunction(max, DateTime64(3, 'UTC'))
)
ENGINE = AggregatingMergeTree
ORDER BY session_id
TTL toDateTime(used_at) + toIntervalDay(91)
SETTINGS old_parts_lifetime = 480, max_suspicious_broken_parts_bytes = 1000000000000000;

CREATE TABLE IF NOT EXISTS project_members
(
    project_id String,
    account_id String,
    role LowCardinality(String),
    added_at DateTime64(3, 'UTC'),
    is_removed Bool,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, account_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;

-- `email` is "" where whoever has the link may take the invitation.
CREATE TABLE IF NOT EXISTS project_invites
(
    project_id String,
    invite_id String,
    email String,
    role LowCardinality(String),
    digest String,
    created_at DateTime64(3, 'UTC'),
    expires_at DateTime64(3, 'UTC'),
    -- Taken or revoked.
    is_closed Bool,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, invite_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;

-- `proof_digest` is the SHA-256 of the argon2id of the link's password, "" where it has none. `expires_at` is 1970 for
-- links that do not expire.
CREATE TABLE IF NOT EXISTS project_shares
(
    project_id String,
    share_id String,
    name String,
    digest String,
    proof_digest String,
    created_at DateTime64(3, 'UTC'),
    expires_at DateTime64(3, 'UTC'),
    is_revoked Bool,
    version UInt64
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, share_id)
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480,
    max_suspicious_broken_parts_bytes = 1000000000000000;
