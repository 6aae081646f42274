import { expect, test } from "bun:test";
import { makeRandom, type Random } from "../../testing/traffic/random.ts";
import { findingsOf } from "./anomalies.ts";
import type { Counts } from "./counts.ts";
import { DEFAULT_THRESHOLD } from "./judgement.ts";
import { logNormal, negativeBinomial } from "./testing/random-counts.ts";
import { comparedTimes, type Window } from "./windows.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2024, 0, 1);
const WEEKS = 10;

interface Traffic {
  readonly name: string;
  /** Events in a usual hour. */
  readonly base: number;
  /** Negative binomial: variance mean + mean²/k. */
  readonly k: number;
  /** Standard deviation of the logarithm of each day's level. */
  readonly dayNoise: number;
  readonly weeklyGrowth: number;
  /** Days ago from which on traffic of the last weeks was silent for a day, or none. */
  readonly pastOutage?: number;
}

/** Nights, days, and weekends at half the traffic. */
const rhythm = (hour: number): number => {
  const daylight = Math.max(0, Math.sin((((hour % 24) - 5) / 24) * 1.8 * Math.PI));
  return (0.15 + 1.6 * daylight) * (Math.floor(hour / 24) % 7 >= 5 ? 0.6 : 1.1);
};

const hoursOf = (random: Random, traffic: Traffic): Float64Array => {
  const { base, k, dayNoise, weeklyGrowth, pastOutage } = traffic;
  const total = WEEKS * 7;
  const days = Array.from({ length: total }, (_, day) =>
    pastOutage !== undefined && day === total - pastOutage ? 0 : logNormal(random, dayNoise),
  );
  return Float64Array.from({ length: total * 24 }, (_, hour) => {
    const level = (days[Math.floor(hour / 24)] ?? 1) * (1 + weeklyGrowth) ** (hour / 168);
    return level === 0 ? 0 : negativeBinomial(random, base * rhythm(hour) * level, k);
  });
};

/** Counts out of hours that begin at {@link START_MS}; `changed` says what becomes of the window that is judged. */
const countsIn = (
  sums: Float64Array,
  judged: Window,
  changed: (count: number) => number = (count) => count,
): Counts => {
  const index = (ms: number) => (ms - START_MS) / HOUR_MS;
  return {
    of: (_, window) => {
      const count = (sums[index(window.endMs)] ?? 0) - (sums[index(window.startMs)] ?? 0);
      return window.startMs === judged.startMs ? changed(count) : count;
    },
    knows: (_, { startMs }) => startMs >= START_MS,
  };
};

const sumsOf = (hours: Float64Array): Float64Array => {
  const sums = new Float64Array(hours.length + 1);
  hours.forEach((count, hour) => {
    sums[hour + 1] = (sums[hour] ?? 0) + count;
  });
  return sums;
};

const SERIES = 200;
const MOMENTS = 10;

const share = (part: number, whole: number) => (whole === 0 ? 1 : part / whole);

/** How often the last week's hours and parts of days raise an alarm as they are, silent, and three times as busy. */
const simulate = (traffic: Traffic) => {
  const random = makeRandom(20_240_101, traffic.name);
  const query = { metrics: ["events"], threshold: DEFAULT_THRESHOLD } as const;
  const kinds = {
    hour: { judged: 0, false: 0, found: 0, due: 0 },
    today: { judged: 0, false: 0, found: 0, due: 0 },
  };
  for (let series = 0; series < SERIES; series++) {
    const sums = sumsOf(hoursOf(random, traffic));
    for (let moment = 0; moment < MOMENTS; moment++) {
      const nowMs = START_MS + WEEKS * 7 * DAY_MS - random.below(6 * 24) * HOUR_MS;
      const times = comparedTimes(nowMs, "UTC");
      const today = times.today?.window ?? times.hour.window;
      const days = countsIn(sums, { startMs: -1, endMs: -1 });
      const judged = (changed?: (count: number) => number) => {
        const hours = countsIn(sums, times.hour.window, changed);
        const [found] = findingsOf(query, times, { days, hours, today: countsIn(sums, today, changed) });
        if (found === undefined) throw new Error("nothing was judged");
        return { hour: found.hour, today: found };
      };
      const [usual, silent, busy] = [judged(), judged(() => 0), judged((count) => 3 * count)];
      for (const kind of ["hour", "today"] as const) {
        const { expected, anomalous, value } = usual[kind];
        if (expected === null) continue;
        kinds[kind].judged++;
        if (anomalous) kinds[kind].false++;
        // A third of it would have passed for three times as much, and little of it is no outage.
        if (expected < 100 || value < expected / 2) continue;
        kinds[kind].due += 2;
        if (silent[kind].direction === "down") kinds[kind].found++;
        if (busy[kind].direction === "up") kinds[kind].found++;
      }
    }
  }
  return kinds;
};

/** The documentation promises this. */
const FALSE_ALARMS = 0.01;

const calm = { k: Number.POSITIVE_INFINITY, dayNoise: 0, weeklyGrowth: 0 };
const kinds: ReadonlyArray<Traffic> = [
  { name: "Poisson, 1 an hour", ...calm, base: 1 },
  { name: "Poisson, 10 an hour", ...calm, base: 10 },
  { name: "Poisson, 200 an hour", ...calm, base: 200 },
  { name: "Poisson that grows by a tenth each week", ...calm, base: 200, weeklyGrowth: 0.1 },
  { name: "Poisson that shrinks by a tenth each week", ...calm, base: 200, weeklyGrowth: -0.1 },
  { name: "Poisson with a silent day last week", ...calm, base: 200, pastOutage: 9 },
  { name: "negative binomial, k = 3, few", ...calm, base: 10, k: 3 },
  { name: "negative binomial, k = 30", ...calm, base: 1000, k: 30 },
  { name: "negative binomial, k = 30, days that differ", ...calm, base: 1000, k: 30, dayNoise: 0.1 },
  { name: "the same with growth", base: 1000, k: 30, dayNoise: 0.1, weeklyGrowth: 0.05 },
];

test.each(kinds)("$name: few false alarms; silence and three times as much are found", (traffic) => {
  const { hour, today } = simulate(traffic);
  expect(hour.judged).toBe(SERIES * MOMENTS);
  expect(share(hour.false, hour.judged)).toBeLessThan(FALSE_ALARMS);
  expect(share(today.false, today.judged)).toBeLessThan(FALSE_ALARMS);
  expect(share(hour.found, hour.due)).toBeGreaterThan(0.9);
  expect(share(today.found, today.due)).toBeGreaterThan(0.95);
});
