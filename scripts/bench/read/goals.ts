import type { QuestionGroup, QuestionResult, SizeResult } from "./result.ts";

const GIB = 1024 ** 3;

const limits: ReadonlyArray<readonly [group: QuestionGroup, text: string, mostMs: number]> = [
  ["rollup", "rollup-served routes p95 ≤ 60 ms", 60],
  ["filtered", "filtered breakdown over 30 days p95 ≤ 400 ms", 400],
  ["funnel", "funnel over 30 days p95 ≤ 1 s", 1000],
  ["retention", "retention over 30 days p95 ≤ 1 s", 1000],
];

const MOST_BYTES = 2 * GIB;
const MOST_GROWTH = 2;

export interface Goal {
  readonly goal: string;
  readonly met: boolean;
  /** What decides. */
  readonly measured: string;
}

/** Questions whose time must not follow the number of events, with how much longer they take. */
export interface Growth {
  readonly name: string;
  readonly smallest: QuestionResult;
  readonly largest: QuestionResult;
  readonly p50: number;
  readonly p95: number;
}

/** From the smallest size to the largest; empty with one size. */
export const growthOf = (sizes: ReadonlyArray<SizeResult>): ReadonlyArray<Growth> => {
  const ordered = [...sizes].sort((a, b) => a.events - b.events);
  const [first, last] = [ordered[0], ordered.at(-1)];
  if (first === undefined || last === undefined || first === last) return [];
  return last.questions.flatMap((largest) => {
    const smallest = first.questions.find(({ name }) => name === largest.name);
    return largest.group !== "rollup" || smallest === undefined
      ? []
      : {
          name: largest.name,
          smallest,
          largest,
          p50: largest.route.p50 / smallest.route.p50,
          p95: largest.route.p95 / smallest.route.p95,
        };
  });
};

const most = <A>(values: ReadonlyArray<A>, of: (value: A) => number): A | undefined =>
  values.reduce<A | undefined>(
    (top, value) => (top === undefined || of(value) > of(top) ? value : top),
    undefined,
  );

/** The goals, judged at the largest size. Those for which nothing was measured are left out. */
export const goalsOf = (sizes: ReadonlyArray<SizeResult>): ReadonlyArray<Goal> => {
  const size = most(sizes, ({ events }) => events);
  if (size === undefined) return [];
  const goals = limits.flatMap(([group, goal, mostMs]): ReadonlyArray<Goal> => {
    const questions = size.questions.filter((question) => question.group === group);
    const slowest = most(questions, ({ route }) => route.p95);
    if (slowest === undefined) return [];
    const over = questions.filter(({ route }) => route.p95 > mostMs).length;
    const share = over === 0 ? "" : `; ${over} of ${questions.length} are over it`;
    return [
      { goal, met: over === 0, measured: `${slowest.route.p95.toFixed(1)} ms for ${slowest.name}${share}` },
    ];
  });
  goals.push({
    goal: "peak memory of the process ≤ 2 GiB",
    met: size.peakBytes <= MOST_BYTES,
    measured: `${(size.peakBytes / GIB).toFixed(2)} GiB`,
  });
  const growth = growthOf(sizes);
  const fastest = most(growth, ({ p95 }) => p95);
  if (fastest !== undefined) {
    const over = growth.filter(({ p95 }) => p95 >= MOST_GROWTH).length;
    goals.push({
      goal: "time of rollup-served routes grows by less than 2×",
      met: over === 0,
      measured: `${fastest.p95.toFixed(2)}× for ${fastest.name}${over === 0 ? "" : `; ${over} of ${growth.length} grow more`}`,
    });
  }
  return goals;
};
