import { Duration, Effect, Layer } from "effect";
import { ClickHouse, type QueryBudget } from "../store/clickhouse.ts";
import { SealedDays } from "./sealed-days.ts";

/** Tables whose rows belong to a build. */
const tables = ["sessions", "daily_field_stats"] as const;

const FIRST_AFTER = Duration.minutes(15);
const INTERVAL = Duration.hours(1);

/**
 * Part of a month's rows that must be garbage before it is written anew without them: what has to be written for a row
 * that goes stays within bounds, and so does the room that garbage takes.
 */
const LEAST_SHARE = 0.2;

/** Builds that one statement names. What is left comes next time. */
const MOST_BUILDS = 5000;

const BUDGET: QueryBudget = {
  maxSeconds: 120,
  maxMemoryBytes: 1_000_000_000,
  spillBytes: 200_000_000,
  maxThreads: 1,
};

export interface GarbageOptions {
  /** Only what a seal up to this build stands in place of: a question may still be reading what a newer one replaced. */
  readonly upToBuild: number;
  readonly leastShare?: number;
  /** Whether to wait until the rows are gone. */
  readonly wait?: boolean;
}

/**
 * Removes rows of builds that count no more because a newer seal of their day does, or never did: their sealing was cut
 * off. Answers with how many rows go. Builds of days without a newer seal stay: one may be under way.
 *
 * A month's parts are written anew without them, in the background. Marking them as deleted would be ten times cheaper,
 * but large parts would keep them for good.
 */
export const removeGarbage = ({ upToBuild, leastShare = LEAST_SHARE, wait = false }: GarbageOptions) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    let removed = 0;
    for (const table of tables) {
      const [running] = yield* clickhouse.query<{ mutations: number }>(
        `SELECT count() AS mutations FROM system.mutations
         WHERE database = currentDatabase() AND table = {table:String} AND NOT is_done`,
        { table },
      );
      if ((running?.mutations ?? 0) > 0) continue;
      const months = yield* clickhouse.query<{
        month: number;
        garbage: number;
        builds: ReadonlyArray<number>;
      }>(
        `SELECT month, sumIf(n, is_garbage) AS garbage,
           groupArraySortedIf(${MOST_BUILDS})(build, is_garbage) AS builds
         FROM (
           SELECT toYYYYMM(b.date) AS month, b.build AS build, b.n AS n,
             b.build < s.build AND s.build <= {upTo:UInt64} AS is_garbage
           FROM (
             SELECT project_id, site_id, date, build, count() AS n FROM ${table} GROUP BY project_id, site_id, date, build
           ) AS b
           LEFT JOIN (
             SELECT project_id, site_id, date, max(build) AS build FROM sealed_days GROUP BY project_id, site_id, date
           ) AS s ON b.project_id = s.project_id AND b.site_id = s.site_id AND b.date = s.date
         ) GROUP BY month HAVING garbage > 0 AND garbage >= {share:Float64} * sum(n) ORDER BY month`,
        { upTo: upToBuild, share: leastShare },
        BUDGET,
      );
      for (const { month, garbage, builds } of months) {
        yield* clickhouse.command(
          `ALTER TABLE ${table} DELETE IN PARTITION '${month}' WHERE build IN (${builds.join(", ")})
           SETTINGS mutations_sync = ${wait ? 2 : 0}`,
        );
        removed += garbage;
      }
    }
    return removed;
  });

const rounds = Effect.gen(function* () {
  const sealed = yield* SealedDays;
  let upToBuild = sealed.lastBuild();
  yield* Effect.sleep(FIRST_AFTER);
  yield* Effect.forever(
    Effect.gen(function* () {
      yield* removeGarbage({ upToBuild }).pipe(
        Effect.catchAllCause((cause) =>
          Effect.logWarning("Rows of former builds could not be removed", cause),
        ),
      );
      // By the next time nobody reads what the seals of now have replaced.
      upToBuild = sealed.lastBuild();
      yield* Effect.sleep(INTERVAL);
    }),
  );
});

/** Removes garbage a quarter of an hour after the start and then every hour, as long as the scope is open. */
export const layerSealingGarbage = Layer.scopedDiscard(Effect.forkScoped(rounds));
