import { a, b, type Case, c, onPage, step, WINDOW_MS } from "./funnel-case.ts";

const strict = { order: "strict" } as const;
const any = { order: "any" } as const;

/** Steps with nothing in between, and steps in any order. */
export const casesInOtherOrders: ReadonlyArray<Case> = [
  {
    name: "two steps in the same millisecond, in strict order",
    happened: [
      ["c", 5],
      ["b", 5],
      ["a", 5],
    ],
    asked: { ...strict, steps: [c, b, a] },
    counts: [1, 1, 1],
  },
  {
    name: "one event for two equal steps, in any order",
    happened: [["a", 0]],
    asked: { ...any, steps: [a, a] },
    counts: [1, 0],
  },
  {
    name: "the one that fits both steps comes first, in any order",
    happened: [
      ["a", 0, { page_path: "/x" }],
      ["a", 9, { page_path: "/" }],
    ],
    asked: { ...any, steps: [a, step("a", onPage("/x"))] },
    counts: [1, 1],
  },
  {
    name: "strict: something else in between",
    happened: [
      ["a", 0],
      ["x", 1],
      ["b", 2],
    ],
    asked: strict,
    counts: [1, 0, 0],
  },
  {
    name: "strict: a step again in between",
    happened: [
      ["a", 0],
      ["b", 1],
      ["b", 2],
      ["c", 3],
    ],
    asked: strict,
    counts: [1, 1, 0],
  },
  {
    name: "strict: something else in the same millisecond",
    happened: [
      ["a", 0],
      ["x", 0],
      ["b", 2],
      ["x", 2],
    ],
    asked: strict,
    counts: [1, 1, 0],
  },
  {
    name: "strict: something else that the filter leaves out",
    happened: [
      ["a", 0],
      ["x", 1, { page_path: "/x" }],
      ["b", 2],
    ],
    asked: { ...strict, filter: onPage("") },
    counts: [1, 1, 0],
  },
  {
    name: "any order",
    happened: [
      ["c", 0],
      ["a", 5],
      ["b", 9],
    ],
    asked: any,
    counts: [1, 1, 1],
    medians: [null, 0.004, 0],
  },
  {
    name: "any order: all within the window",
    happened: [
      ["c", 0],
      ["a", 5],
      ["b", WINDOW_MS + 1],
    ],
    asked: any,
    counts: [1, 1, 0],
  },
  {
    name: "any order: step 3 counts only with step 2",
    happened: [
      ["c", 0],
      ["a", 5],
    ],
    asked: any,
    counts: [1, 0, 0],
  },
];
