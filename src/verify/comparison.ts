import { type Duration, Effect } from "effect";
import { ClickHouse, type QueryBudget } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import {
  type ComparisonRow,
  comparisonStatement,
  grainStatement,
  MOST_DIFFERENCES,
  type Slice,
} from "./comparison-statement.ts";
import { type Measure, type Rollup, RollupNotUnderstood } from "./rollup.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface Difference {
  readonly table: string;
  /** The bucket: its key columns in their order, as text. */
  readonly key: Readonly<Record<string, string>>;
  /** `missing`: events without a bucket. `unfounded`: a bucket without events. */
  readonly kind: "changed" | "missing" | "unfounded";
  /** What differs. A set may have as many members as it should and yet others. */
  readonly values: ReadonlyArray<{
    readonly name: string;
    readonly found: string;
    readonly expected: string;
  }>;
}

/** What one look at a day of a rollup found. */
export interface Comparison {
  /** Buckets that the table or the events have. */
  readonly buckets: number;
  /** Buckets of the table. */
  readonly held: number;
  /** Of these, those without events. */
  readonly unfounded: number;
  readonly differing: number;
  /** The first of them in the order of their keys, at most `MOST_DIFFERENCES`. */
  readonly differences: ReadonlyArray<Difference>;
  /** Every value of the time column that differs. */
  readonly times: ReadonlyArray<string>;
}

const differenceOf = (
  table: string,
  keys: ReadonlyArray<string>,
  compared: ReadonlyArray<Measure>,
  texts: ReadonlyArray<string>,
): Difference => {
  const text = (i: number) => texts[i] ?? "";
  const [held, due] = [text(keys.length), text(keys.length + 1)];
  const values = compared.flatMap(({ name }, i) => {
    const at = keys.length + 2 + 3 * i;
    const [found, expected, others] = [text(at), text(at + 1), text(at + 2)];
    return found === expected && others === "0" ? [] : [{ name, found, expected }];
  });
  return {
    table,
    key: Object.fromEntries(keys.map((name, i) => [name, text(i)])),
    kind: held === "0" ? "missing" : due === "0" ? "unfounded" : "changed",
    values,
  };
};

const PARTS = 4;
const MOST_PARTS = 1024;

/** The same buckets in smaller slices: shorter ones as far as buckets allow, then parts by their key's hash. */
const split = ({ fromMs, toMs, parts }: Slice, grainMs: number): ReadonlyArray<Slice> => {
  const grains = Math.ceil((toMs - fromMs) / grainMs);
  if (grains > 1) {
    const middleMs = fromMs + Math.ceil(grains / 2) * grainMs;
    return [
      { fromMs, toMs: middleMs },
      { fromMs: middleMs, toMs },
    ];
  }
  const { of, part } = parts ?? { of: 1, part: 0 };
  if (of >= MOST_PARTS) return [];
  return Array.from({ length: PARTS }, (_, i) => ({
    fromMs,
    toMs,
    parts: { of: of * PARTS, part: part + i * of },
  }));
};

const keyText = ({ key }: Difference): string => JSON.stringify(Object.values(key));

const byKey = (a: Difference, b: Difference): number => {
  const [x, y] = [keyText(a), keyText(b)];
  return x < y ? -1 : x > y ? 1 : 0;
};

/** Nothing there, on either side. */
export const emptyComparison: Comparison = {
  buckets: 0,
  held: 0,
  unfounded: 0,
  differing: 0,
  differences: [],
  times: [],
};

const add = (a: Comparison, b: Comparison): Comparison => ({
  buckets: a.buckets + b.buckets,
  held: a.held + b.held,
  unfounded: a.unfounded + b.unfounded,
  differing: a.differing + b.differing,
  differences: [...a.differences, ...b.differences].sort(byKey).slice(0, MOST_DIFFERENCES),
  times: [...new Set([...a.times, ...b.times])].sort(),
});

/** By UTC day, epoch ms of its start; days without anything are not there. */
export type ComparedDays = ReadonlyMap<number, Comparison>;

const addDays = (a: ComparedDays, b: ComparedDays): ComparedDays => {
  const sum = new Map(a);
  for (const [dayMs, comparison] of b) sum.set(dayMs, add(sum.get(dayMs) ?? emptyComparison, comparison));
  return sum;
};

const longer = ({ name, grainMs }: Rollup) =>
  RollupNotUnderstood.because(name, `its buckets are longer than ${grainMs / HOUR_MS} h or not those of UTC`);

/** Fails where the buckets of a rollup are longer than is assumed of it. */
export const requireGrain = (rollup: Rollup, budget: QueryBudget) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const { sql, params } = grainStatement(rollup);
    const [row] = yield* clickhouse.query<{ strays: number }>(sql, params, budget);
    if (row !== undefined && row.strays > 0) return yield* longer(rollup);
  });

const compareOnce = (rollup: Rollup, slice: Slice, budget: QueryBudget) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const { sql, params, keys, compared } = comparisonStatement(rollup, slice);
    const rows = yield* clickhouse.query<ComparisonRow>(sql, params, budget);
    if (rows.some(({ strays }) => strays > 0)) return yield* longer(rollup);
    return new Map(
      rows.map(({ day, found, strays: _, ...counts }): [number, Comparison] => [
        day * DAY_MS,
        { ...counts, differences: found.map((texts) => differenceOf(rollup.name, keys, compared, texts)) },
      ]),
    ) as ComparedDays;
  });

type CompareFailure = ClickHouseError | RollupNotUnderstood;

/** Compares a rollup with the raw events once. What exceeds the budget is done again in smaller slices. */
export const compare = (
  rollup: Rollup,
  slice: Slice,
  budget: QueryBudget,
): Effect.Effect<ComparedDays, CompareFailure, ClickHouse> =>
  Effect.catchIf(
    compareOnce(rollup, slice, budget),
    (error) => error._tag === "ClickHouseError" && error.failure === "over_budget",
    (error): Effect.Effect<ComparedDays, CompareFailure, ClickHouse> => {
      const smaller = split(slice, rollup.grainMs);
      if (smaller.length === 0) return Effect.fail(error);
      return Effect.reduce(smaller, new Map() as ComparedDays, (sum, each) =>
        Effect.map(compare(rollup, each, budget), (days) => addDays(sum, days)),
      );
    },
  );

const isListed = ({ differing, differences }: Comparison): boolean => differing === differences.length;

/** What differs in both of two looks at the same buckets, as the second one saw it. */
const inBoth = (before: Comparison, after: Comparison): Comparison => {
  const times = after.times.filter((time) => before.times.includes(time));
  // Where one of them is too long to be listed as a whole, the other one is what is known.
  if (!isListed(before)) return { ...after, times };
  if (!isListed(after)) return { ...before, times };
  const known = new Set(before.differences.map(keyText));
  const differences = after.differences.filter((difference) => known.has(keyText(difference)));
  return {
    ...after,
    differences,
    differing: differences.length,
    unfounded: differences.filter(({ kind }) => kind === "unfounded").length,
    times,
  };
};

const differs = (days: ComparedDays): boolean => [...days.values()].some(({ differing }) => differing > 0);

/**
 * Compares while rows may be on their way: a batch reaches the tables one after the other. What differs is looked at
 * again after each pause, and only what differed every time counts.
 */
export const compareSettled = (
  rollup: Rollup,
  slice: Slice,
  budget: QueryBudget,
  pauses: ReadonlyArray<Duration.DurationInput>,
): Effect.Effect<ComparedDays, CompareFailure, ClickHouse> =>
  Effect.gen(function* () {
    let seen = yield* compare(rollup, slice, budget);
    for (const pause of pauses) {
      if (!differs(seen)) break;
      yield* Effect.sleep(pause);
      const again = yield* compare(rollup, slice, budget);
      const before = seen;
      seen = new Map(
        [...again].map(([dayMs, after]) => [dayMs, inBoth(before.get(dayMs) ?? emptyComparison, after)]),
      );
    }
    return seen;
  });
