import { type FSWatcher, readdirSync, realpathSync, watch } from "node:fs";
import { join } from "node:path";
import type { Random } from "../../../src/testing/traffic/random.ts";

const TABLES = ["events", "daily_widget_stats", "daily_post_stats", "hourly_event_stats"];

export interface PartMoment {
  readonly table: string;
  /** A part appears or is renamed, or the record by which a repeated insert is known is written. */
  readonly what: "part" | "deduplication record";
}

/** Draws the moment in an insert at which something is to happen. */
export const drawPartMoment = (random: Random): PartMoment => ({
  table: TABLES[random.below(TABLES.length)] as string,
  what: random.chance(0.5) ? "part" : "deduplication record",
});

const directoryOf = (clickhouse: string, { table, what }: PartMoment): string => {
  const parts = realpathSync(join(clickhouse, "data", "analytics", table));
  return what === "part" ? parts : join(parts, "deduplication_logs");
};

/** Resolves with true when something in the directory changes, with false when nothing has within the deadline. */
export const nextChange = (directory: () => string, skip: number, deadlineMs: number): Promise<boolean> =>
  new Promise((resolve) => {
    let left = skip;
    let watcher: FSWatcher | undefined;
    const end = (seen: boolean) => {
      watcher?.close();
      clearTimeout(timer);
      resolve(seen);
    };
    const timer = setTimeout(() => end(false), deadlineMs);
    try {
      const path = directory();
      readdirSync(path);
      watcher = watch(path, () => {
        left--;
        if (left < 0) end(true);
      });
      watcher.on("error", () => end(false));
    } catch {
      end(false);
    }
  });

/**
 * Resolves at that moment of a coming insert in an engine's directory, after `skip` such moments, with true; with false
 * when none has come within the deadline or the directory is not there yet.
 */
export const nextPart = (
  clickhouse: string,
  moment: PartMoment,
  skip: number,
  deadlineMs: number,
): Promise<boolean> => nextChange(() => directoryOf(clickhouse, moment), skip, deadlineMs);
