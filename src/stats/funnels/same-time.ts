import { markOf, marksOf, timeOf } from "./entries.ts";
import type { FunnelStep } from "./funnel.ts";

/** Steps as bits, with how many they are, the first and the last. */
export interface StepSet {
  readonly marks: number;
  readonly size: number;
  readonly first: number;
  readonly last: number;
}

/** Every set of steps of one event type. Events of another type never fit any of them. */
export const stepSets = (steps: ReadonlyArray<Pick<FunnelStep, "eventType">>): ReadonlyArray<StepSet> => {
  const alike = Map.groupBy(
    steps.map((_, index) => index + 1),
    (step) => steps[step - 1]?.eventType,
  );
  return [...alike.values()].flatMap((members) => {
    const sets: Array<ReadonlyArray<number>> = [[]];
    for (const step of members) sets.push(...sets.map((set) => [...set, step]));
    return sets.slice(1).map((set) => ({
      marks: set.reduce((sum, step) => sum + markOf(step), 0),
      size: set.length,
      first: set[0] ?? 0,
      last: set.at(-1) ?? 0,
    }));
  });
};

const times = (entries: string): string => `arrayMap(x -> ${timeOf("x")}, ${entries})`;

/**
 * Entries as lines of `times`, `marks` of one step each and `numbers` of their milliseconds, in which each step is to be
 * looked for after the one before. Within a millisecond a line is made so that whoever comes with some steps done finds
 * as many of the next ones as the events of this millisecond can serve, each event one step. `kept` are columns to keep.
 *
 * Different events can serve the steps a to b unless some of these steps are fitted by fewer events than they are (Hall's
 * theorem). The last step that can be served never falls as a rises, so the runs from a to it, later ones first, offer
 * everybody their own run and nothing after it.
 */
export const matchedLines = (
  subjects: string,
  kept: string,
  steps: ReadonlyArray<Pick<FunnelStep, "eventType">>,
): string => {
  const backwards = steps.map((_, index) => steps.length - index);
  const sets = stepSets(steps).map(
    ({ marks, size, first, last }) => `(${marks}, ${size}, ${first}, ${last})`,
  );
  const moments = `
    SELECT ${kept} arraySplit((x, gap) -> gap != 0, entries, arrayDifference(${times("entries")})) AS moments
    FROM (${subjects})`;
  // A single event needs no theorem: it serves one of its steps.
  const lacking = `
    SELECT ${kept} moments, arrayMap(moment -> if(length(moment) = 1, [], arrayFilter(
      set -> arrayCount(x -> bitAnd(x, set.1) != 0, moment) < set.2, [${sets.join(", ")}])), moments) AS lacking
    FROM (${moments})`;
  const single = `arrayFilter(mark -> bitAnd(moment[1], mark) != 0, [${backwards.map(markOf).join(", ")}])`;
  const end = `arrayMin(arrayPushBack(arrayMap(set -> set.4, arrayFilter(set -> set.3 >= step, lack)), ${steps.length + 1}))`;
  const runs = `arrayFlatten(arrayMap(step -> arrayMap(s -> bitShiftLeft(toUInt64(1), s - 1), range(step, ${end})), [${backwards.join(", ")}]))`;
  const line = `
    SELECT ${kept} arrayFlatten(arrayMap((moment, lack, number) -> arrayMap(
      mark -> (${timeOf("moment[1]")}, toUInt64(mark), number), if(length(moment) = 1, ${single}, ${runs})),
      moments, lacking, arrayEnumerate(moments))) AS line
    FROM (${lacking})`;
  return `SELECT ${kept} line.1 AS times, line.2 AS marks, line.3 AS numbers FROM (${line})`;
};

/** The same where an event fits one step at most: in the order of their marks the events of a millisecond are a line. */
export const plainLines = (subjects: string, kept: string): string => `
  SELECT ${kept} ${times("entries")} AS times, arrayMap(x -> ${marksOf("x")}, entries) AS marks,
    arrayCumSum(arrayMap(gap -> gap != 0, arrayDifference(times))) AS numbers
  FROM (${subjects})`;
