-- A merge that meets a full disk may leave a broken part, which is set aside at the next loading of its table, since its
-- sources are still there. With more than 1 GiB of such parts a table would not be loaded at all.
ALTER TABLE events MODIFY SETTING max_suspicious_broken_parts_bytes = 1000000000000000;

ALTER TABLE daily_widget_stats MODIFY SETTING max_suspicious_broken_parts_bytes = 1000000000000000;

ALTER TABLE daily_post_stats MODIFY SETTING max_suspicious_broken_parts_bytes = 1000000000000000;

ALTER TABLE hourly_event_stats MODIFY SETTING max_suspicious_broken_parts_bytes = 1000000000000000;
