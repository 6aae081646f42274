import type { Statement } from "../statement.ts";
import { bestAttempts } from "./attempts.ts";
import type { FunnelQuery } from "./funnel.ts";

/** Counts as ClickHouse answers them: of everybody, or of one value of the dimension. */
export interface CountedFunnel {
  readonly is_total: 0 | 1;
  readonly value?: string;
  readonly [count: `count_${number}`]: number;
  /** Milliseconds from the step before; null where nobody got here. */
  readonly [median: `median_${number}`]: number | null;
}

/**
 * How many subjects reached each step, and the median time that it took them from the step before. With a dimension a row
 * for everybody comes first, then one per value, most subjects first.
 */
export const funnelStatement = (query: FunnelQuery): Statement => {
  const { sql, params } = bestAttempts(query);
  const counted = query.steps.flatMap((_, index) => {
    const step = index + 1;
    const isReached = `length(reached) >= ${step}`;
    return [
      `countIf(${isReached}) AS count_${step}`,
      ...(index === 0
        ? []
        : [
            `quantileExactInclusiveIf(0.5)(reached[${step}] - reached[${step - 1}], ${isReached}) AS median_${step}`,
          ]),
    ];
  });
  return query.dimension === undefined
    ? { sql: `SELECT 1 AS is_total, ${counted.join(", ")} FROM (${sql})`, params }
    : {
        sql: `
          SELECT grouping(value) AS is_total, value, ${counted.join(", ")} FROM (${sql}) WHERE notEmpty(reached)
          GROUP BY GROUPING SETS ((value), ()) ORDER BY is_total DESC, count_1 DESC, value LIMIT {rows:UInt32}`,
        params: { ...params, rows: query.limit + 1 },
      };
};
