import { type Duration, Effect } from "effect";
import { ClickHouse, type QueryBudget } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { latestBatch } from "../writer/batch-number.ts";
import { type ComparisonRow, comparisonStatement } from "./comparison-statement.ts";
import { comparableFromMs, type FirstDays, firstDayParams } from "./first-days.ts";
import type { Rollup } from "./rollup.ts";

/** The buckets that begin in `[fromMs, toMs)`, epoch ms; both ends are where a bucket begins. */
export interface TimeRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/** A bucket that is not what the raw events say. */
export interface Difference {
  readonly table: string;
  /** Its key columns in their order, as text. */
  readonly key: Readonly<Record<string, string>>;
  /** `missing`: events without a bucket. `unfounded`: a bucket without events. */
  readonly kind: "changed" | "missing" | "unfounded";
  /** The measures that differ. A set may have as many members as it should, and yet others. */
  readonly values: ReadonlyArray<{
    readonly name: string;
    readonly found: string;
    readonly expected: string;
  }>;
}

export interface Comparison {
  /** Buckets that the table or the events have. */
  readonly buckets: number;
  readonly differing: number;
  /** The first of those that differ in the order of their keys, at most `MOST_DIFFERENCES`. */
  readonly differences: ReadonlyArray<Difference>;
  /** Every value of the time column that differs. */
  readonly times: ReadonlyArray<string>;
  /** Buckets of which it cannot be said, because rows of theirs were on their way every time. */
  readonly unsettled: number;
}

/** All batches with a lower number are in every table before the comparison looks. */
export type Settled = Effect.Effect<number, ClickHouseError, ClickHouse>;

/** Nobody writes. */
export const nobodyWrites: Settled = Effect.succeed(Number.MAX_SAFE_INTEGER);

/** A service is at work: only its newest batch can be on its way. */
export const whileWriting: Settled = latestBatch;

/**
 * A batch is in all tables within a fraction of a second, unless one of them fails and it is sent again. Of unequal
 * length, so that they do not keep step with the writer.
 */
export const PAUSES: ReadonlyArray<Duration.DurationInput> = [300, 700, 1500, 2500, 4000, 6000];

const differenceOf = (
  { name: table, keys, measures }: Rollup,
  [key, isHeld, isDue, found, expected, differs]: ComparisonRow["differences"][number],
): Difference => ({
  table,
  key: Object.fromEntries(keys.map((name, i) => [name, key[i] ?? ""])),
  kind: isHeld === 0 ? "missing" : isDue === 0 ? "unfounded" : "changed",
  values: measures.flatMap(({ name }, i) =>
    differs[i] === 1 ? [{ name, found: found[i] ?? "", expected: expected[i] ?? "" }] : [],
  ),
});

const nothing: Comparison = { buckets: 0, differing: 0, differences: [], times: [], unsettled: 0 };

/**
 * Compares the buckets of a rollup with the raw events, where their projects have all of these. What it counts as a
 * difference is one, also while others write: it looks again where rows are on their way.
 */
export const compare = (
  rollup: Rollup,
  range: TimeRange,
  settled: Settled,
  budget: QueryBudget,
  firstDays: FirstDays = new Map(),
) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const { toMs } = range;
    const fromMs = Math.max(range.fromMs, comparableFromMs(rollup, firstDays));
    if (fromMs >= toMs) return nothing;
    const statement = comparisonStatement(rollup, firstDays);
    const own = firstDayParams(firstDays);
    const look = Effect.gen(function* () {
      const params = { ...own, from: fromMs, to: toMs, settled: yield* settled };
      const [row] = yield* clickhouse.query<ComparisonRow>(statement, params, budget);
      if (row === undefined) return yield* Effect.dieMessage("A comparison has no answer");
      return row;
    });
    let row = yield* look;
    for (const pause of PAUSES) {
      if (row.unsettled === 0) break;
      yield* Effect.sleep(pause);
      row = yield* look;
    }
    const { differences, ...counts } = row;
    return { ...counts, differences: differences.map((each) => differenceOf(rollup, each)) } as Comparison;
  });
