import { Effect, Random } from "effect";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Pauses after the first, second … attempt that failed; after the last one a delivery is given up, most of a day later. */
const PAUSES_MS = [MINUTE_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS, 5 * HOUR_MS, 10 * HOUR_MS];

export const MAXIMUM_ATTEMPTS = PAUSES_MS.length + 1;

/** A pause is up to so much shorter or longer, so that receivers that come back are not met by everybody at once. */
const JITTER = 0.2;

/** Milliseconds until the next attempt after so many that failed; undefined when there is none. */
export const pauseAfter = (attempts: number): Effect.Effect<number | undefined> => {
  const pause = PAUSES_MS[attempts - 1];
  return pause === undefined
    ? Effect.succeed(undefined)
    : Effect.map(Random.nextRange(1 - JITTER, 1 + JITTER), (factor) => Math.round(pause * factor));
};
