-- An insert answers when its parts survive a power loss: the spool forgets rows as soon as ClickHouse has taken them.
-- What a merge writes may be lost: its sources are kept for minutes, until the system has written it out. The embedded
-- engine would drop them at once. It needs them for a full disk too: a merge that meets one may leave a part of empty
-- files, which nothing can read until the next start puts its sources in its place.
ALTER TABLE events MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480;

ALTER TABLE daily_widget_stats MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480;

ALTER TABLE daily_post_stats MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480;

ALTER TABLE hourly_event_stats MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1, old_parts_lifetime = 480;
