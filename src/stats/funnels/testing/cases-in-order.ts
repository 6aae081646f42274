import { a, b, type Case, c, HOUR_MS, onPage, step, WINDOW_MS } from "./funnel-case.ts";

/** Steps one after the other, with anything in between. */
export const casesInOrder: ReadonlyArray<Case> = [
  {
    name: "steps in order, with others in between",
    happened: [
      ["a", 0],
      ["x", 1],
      ["b", 2],
      ["a", 3],
      ["c", 4500],
    ],
    counts: [1, 1, 1],
    medians: [null, 0.002, 4.498],
  },
  {
    name: "steps in the wrong order",
    happened: [
      ["c", 0],
      ["b", 1],
      ["a", 2],
    ],
    counts: [1, 0, 0],
  },
  // They are stored in the order of their types.
  {
    name: "two steps in the same millisecond",
    happened: [
      ["a", 5],
      ["b", 5],
      ["c", 6],
    ],
    counts: [1, 1, 1],
    medians: [null, 0, 0.001],
  },
  {
    name: "two steps in the same millisecond, stored the other way round",
    happened: [
      ["c", 5],
      ["b", 5],
      ["a", 6],
    ],
    asked: { steps: [c, b, a] },
    counts: [1, 1, 1],
  },
  { name: "one event for two equal steps", happened: [["a", 0]], asked: { steps: [a, a] }, counts: [1, 0] },
  {
    name: "two events for two equal steps",
    happened: [
      ["a", 0],
      ["a", 0],
    ],
    asked: { steps: [a, a, a] },
    counts: [1, 1, 0],
  },
  {
    name: "two events of which one fits both steps, whichever comes first in the store",
    happened: [
      ["a", 0, { page_path: "/x" }],
      ["a", 0, { page_path: "/" }],
    ],
    asked: { steps: [a, step("a", onPage("/x"))] },
    counts: [1, 1],
  },
  {
    name: "the last step at the end of the window",
    happened: [
      ["a", 0],
      ["b", 1],
      ["c", WINDOW_MS],
    ],
    counts: [1, 1, 1],
  },
  {
    name: "the last step a millisecond after the window",
    happened: [
      ["a", 0],
      ["b", 1],
      ["c", WINDOW_MS + 1],
    ],
    counts: [1, 1, 0],
  },
  {
    name: "a second attempt that gets further than the first",
    happened: [
      ["a", 0],
      ["b", 1],
      ["a", WINDOW_MS],
      ["b", WINDOW_MS + 70],
      ["c", WINDOW_MS + 99],
    ],
    counts: [1, 1, 1],
    medians: [null, 0.07, 0.029],
  },
  {
    name: "the first of two attempts that get equally far",
    happened: [
      ["a", 0],
      ["b", 7],
      ["a", WINDOW_MS],
      ["b", WINDOW_MS + 70],
    ],
    counts: [1, 1, 0],
    medians: [null, 0.007, null],
  },
  {
    name: "steps beyond the range",
    happened: [
      ["a", -1],
      ["a", 0],
      ["b", 6 * HOUR_MS],
    ],
    asked: { windowSeconds: 86_400 },
    counts: [1, 0, 0],
  },
];
