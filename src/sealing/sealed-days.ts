import { Clock, Context, Effect, Layer, Random } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { makeCoalesced } from "./coalesced.ts";
import { type KnownDays, makeKnownDays } from "./known-days.ts";
import { storedDays } from "./stored-days.ts";

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** What makes a day's rows in `sessions` and `daily_field_stats` count. */
export interface Seal {
  readonly build: number;
  /** Every batch up to this one was in the events that it was made from. */
  readonly watermark: number;
  /** Hours of the next day in which an event would belong to a session of this one, 0 to 24. */
  readonly nextHours: number;
}

/** A UTC day of a site that has events; `day` counts from 1970. */
export interface SiteDay {
  readonly project: string;
  readonly siteId: string;
  readonly day: number;
}

/** A day whose rows count. */
export interface SealedDay extends SiteDay {
  readonly seal: Seal;
}

/** A day as a question finds it: with the build that stands for it, or without one, when its events have to be asked. */
export interface AskedDay {
  readonly siteId: string;
  readonly day: number;
  readonly build: number | undefined;
}

/** Builds of one millisecond. */
const BUILDS = 1024;

export interface SealedDaysShape extends KnownDays {
  /** Learns which days were reached since, so that no seal counts that an event has broken. Every question begins with it. */
  readonly refresh: Effect.Effect<void, ClickHouseError>;
  /** A number for a new build, above that of every other one. */
  readonly nextBuild: Effect.Effect<number>;
  /** Builds up to this number are known by now. */
  readonly lastBuild: () => number;
  /** Takes note of a seal that was written; it counts if no later batch has reached the day since it was begun. */
  readonly keep: (day: SiteDay, seal: Seal) => Effect.Effect<void, ClickHouseError>;
  /** Runs something while no day is being sealed and none is compared with its events. */
  readonly undisturbed: <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>;
}

/** Which days are sealed, kept in memory: a question must not spend its time on finding out. */
export class SealedDays extends Context.Tag("footfall/SealedDays")<SealedDays, SealedDaysShape>() {}

const make = Effect.gen(function* () {
  const { known, siteOf } = makeKnownDays();
  const stored = storedDays(yield* ClickHouse, siteOf);
  /** The highest batch that was seen in an hour. */
  let seen = yield* stored.load;
  let lastBuild = yield* stored.lastBuild;

  const turn = (yield* Effect.makeSemaphore(1)).withPermits(1);
  const undisturbed = (yield* Effect.makeSemaphore(1)).withPermits(1);
  return {
    ...known,
    // The last batch seen is asked for again: it may have reached one month's partition and not yet another's.
    refresh: makeCoalesced(
      Effect.suspend(() =>
        Effect.map(stored.touchSince(seen), (highest) => {
          seen = Math.max(seen, highest);
        }),
      ),
      turn,
    ),
    // They grow with time, also where the clock goes back, and stay below 2^53.
    nextBuild: Effect.gen(function* () {
      const now = yield* Clock.currentTimeMillis;
      lastBuild = Math.max(lastBuild + 1, now * BUILDS + (yield* Random.nextIntBetween(0, BUILDS)));
      return lastBuild;
    }),
    lastBuild: () => lastBuild,
    keep: (day, seal) =>
      turn(
        Effect.map(stored.reached(day, seal), (reached) => {
          lastBuild = Math.max(lastBuild, seal.build);
          siteOf(day.project, day.siteId).put(day.day, seal, reached);
        }),
      ),
    undisturbed,
  } satisfies SealedDaysShape;
});

export const layerSealedDays = Layer.effect(SealedDays, make);
