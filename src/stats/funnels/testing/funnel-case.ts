import { everything, type Filter } from "../../filters/filter.ts";
import type { EventRow } from "../../recount/event-row.ts";
import type { FunnelQuery } from "../funnel.ts";

export const HOUR_MS = 3_600_000;
/** Noon of yesterday in UTC, epoch ms. */
export const NOON = Math.floor(Date.now() / (24 * HOUR_MS)) * 24 * HOUR_MS - 12 * HOUR_MS;
/** The usual window. */
export const WINDOW_MS = 600_000;

/** Type, milliseconds after noon, and what else is not as usual. */
export type Happened = readonly [string, number, Partial<EventRow>?];

export const onPage = (page: string): Filter => ({
  kind: "condition",
  field: "page",
  operator: "is",
  values: [page],
});
export const step = (eventType: string, filter = everything) => ({ eventType, filter });
/** Events of these types. */
export const [a, b, c] = [step("a"), step("b"), step("c")];

/** What a case asks where it says nothing else: for a, b and c in order within ten minutes. */
export const usual: Omit<FunnelQuery, "project"> = {
  range: { fromMs: NOON, toMs: NOON + 6 * HOUR_MS, zone: "UTC" },
  steps: [a, b, c],
  windowSeconds: WINDOW_MS / 1000,
  by: "visitor",
  order: "ordered",
  filter: everything,
  bots: "exclude",
  dimension: undefined,
  limit: 10,
};

/** What one subject does, and how many come to each step. */
export interface Case {
  readonly name: string;
  readonly happened: ReadonlyArray<Happened>;
  readonly asked?: Partial<FunnelQuery>;
  readonly counts: ReadonlyArray<number>;
  readonly medians?: ReadonlyArray<number | null>;
}
