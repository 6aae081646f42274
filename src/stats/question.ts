import type { Filter } from "./filters/filter.ts";
import type { Dimension, Metric } from "./tables.ts";

export const botRules = ["exclude", "include", "only"] as const;
export type BotRule = (typeof botRules)[number];

/** Who counts as one: a visitor, or a person with all visitors that are linked to them. */
export const peopleRules = ["visitors", "linked"] as const;
export type PeopleRule = (typeof peopleRules)[number];

/** What is asked, before a table is chosen to answer it. */
export interface Question {
  readonly project: string;
  readonly fromMs: number;
  readonly toMs: number;
  /** IANA name; hours and weekdays in a filter are of this zone. */
  readonly zone: string;
  /** Only these event types; undefined asks for all. */
  readonly eventTypes: ReadonlyArray<string> | undefined;
  readonly filter: Filter;
  readonly bots: BotRule;
  /** Visitors, when it is left out. */
  readonly people?: PeopleRule;
  readonly groups: ReadonlyArray<Dimension>;
  /** Starts of the buckets to group by, ascending; undefined does not group by time. */
  readonly bucketStartsMs: ReadonlyArray<number> | undefined;
  readonly metrics: ReadonlyArray<Metric>;
}
