import type { Call } from "./call-watch.ts";
import { type KillPoint, watchedLife } from "./life.ts";
import type { Place } from "./place.ts";
import type { Scenario, Sending } from "./scenario.ts";

/** Over which part of its work the service is killed. */
export type Stage =
  /** From the request of the first batch of a life to the end of the process. */
  | "first"
  /** The same with a later batch, whose segment of the spool is one that had other events before. */
  | "later"
  /** The start, and all the rest of the life, of a service that was killed when part of the batch had arrived. */
  | "recovery";

export const stages: ReadonlyArray<Stage> = ["first", "later", "recovery"];

/** What a life is like over which the service is killed. */
export interface StageSetup {
  readonly stage: Stage;
  /** The data directory to begin with; it is not changed. */
  readonly from: string;
  /** Sent and stored before. */
  readonly earlier: Sending | undefined;
  /** Sent then; undefined where it was sent and answered in an earlier life. */
  readonly batch: Sending | undefined;
  /** Everything that is in the tables at the end, each event once. */
  readonly stored: ReadonlyArray<Sending>;
}

export type Stages = Readonly<Record<Stage, StageSetup>>;

/** Before this part of the batch takes its place the service is killed, for the recovery to have something to do. */
const WOUND: KillPoint = { kind: "rename", before: 6 };

const isPart = ({ kind, path }: Call): boolean => kind === "rename" && path.includes("/store/");

export const prepareStages = async (scenario: Scenario, place: Place): Promise<Stages> => {
  const { history, earlier, batch } = scenario;
  const wounded = place.copy(place.prepared);
  const life = await watchedLife({ dataDir: wounded, request: batch.body, killPoint: WOUND });
  if (!life.killed || !life.answered || life.calls.filter(isPart).length !== WOUND.before) {
    throw new Error(`The wound is not what it should be: ${JSON.stringify(life.calls.at(-1))}`);
  }
  const first = { from: place.prepared, earlier: undefined, batch, stored: [history, batch] };
  return {
    first: { ...first, stage: "first" },
    later: { ...first, stage: "later", earlier, stored: [history, earlier, batch] },
    recovery: { ...first, stage: "recovery", from: wounded, batch: undefined },
  };
};

/** A life of the stage that nothing disturbs: its calls, from where they count. */
export const undisturbed = async (
  place: Place,
  { from, earlier, batch }: StageSetup,
): Promise<ReadonlyArray<Call>> => {
  const dataDir = place.copy(from);
  const { calls } = await watchedLife({ dataDir, earlier: earlier?.body, request: batch?.body });
  place.remove(dataDir);
  return calls;
};
