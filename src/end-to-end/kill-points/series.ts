import type { KillPoint } from "./life.ts";
import type { Place } from "./place.ts";
import type { Scenario } from "./scenario.ts";
import type { Stage, Stages } from "./stages.ts";
import { type Trial, tryKillPoint } from "./trial.ts";

/** `count` of the values, the first and the last among them, as evenly apart as can be; all where there are no more. */
export const spread = <A>(values: ReadonlyArray<A>, count: number): ReadonlyArray<A> => {
  if (count >= values.length) return values;
  const step = (values.length - 1) / Math.max(1, count - 1);
  return Array.from({ length: count }, (_, i) => values[Math.round(i * step)] as A);
};

export interface SeriesOptions {
  readonly scenario: Scenario;
  readonly place: Place;
  readonly stages: Stages;
  readonly points: ReadonlyArray<{ readonly stage: Stage; readonly killPoint: KillPoint }>;
  /** Services that live side by side. */
  readonly jobs: number;
  /** Whether no further point is to be begun. */
  readonly isOver?: () => boolean;
  /** Told of each trial as it ends. */
  readonly tell?: (trial: Trial) => void;
}

// A service that does not start, store or stop any more breaks the promise too, and the other points are still of interest.
const failedTrial = (stage: Stage, killPoint: KillPoint, error: unknown): Trial => ({
  stage,
  killPoint,
  call: undefined,
  answered: false,
  finding: "no open batch",
  storedUnanswered: false,
  differences: [String(error)],
});

/** Tries the points; the results have the order in which they came. */
export const trySeries = async (options: SeriesOptions): Promise<ReadonlyArray<Trial>> => {
  const { scenario, place, stages, points, jobs, isOver = () => false, tell } = options;
  const results: Array<Trial> = [];
  const waiting = points.values();
  const work = async () => {
    for (const { stage, killPoint } of waiting) {
      const trial = await tryKillPoint({ scenario, place, setup: stages[stage], killPoint }).catch(
        (error: unknown) => failedTrial(stage, killPoint, error),
      );
      results.push(trial);
      tell?.(trial);
      if (isOver()) return;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
};
