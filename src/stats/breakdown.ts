import { Effect } from "effect";
import { type Field, isOfSessionOnly } from "./catalogue/dimensions.ts";
import { exactValue, isCount, type MetricName, rounded, roundedValue } from "./catalogue/metrics.ts";
import { type Counted, type CountOptions, countsOf } from "./counts.ts";
import { type WrittenRange, wholeCounts, wholeQuestion, writtenRange } from "./metrics.ts";
import type { BreakdownQuery } from "./parameters/counted-query.ts";

type Values = Readonly<Partial<Record<MetricName, number>>>;

export interface BreakdownRow extends Values {
  /** The value; empty for "none". */
  readonly dimension: string;
  /** Of the first metric. */
  readonly value: number;
  /** Of the whole, not of the rows shown; one decimal. Null for rates and averages. */
  readonly percentage: number | null;
}

export interface BreakdownAnswer {
  readonly timeRange: WrittenRange;
  readonly dimension: Field;
  readonly data: ReadonlyArray<BreakdownRow>;
  /** The metrics of everything together. */
  readonly total: Values;
  /** How many values there are on all pages. */
  readonly rows: number;
}

/** The metrics per value of a dimension, and of everything together. */
export const breakdown = (query: BreakdownQuery, options?: CountOptions): Counted<BreakdownAnswer> =>
  Effect.gen(function* () {
    const { metrics, dimension, search, sort, limit, offset, range } = query;
    const first = metrics[0] ?? "visitors";
    const own = wholeQuestion(query, range);
    // The parts and the whole have to be counted alike.
    const together = { ...own, wholeSessions: own.wholeSessions || isOfSessionOnly(dimension) };
    const question = { ...together, dimension, search };
    const valuesOf = (measures: Parameters<typeof roundedValue>[1]): Values =>
      Object.fromEntries(metrics.map((name) => [name, roundedValue(name, measures)]));
    const [rows, whole] = yield* Effect.all(
      [countsOf(question, { terms: sort, limit, offset }, options), wholeCounts(together, options)],
      { concurrency: 2 },
    );
    // A page behind the last one has no row to say how many there are.
    const [any] =
      rows.length > 0 || offset === 0
        ? rows
        : yield* countsOf(question, { terms: sort, limit: 1, offset: 0 }, options);
    const wholeValue = exactValue(first, whole);
    const data = rows.map((row) => ({
      dimension: row.key,
      value: roundedValue(first, row),
      percentage: isCount(first)
        ? wholeValue === 0
          ? 0
          : rounded((exactValue(first, row) / wholeValue) * 100, 1)
        : null,
      ...valuesOf(row),
    }));
    return {
      timeRange: writtenRange(range),
      dimension,
      data,
      total: valuesOf(whole),
      rows: any?.rows ?? 0,
    };
  });
