-- An insert answers when its parts survive a power loss: the spool forgets rows as soon as ClickHouse has taken them.
-- What a merge writes may be lost: its sources are kept for minutes, until the system has written it out.
ALTER TABLE events MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE daily_widget_stats MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE daily_post_stats MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;

ALTER TABLE hourly_event_stats MODIFY SETTING fsync_after_insert = 1, fsync_part_directory = 1;
