import { Effect } from "effect";
import type { Settings } from "../config.ts";
import { ClickHouse } from "./clickhouse.ts";

export type RetentionSettings = Pick<Settings, "rawRetentionDays" | "rollupRetentionYears">;

// Written the way ClickHouse prints them back, so that what is in force can be compared as text.
const expressions = (settings: RetentionSettings): Readonly<Record<string, string>> => ({
  events: `toDateTime(occurred_at) + toIntervalDay(${settings.rawRetentionDays})`,
  daily_widget_stats: `date + toIntervalYear(${settings.rollupRetentionYears})`,
  daily_post_stats: `date + toIntervalYear(${settings.rollupRetentionYears})`,
  daily_identities: `date + toIntervalYear(${settings.rollupRetentionYears})`,
  sessions: `date + toIntervalYear(${settings.rollupRetentionYears})`,
  daily_field_stats: `date + toIntervalYear(${settings.rollupRetentionYears})`,
  sealed_days: `date + toIntervalYear(${settings.rollupRetentionYears})`,
  hourly_event_stats: `hour + toIntervalYear(${settings.rollupRetentionYears})`,
});

/**
 * Gives every table the TTL that the settings ask for and returns the tables that changed. ClickHouse recalculates
 * old parts in the background.
 */
export const applyRetention = (settings: RetentionSettings) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const wanted = expressions(settings);
    const tables = yield* clickhouse.query<{ name: string; engine_full: string }>(
      "SELECT name, engine_full FROM system.tables WHERE database = currentDatabase() AND name IN {names:Array(String)}",
      { names: Object.keys(wanted) },
    );
    const changed = tables.filter(({ name, engine_full }) => !engine_full.includes(`TTL ${wanted[name]} `));
    yield* Effect.forEach(changed, ({ name }) =>
      clickhouse.command(`ALTER TABLE ${name} MODIFY TTL ${wanted[name]}`),
    );
    return changed.map(({ name }) => name);
  });
