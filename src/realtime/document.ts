import type { PageViews } from "./page-views.ts";
import { WINDOW_MINUTES } from "./sightings.ts";
import { type Tally, topOf } from "./tally.ts";

/** What happens now. Visitors and lists are those of the last five minutes; bots are left out. */
export interface RealtimeDocument {
  /** Visitors with an event in the last five minutes. */
  readonly activeUsers: number;
  readonly pageviewsLast5Min: number;
  /** The ten pages with the most visitors. */
  readonly pages: ReadonlyArray<{ readonly page: string; readonly visitors: number }>;
  /** Where visitors came from: a domain ("" for none) and the channel, of the first event of each one's stay. */
  readonly sources: ReadonlyArray<{
    readonly source: string;
    readonly channel: string;
    readonly visitors: number;
  }>;
  /** Where they are, as far as it is known. */
  readonly countries: ReadonlyArray<{ readonly country: string; readonly visitors: number }>;
  /** Page views of the last 30 minutes, oldest first; the last one is the current minute. */
  readonly perMinute: ReadonlyArray<number>;
  /** False where there is so much traffic that visitors are estimated, or where something could not be counted. */
  readonly exact: boolean;
}

/** Rows of each list. */
export const LIST_LENGTH = 10;

const topSources = (tally: Tally): RealtimeDocument["sources"] => {
  // The best of each channel are enough to find the best of all.
  const candidates = new Map<string, number>();
  for (const [channel, referrers] of tally.channels) {
    const none = referrers.get("");
    if (none !== undefined) candidates.set(`${channel} `, none);
    for (const { key, count } of topOf(referrers, LIST_LENGTH)) candidates.set(`${channel} ${key}`, count);
  }
  return topOf(candidates, LIST_LENGTH).map(({ key, count }) => {
    const space = key.indexOf(" ");
    return { source: key.slice(space + 1), channel: key.slice(0, space), visitors: tally.estimate(count) };
  });
};

/** Writes what was counted at `now`, in seconds since 1970. */
export const documentOf = (
  tally: Tally,
  views: ReadonlyArray<PageViews>,
  now: number,
  isComplete: boolean,
): RealtimeDocument => {
  const perMinute: Array<number> = Array.from({ length: WINDOW_MINUTES }, () => 0);
  let pageviewsLast5Min = 0;
  for (const one of views) {
    one.addMinutesTo(perMinute, now);
    pageviewsLast5Min += one.lately(now);
  }
  const visitors = (count: number) => tally.estimate(count);
  return {
    activeUsers: visitors(tally.visitors),
    pageviewsLast5Min,
    pages: topOf(tally.pages, LIST_LENGTH).map(({ key, count }) => ({
      page: key,
      visitors: visitors(count),
    })),
    sources: topSources(tally),
    countries: topOf(tally.countries, LIST_LENGTH).map(({ key, count }) => ({
      country: key,
      visitors: visitors(count),
    })),
    perMinute,
    exact: tally.isExact && isComplete,
  };
};
