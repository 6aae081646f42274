import { Effect } from "effect";
import { ClickHouse, type QueryBudget, type QueryParams, settingsClause } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { stringLiteral } from "../../store/query-params.ts";
import { change } from "./fence.ts";
import type { FixedBatch } from "./fixed-batch.ts";
import { withStagedRows } from "./staging.ts";
import { recoveryTargets, type Target } from "./targets.ts";

/** What a batch puts into one partition of one table. It is there as a whole or not at all. */
export interface Slice {
  readonly table: string;
  /** The partition's id, for example `202611`. */
  readonly partition: string;
}

export interface BatchInspection {
  /** Slices that the batch has. */
  readonly expected: number;
  /** Those that are not in ClickHouse. */
  readonly missing: ReadonlyArray<Slice>;
}

// Whether a batch arrived is asked of one column of its partitions, which may be long.
const budget: QueryBudget = { maxSeconds: 120, maxMemoryBytes: 1_500_000_000 };

/**
 * Settings of a statement that writes slices: one block, so that a slice is one part; never taken for a repetition (a
 * token from before a crash may stand for rows that did not arrive); never without end.
 */
const sliceSettings = settingsClause({
  deduplicate_insert: "disable",
  deduplicate_insert_select: "disable",
  min_insert_block_size_rows: 1_000_000_000,
  min_insert_block_size_bytes: 0,
  max_insert_threads: 1,
  max_partitions_per_insert_block: 0,
  max_execution_time: 60,
});

interface TargetSlices {
  readonly target: Target;
  readonly expected: ReadonlyArray<string>;
  readonly missing: ReadonlyArray<string>;
}

/** The partitions that each target's part of `select` names, by the target's place in `targets`. */
const partitionsOf = (
  targets: ReadonlyArray<Target>,
  select: (target: Target, index: number) => string,
  params: QueryParams,
) =>
  Effect.gen(function* () {
    const { query } = yield* ClickHouse;
    const rows =
      targets.length === 0
        ? []
        : yield* query<{ target: number; partition: string }>(
            targets
              .map((target, index) => `SELECT DISTINCT ${index} AS target, ${select(target, index)}`)
              .join(" UNION ALL "),
            params,
            budget,
          );
    return targets.map((_, index) =>
      rows.filter(({ target }) => target === index).map(({ partition }) => partition),
    );
  });

const slicesOf = (number: number, staged: string) =>
  Effect.gen(function* () {
    const targets = yield* recoveryTargets;
    const expected = yield* partitionsOf(
      targets,
      ({ partitionId, rowsFrom }) => `${partitionId} AS partition FROM (${rowsFrom(staged)})`,
      {},
    );
    // A replica that lags behind does not know of all that another one has taken.
    yield* Effect.forEach(
      targets.filter(({ isReplicated }) => isReplicated),
      ({ table }) => change(`SYSTEM SYNC REPLICA ${table}`),
    );
    const arrived = yield* partitionsOf(
      targets,
      ({ table, reached }, index) =>
        `_partition_id AS partition FROM ${table} WHERE _partition_id IN {partitions${index}:Array(String)} AND ${reached}`,
      {
        batch: number,
        ...Object.fromEntries(expected.map((partitions, index) => [`partitions${index}`, partitions])),
      },
    );
    return targets.map((target, index): TargetSlices => {
      const partitions = expected[index] ?? [];
      const there = new Set(arrived[index]);
      return {
        target,
        expected: partitions,
        missing: partitions.filter((partition) => !there.has(partition)),
      };
    });
  });

const inspection = (slices: ReadonlyArray<TargetSlices>): BatchInspection => ({
  expected: slices.reduce((sum, { expected }) => sum + expected.length, 0),
  missing: slices.flatMap(({ target, missing }) =>
    missing.map((partition) => ({ table: target.name, partition })),
  ),
});

// All of a table at once: each of its partitions gets its slice as a whole, and what it does not get is found missing
// by the next attempt.
const writeSlices = ({ target, missing }: TargetSlices, staged: string) =>
  change(
    `INSERT INTO ${target.table} (${target.columns.join(", ")}) ${sliceSettings}
     SELECT ${target.columns.join(", ")} FROM (${target.rowsFrom(staged)})
     WHERE ${target.partitionId} IN (${missing.map(stringLiteral).join(", ")})`,
  );

/**
 * Which slices of the batch are in ClickHouse. No insert of it that was sent before has an effect after that. Fails with
 * `bad_row` if a row cannot be read.
 */
export const inspectBatch = (
  batch: FixedBatch,
): Effect.Effect<BatchInspection, ClickHouseError, ClickHouse> =>
  withStagedRows(batch, (staged) => Effect.map(slicesOf(batch.number, staged), inspection));

/**
 * Brings every target to hold the batch exactly once, whatever of it arrived before; returns how many slices were
 * written. It may fail or be cut off anywhere: running it again writes what is still missing, and nothing twice. One
 * batch of a ledger at a time, all lower numbers complete, none higher ever sent. After it has begun, another insert of
 * the batch is no longer safe. Fails with `bad_row` if a row cannot be read.
 */
export const completeBatch = (
  batch: FixedBatch,
): Effect.Effect<{ readonly written: number; readonly expected: number }, ClickHouseError, ClickHouse> =>
  withStagedRows(batch, (staged) =>
    Effect.gen(function* () {
      const slices = yield* slicesOf(batch.number, staged);
      yield* Effect.forEach(
        slices.filter(({ missing }) => missing.length > 0),
        (slice) => writeSlices(slice, staged),
      );
      const { expected, missing } = inspection(slices);
      return { expected, written: missing.length };
    }),
  );
