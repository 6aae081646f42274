import { Effect } from "effect";
import type { InvalidParameter } from "../../domain/errors.ts";
import type { Retention } from "../../retention/retention.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { requireRawEvents } from "../table-decider.ts";
import type { FunnelQuery } from "./funnel.ts";
import { type CountedFunnel, funnelStatement } from "./statement.ts";

export interface FunnelStepAnswer {
  readonly event_type: string;
  /** Subjects that reached this step. */
  readonly count: number;
  /** In percent of those that reached the first step, 1 decimal; 0 where nobody did. */
  readonly conversion: number;
  /** Lost since the step before, in percent of it, 1 decimal; 0 for the first step and where nobody got to the one before. */
  readonly drop_off: number;
  /** From the step before, over those that reached this one, to the millisecond; null for the first step and without any. */
  readonly median_seconds: number | null;
}

export interface FunnelCounts {
  readonly steps: ReadonlyArray<FunnelStepAnswer>;
  /** That of the last step. */
  readonly conversion: number;
}

export interface FunnelAnswer extends FunnelCounts {
  /** Per value of the dimension, most subjects in the first step first, then in the order of the values. */
  readonly data?: ReadonlyArray<{ readonly dimension: string } & FunnelCounts>;
}

const percent = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.round((part * 1000) / whole) / 10;

const toCounts = ({ steps }: FunnelQuery, row: CountedFunnel | undefined): FunnelCounts => {
  const counts = steps.map((_, index) => row?.[`count_${index + 1}`] ?? 0);
  const [first = 0] = counts;
  const answered = steps.map(({ eventType }, index): FunnelStepAnswer => {
    const count = counts[index] ?? 0;
    const before = counts[index - 1] ?? count;
    const median = row?.[`median_${index + 1}`] ?? null;
    return {
      event_type: eventType,
      count,
      conversion: percent(count, first),
      drop_off: percent(before - count, before),
      median_seconds: median === null ? null : Math.round(median) / 1000,
    };
  });
  return { steps: answered, conversion: answered.at(-1)?.conversion ?? 0 };
};

/**
 * How far subjects come through the funnel. Counted from single events, so it fails where some that the range covers are
 * gone; with `over_budget` where it takes more time or memory than a read may.
 */
export const answerFunnel = (
  query: FunnelQuery,
): Effect.Effect<FunnelAnswer, InvalidParameter | ClickHouseError, ClickHouse | Retention> =>
  Effect.gen(function* () {
    const { project, range, steps, filter, bots } = query;
    const eventTypes = steps.map(({ eventType }) => eventType);
    yield* requireRawEvents({ project, ...range, eventTypes, filter, bots }, range);
    const { sql, params } = funnelStatement(query);
    const clickhouse = yield* ClickHouse;
    const rows = yield* clickhouse.query<CountedFunnel>(sql, params);
    const total = toCounts(
      query,
      rows.find(({ is_total }) => is_total === 1),
    );
    if (query.dimension === undefined) return total;
    const data = rows
      .filter(({ is_total }) => is_total === 0)
      .map((row) => ({ dimension: row.value ?? "", ...toCounts(query, row) }));
    return { ...total, data };
  });
