import type { TimeRange } from "../calendar/buckets.ts";
import type { Field } from "../catalogue/dimensions.ts";
import type { Filter } from "../filters/filter.ts";
import type { BotRule, PeopleRule } from "../question.ts";

/**
 * How the steps follow each other.
 *
 * - `ordered`: each at or after the one before; anything may happen in between.
 * - `strict`: the same, and no other event that the funnel's `filter` and `bots` let through lies between two steps.
 * - `any`: in whatever order.
 */
export const funnelOrders = ["ordered", "strict", "any"] as const;
export type FunnelOrder = (typeof funnelOrders)[number];

/** Who goes through a funnel: a visitor on all sites that the filter lets through, or one session. */
export const funnelSubjects = ["visitor", "session"] as const;
export type FunnelSubject = (typeof funnelSubjects)[number];

/** An event of this type for which the filter holds. */
export interface FunnelStep {
  readonly eventType: string;
  readonly filter: Filter;
}

export const stepBounds = { minimum: 2, maximum: 10 } as const;
/** In seconds: a day unless said otherwise, a leap year at most. */
export const windowBounds = { minimum: 1, maximum: 366 * 86_400, fallback: 86_400 } as const;
export const funnelLimitBounds = { minimum: 1, maximum: 100, fallback: 10 } as const;
/** Steps of one event type where they come in any order: what has to be compared doubles with each. */
export const MAXIMUM_ALIKE_IN_ANY_ORDER = 5;

/**
 * A question of how far subjects come through steps. Only events in the range count, whatever lies beyond it.
 *
 * **Attempts.** An attempt begins with an event of step 1 and lasts `windowSeconds` from then on, the last millisecond
 * included. In the order of time each step is served by the earliest event that can, and an event serves one step only,
 * also where it fits several. Events of the same millisecond have no order among themselves: in each millisecond as many
 * of the next steps are served as its events can serve. With `strict` the attempt ends where a millisecond with events
 * serves no step. With `any` an attempt begins with an event of any of the steps, and step `k` is reached at the first
 * millisecond by which different events have served steps 1 to `k`, in whatever order.
 *
 * **Subjects.** A subject counts once, with the attempt that gets furthest, the earliest of several. A session is what
 * lies in the range of one visitor's events on one site under one client session id, cut where 30 minutes or more pass
 * between two of them; the gaps are those between all events, also those that `filter` leaves out, but not those that
 * `bots` leaves out.
 *
 * **Dimension.** A subject belongs to the value of the event that served step 1; where several of that millisecond could
 * have, to the smallest of their values in the order of bytes.
 */
export interface FunnelQuery {
  readonly project: string;
  readonly range: TimeRange;
  readonly steps: ReadonlyArray<FunnelStep>;
  readonly windowSeconds: number;
  readonly by: FunnelSubject;
  /** Whether the events of a person's visitors are those of one subject; of sessions they are not. Not when left out. */
  readonly people?: PeopleRule;
  readonly order: FunnelOrder;
  readonly filter: Filter;
  readonly bots: BotRule;
  readonly dimension: Field | undefined;
  /** Values of the dimension that are answered, the ones with most subjects first. */
  readonly limit: number;
}
