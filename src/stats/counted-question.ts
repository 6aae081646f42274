import type { TimeRange } from "./calendar/buckets.ts";
import type { Field } from "./catalogue/dimensions.ts";
import type { Measure } from "./catalogue/metrics.ts";
import type { Filter } from "./filters/filter.ts";
import type { BotRule, PeopleRule } from "./question.ts";

/** What is to be counted, before it is known where from. */
export interface CountedQuestion {
  readonly project: string;
  readonly range: TimeRange;
  readonly filter: Filter;
  readonly bots: BotRule;
  /** Who counts as one among visitors and converters. */
  readonly people: PeopleRule;
  /** Event types that are conversions. */
  readonly goal: ReadonlyArray<string>;
  /** Counted for each value of it; undefined counts everything together. */
  readonly dimension: Field | undefined;
  /** Only values that have this text in them, whatever the case. */
  readonly search: string | undefined;
  /** Starts of the buckets to count in, ascending; undefined does not tell times apart. */
  readonly bucketStartsMs: ReadonlyArray<number> | undefined;
  readonly measures: ReadonlyArray<Measure>;
  /** Everything is counted of whole sessions, as with a filter or dimension that only these have. */
  readonly wholeSessions: boolean;
}

/** A SELECT of `key`, `bucket` and some measures, grouped by the first two, and its parameters. */
export interface CountsSql {
  readonly sql: string;
  readonly params: Readonly<Record<string, string | number | ReadonlyArray<string | number>>>;
}
