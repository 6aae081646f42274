import type { Dimension, Metric } from "./tables.ts";

export const botRules = ["exclude", "include", "only"] as const;
export type BotRule = (typeof botRules)[number];

/** Values per dimension; a dimension that is absent is not filtered. */
export type Filters = Readonly<Partial<Record<Dimension, ReadonlyArray<string | number>>>>;

/** What is asked, before a table is chosen to answer it. */
export interface Question {
  readonly project: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** Only these event types; undefined asks for all. */
  readonly eventTypes: ReadonlyArray<string> | undefined;
  readonly filters: Filters;
  readonly bots: BotRule;
  readonly groups: ReadonlyArray<Dimension>;
  /** Starts of the buckets to group by, ascending; undefined does not group by time. */
  readonly bucketStartsMs: ReadonlyArray<number> | undefined;
  readonly metrics: ReadonlyArray<Metric>;
}
