import { Effect, type Scope } from "effect";
import { ClickHouse, type ClickHouseShape } from "../../../src/store/clickhouse.ts";
import { makeEmbedded } from "../../../src/store/embedded.ts";
import { migrate } from "../../../src/store/migrator.ts";
import { createCandidate, fieldRows, sessionHalves } from "./candidates.ts";

/** What rows are inserted into, each in a database of its own. */
export const targetNames = ["events", "rollups", "session-halves", "field-rows"] as const;
export type TargetName = (typeof targetNames)[number];

/** The views that this release has are the first two; the others are candidates. */
export const releasedTargets: ReadonlyArray<TargetName> = ["events", "rollups"];

type Change = (clickhouse: ClickHouseShape) => Effect.Effect<void, unknown>;

const withoutRollups: Change = (clickhouse) =>
  Effect.gen(function* () {
    const views = yield* clickhouse.query<{ name: string }>(
      `SELECT name FROM system.tables
       WHERE database = currentDatabase() AND engine = 'MaterializedView' AND name != 'landing_to_events'`,
    );
    for (const { name } of views) yield* clickhouse.command(`DROP VIEW ${name} SYNC`);
  });

const withCandidate =
  (candidate: Parameters<typeof createCandidate>[0]): Change =>
  (clickhouse) =>
    Effect.forEach(createCandidate(candidate), (sql) => clickhouse.command(sql), { discard: true });

const changes: Readonly<Record<TargetName, Change>> = {
  events: withoutRollups,
  rollups: () => Effect.void,
  "session-halves": withCandidate(sessionHalves),
  "field-rows": withCandidate(fieldRows),
};

export const openTarget = (
  directory: string,
  name: TargetName,
): Effect.Effect<ClickHouseShape, unknown, Scope.Scope> =>
  Effect.gen(function* () {
    const clickhouse = yield* makeEmbedded(directory, name.replaceAll("-", "_"));
    yield* Effect.provideService(
      migrate({ rawRetentionDays: 90, rollupRetentionYears: 2 }),
      ClickHouse,
      clickhouse,
    );
    yield* changes[name](clickhouse);
    return clickhouse;
  });
