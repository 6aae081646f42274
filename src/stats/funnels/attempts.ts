import type { Statement } from "../statement.ts";
import { FAR, markOf, marksOf, mayOverlap, subjectEntries, timeOf } from "./entries.ts";
import type { FunnelQuery } from "./funnel.ts";
import { matchedLines, plainLines, stepSets } from "./same-time.ts";

const listed = (length: number, each: (number: number) => string, separator = ", "): string =>
  Array.from({ length }, (_, index) => each(index + 1)).join(separator);

/**
 * From columns `times` and `done_1` … `done_n` (arrays: what begins at a place of a line, and when steps 1 to k are done
 * then), `done_1` FAR or a later one FAR where they never are, to `reached`: when the steps were done of the attempt
 * that gets furthest, the earliest of several. Empty where there is none.
 */
const bestAttempt = (attempts: string, kept: string, steps: number): string => {
  const parameters = listed(steps, (k) => `t${k}`);
  const depths = `
    SELECT *, arrayMap((begin, ${parameters}) -> ${listed(steps, (k) => `(t${k} <= begin + {window:UInt64})`, " + ")},
      times, ${listed(steps, (k) => `done_${k}`)}) AS depths, arrayMax(depths) AS depth, indexOf(depths, depth) AS place
    FROM (${attempts})`;
  return `
    SELECT ${kept} arraySlice([${listed(steps, (k) => `done_${k}[place]`)}], 1, depth) AS reached
    FROM (${depths})`;
};

/**
 * Steps in the order of time. From the last step to the first, every place of the line learns when the rest is done if
 * this step comes next: at places of step k that is the next place of step k+1, and so on, and all other places learn it
 * from the next place of step k behind them.
 */
const inOrder = (query: FunnelQuery, subjects: string, kept: string): string => {
  const count = query.steps.length;
  const isStrict = query.order === "strict";
  const lines = mayOverlap(query) ? matchedLines(subjects, kept, query.steps) : plainLines(subjects, kept);
  // Events that fit no step were only there to be counted; a last place that everything ends at.
  const fitting = (column: string) =>
    isStrict && !mayOverlap(query) ? `arrayFilter((x, mark) -> mark != 0, ${column}, l.marks)` : column;
  let sql = `
    SELECT ${kept} arrayPushBack(${fitting("l.times")}, ${FAR}) AS times, arrayPushBack(${fitting("l.marks")}, 0) AS marks
      ${isStrict ? `, arrayPushBack(${fitting("l.numbers")}, 0) AS numbers` : ""}
    FROM (${lines}) AS l`;
  const own = `times, marks${isStrict ? ", numbers" : ""}`;
  for (let step = count; step >= 1; step--) {
    const next = (column: string) =>
      `arrayReverseFill((x, mark) -> mark = ${markOf(step)}, ${column}, marks)`;
    const after = Array.from({ length: count - step }, (_, index) => `next_${step + 1 + index}`);
    // In strict order the next step is in this or the next millisecond that has events.
    const near = (column: string) =>
      isStrict
        ? `arrayMap((x, theirs, own) -> if(theirs <= own + 1, x, ${FAR}), ${column}, b.next_number, b.numbers)`
        : column;
    const columns = [
      `${next("b.times")} AS next_${step}`,
      ...after.map((column) => `${next(near(`b.${column}`))} AS ${column}`),
      ...(isStrict ? [`${next("b.numbers")} AS next_number`] : []),
    ];
    sql = `SELECT ${kept} ${own}, ${columns.join(", ")} FROM (${sql}) AS b`;
  }
  const begins = (column: string) => `arrayFilter((x, mark) -> mark = ${markOf(1)}, ${column}, marks)`;
  return `SELECT ${kept} ${begins("b.times")} AS times, ${listed(count, (k) => `${begins(`next_${k}`)} AS done_${k}`)} FROM (${sql}) AS b`;
};

/**
 * Steps in any order. Steps 1 to k are done when for every set of them as many events that fit one of the set have
 * happened as it has steps (Hall's theorem); sets that reach over several event types follow from the others.
 * `nth_<marks>` is the time of the n-th event from a place on that fits one of the steps in `marks`.
 */
const inAnyOrder = ({ steps }: FunnelQuery, subjects: string, kept: string): string => {
  const sets = stepSets(steps);
  const largest = Math.max(...sets.map(({ size }) => size));
  let sql = `
    SELECT ${kept} arrayPushBack(arrayMap(x -> ${timeOf("x")}, entries), ${FAR}) AS times,
      arrayPushBack(arrayMap(x -> ${marksOf("x")}, entries), 0) AS marks, ${sets.map(({ marks }) => `times AS nth_${marks}`).join(", ")}
    FROM (${subjects})`;
  for (let n = 1; n <= largest; n++) {
    const columns = sets.map(({ marks, size }) => {
      const column = `b.nth_${marks}`;
      if (size < n) return `${column} AS nth_${marks}`;
      const behind = n === 1 ? "b.times" : `arrayPushBack(arraySlice(${column}, 2), ${FAR})`;
      return `arrayReverseFill((x, mark) -> bitAnd(mark, ${marks}) != 0, ${behind}, marks) AS nth_${marks}`;
    });
    sql = `SELECT ${kept} times, marks, ${columns.join(", ")} FROM (${sql}) AS b`;
  }
  // A step's sets are those in which it is the last one: the others were looked at before.
  const greatest = (step: number): string => {
    const own = sets.filter(({ last }) => last === step).map(({ marks }) => `nth_${marks}`);
    const before = step === 1 ? [] : [`done_${step - 1}`];
    return `arrayMap((${[...before, ...own].map((_, index) => `x${index}`).join(", ")}) -> greatest(${[...before, ...own].map((_, index) => `x${index}`).join(", ")}), ${[...before, ...own].join(", ")})`;
  };
  const known = sets.map(({ marks }) => `nth_${marks}`).join(", ");
  for (let step = 1; step <= steps.length; step++) {
    const done = listed(step - 1, (k) => `done_${k},`, " ");
    sql = `SELECT ${kept} times, ${known}, ${done} ${greatest(step)} AS done_${step} FROM (${sql})`;
  }
  // What has no event begins no attempt.
  return `SELECT ${kept} arrayPopBack(b.times) AS times, ${listed(steps.length, (k) => `arrayPopBack(b.done_${k}) AS done_${k}`)} FROM (${sql}) AS b`;
};

/**
 * A row per subject that may have begun. `reached`: when each of the steps that it reached was done, in milliseconds
 * since the start of the range; with a dimension also `value`, that of the event which served step 1.
 */
export const bestAttempts = (query: FunnelQuery): Statement => {
  const { sql, params } = subjectEntries(query);
  const kept = query.dimension === undefined ? "" : "starts,";
  const attempts = query.order === "any" ? inAnyOrder(query, sql, kept) : inOrder(query, sql, kept);
  const best = bestAttempt(attempts, kept, query.steps.length);
  return {
    sql:
      query.dimension === undefined
        ? best
        : `SELECT reached, arrayFirst(start -> start.1 = reached[1], starts).2 AS value FROM (${best})`,
    params: { ...params, window: query.windowSeconds * 1000 },
  };
};
