-- Every question begins by asking which hours the newest batches have reached, that is for the highest watermarks. Large
-- parts have none of these: 7 ms instead of 130 with 8.6 million rows (1000 sites, 90 days), and inserts cost the same.
ALTER TABLE hourly_event_stats ADD INDEX IF NOT EXISTS watermark_range watermark TYPE minmax GRANULARITY 1;

ALTER TABLE hourly_event_stats MATERIALIZE INDEX watermark_range;
