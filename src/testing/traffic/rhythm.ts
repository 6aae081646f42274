import { makeRandom, type Random, weighted } from "./random.ts";
import { markets } from "./world/markets.ts";
import type { World } from "./world/sites.ts";

const HOUR_MS = 3_600_000;
const HOURS_PER_WEEK = 168;

/** How many people read at an hour of their own day: least at four in the morning, most at eight in the evening. */
const hourly = [
  ...[0.34, 0.2, 0.13, 0.1, 0.1, 0.16, 0.34, 0.58, 0.76, 0.86, 0.92, 0.95],
  ...[1, 0.96, 0.9, 0.88, 0.9, 0.98, 1.1, 1.24, 1.32, 1.26, 0.98, 0.62],
];
/** From Monday. */
const daily = [1.04, 1.05, 1.03, 1, 0.94, 0.86, 0.96];

/** How much more is read at the end of the range than at its beginning. */
const GROWTH = 0.25;
/** One day is not like the other: by so much up or down. */
const DAY_NOISE = 0.08;

// 1 January 1970 was a Thursday.
const hourOfWeek = (ms: number): number => (Math.floor(ms / HOUR_MS) + 72) % HOURS_PER_WEEK;

const activity = (localHour: number): number =>
  (hourly[localHour % 24] ?? 0) * (daily[Math.floor(localHour / 24)] ?? 0);

/** When visits begin, and where the people are awake then. */
export interface Rhythm {
  /** The time, epoch ms, by which a part (0 to 1, never going back) of all events has happened. */
  readonly timeOf: (part: number) => number;
  /** The index in `markets` of somebody who visits at a time. */
  readonly marketAt: (ms: number, random: Random) => number;
}

/** The rhythm of a range of times: the hours and weekdays of each country, slight growth, and days that differ. */
export const makeRhythm = (seed: number, world: World, from: number, until: number): Rhythm => {
  const random = makeRandom(seed, "days");
  const awake = Array.from({ length: HOURS_PER_WEEK }, (_, hour) =>
    markets.map(
      ({ utcOffset }, market) =>
        (world.audiences[market]?.share ?? 0) *
        activity((hour + utcOffset + HOURS_PER_WEEK) % HOURS_PER_WEEK),
    ),
  );
  const marketsAt = awake.map((weights) =>
    weighted(
      markets.map((_, market) => market),
      (market) => weights[market] ?? 0,
    ),
  );
  const level = awake.map((weights) => weights.reduce((sum, weight) => sum + weight, 0));

  const count = Math.max(1, Math.round((until - from) / HOUR_MS));
  const stepMs = (until - from) / count;
  const ends = new Float64Array(count);
  let end = 0;
  let day = 1;
  for (let step = 0; step < count; step++) {
    if (step % 24 === 0) day = 1 + random.between(-DAY_NOISE, DAY_NOISE);
    const middle = from + (step + 0.5) * stepMs;
    end += (level[hourOfWeek(middle)] ?? 0) * day * (1 + (GROWTH * step) / count);
    ends[step] = end;
  }

  let step = 0;
  return {
    timeOf: (part) => {
      const wanted = part * end;
      while (step < count - 1 && (ends[step] as number) <= wanted) step++;
      const begin = step === 0 ? 0 : (ends[step - 1] as number);
      return Math.floor(from + (step + (wanted - begin) / ((ends[step] as number) - begin)) * stepMs);
    },
    marketAt: (ms, random) => marketsAt[hourOfWeek(ms)]?.pick(random) ?? 0,
  };
};
