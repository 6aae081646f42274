import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";

/**
 * The highest batch number that ever reached a table; the writer goes on above it. A seal may be of a batch that was given
 * up and has reached none: the next batch of that number would not break it.
 */
export const latestBatch = Effect.gen(function* () {
  const clickhouse = yield* ClickHouse;
  const [row] = yield* clickhouse.query<{ latest: number }>(
    `SELECT max(latest) AS latest FROM (
       SELECT max(batch) AS latest FROM events
       UNION ALL SELECT max(watermark) FROM daily_widget_stats
       UNION ALL SELECT max(watermark) FROM daily_post_stats
       UNION ALL SELECT max(watermark) FROM hourly_event_stats
       UNION ALL SELECT max(watermark) FROM sealed_days
     )`,
  );
  return row?.latest ?? 0;
});
