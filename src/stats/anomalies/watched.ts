import { Clock, Effect } from "effect";
import { Retention } from "../../retention/retention.ts";
import { everything, type Filter } from "../filters/filter.ts";

/** Counted of single events, all of them by one question. */
export const eventMetrics = ["events", "pageviews", "visitors", "conversions"] as const;
export type EventMetric = (typeof eventMetrics)[number];

export const anomalyMetrics = [...eventMetrics, "sessions"] as const;
export type AnomalyMetric = (typeof anomalyMetrics)[number];

/** Whose traffic is looked at: a project, or some of its sites. Without bots. */
export interface Watched {
  readonly project: string;
  /** Empty for all of the project's sites together. */
  readonly sites: ReadonlyArray<string>;
  /** Event types that are conversions. */
  readonly goal: ReadonlyArray<string>;
}

export const filterOf = ({ sites }: Watched): Filter =>
  sites.length === 0 ? everything : { kind: "condition", field: "site", operator: "is", values: sites };

/** What was counted in some windows. */
export interface CountedWindows {
  /** Nothing is known of windows that begin before, in milliseconds since 1970. */
  readonly fromMs: number;
  /** `bucket` is a window's start in seconds since 1970; those without anything may be left out. */
  readonly rows: ReadonlyArray<
    { readonly bucket: number } & Readonly<Partial<Record<AnomalyMetric, number>>>
  >;
}

/** Single events that happened before may be gone by now, in milliseconds since 1970. */
export const eventsFromMs = ({ project }: Watched): Effect.Effect<number, never, Retention> =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis;
    return (yield* Retention).of(project, nowMs).rawFromMs;
  });
