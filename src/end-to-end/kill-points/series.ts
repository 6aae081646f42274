import type { Call } from "./call-watch.ts";
import { type KillPoint, watchedLife } from "./life.ts";
import type { Place } from "./place.ts";
import type { Scenario } from "./scenario.ts";
import { type Trial, tryKillPoint } from "./trial.ts";

/** Over which part of its work the service is killed. */
export type Stage =
  /** From the batch's request to the end of the process. */
  | "batch"
  /** The start, and all the rest of the life, of a service that was killed when part of the batch had arrived. */
  | "recovery";

export interface Stages {
  /** The data directory that a stage begins with. */
  readonly from: (stage: Stage) => string;
  /** The calls of an undisturbed life, from where they count. */
  readonly calls: (stage: Stage) => Promise<ReadonlyArray<Call>>;
}

/** Before this part of the batch takes its place the service is killed, for the recovery to have something to do. */
const WOUND: KillPoint = { kind: "rename", before: 6 };

const isPart = ({ kind, path }: Call): boolean => kind === "rename" && path.includes("/store/");

export const prepareStages = async (scenario: Scenario, place: Place): Promise<Stages> => {
  const wounded = place.copy(place.prepared);
  const life = await watchedLife({ dataDir: wounded, request: scenario.batch.body, killPoint: WOUND });
  if (!life.killed || !life.answered || life.calls.filter(isPart).length !== WOUND.before) {
    throw new Error(`The wound is not what it should be: ${JSON.stringify(life.calls.at(-1))}`);
  }
  return {
    from: (stage) => (stage === "batch" ? place.prepared : wounded),
    calls: async (stage) => {
      const dataDir = place.copy(stage === "batch" ? place.prepared : wounded);
      const request = stage === "batch" ? scenario.batch.body : undefined;
      const { calls } = await watchedLife({ dataDir, request });
      place.remove(dataDir);
      return calls;
    },
  };
};

/** `count` whole numbers from 1 to `last`, both among them, as far apart as they can be. */
export const spread = (last: number, count: number): ReadonlyArray<number> => {
  if (count >= last) return Array.from({ length: last }, (_, i) => i + 1);
  return Array.from({ length: count }, (_, i) => 1 + Math.round((i * (last - 1)) / Math.max(1, count - 1)));
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
  readonly tell?: (trial: Trial & { readonly stage: Stage }) => void;
}

// A service that does not start, store or stop any more breaks the promise too, and the other points are still of interest.
const failedTrial = (killPoint: KillPoint, error: unknown): Trial => ({
  killPoint,
  call: undefined,
  answered: false,
  finding: "no open batch",
  storedUnanswered: false,
  differences: [String(error)],
});

/** Tries the points; the results have the order in which they came. */
export const trySeries = async (options: SeriesOptions) => {
  const { scenario, place, stages, points, jobs, isOver = () => false, tell } = options;
  const results: Array<Trial & { readonly stage: Stage }> = [];
  const waiting = points.values();
  const work = async () => {
    for (const { stage, killPoint } of waiting) {
      const from = stages.from(stage);
      const trial = await tryKillPoint({ scenario, place, from, sends: stage === "batch", killPoint }).catch(
        (error: unknown) => failedTrial(killPoint, error),
      );
      const result = { ...trial, stage };
      results.push(result);
      tell?.(result);
      if (isOver()) return;
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  return results;
};
