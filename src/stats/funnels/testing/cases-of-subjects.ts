import { type Case, onPage } from "./funnel-case.ts";

/** What ends a session. */
const GAP_MS = 1_800_000;
const strict = { order: "strict" } as const;
const session = { by: "session" } as const;

/** Whose events belong together: bots, visitors and sessions. */
export const casesOfSubjects: ReadonlyArray<Case> = [
  {
    name: "bots do nothing",
    happened: [
      ["a", 0],
      ["b", 1, { is_bot: true }],
    ],
    counts: [1, 0, 0],
  },
  {
    name: "bots only",
    happened: [
      ["a", 0],
      ["a", 1, { is_bot: true }],
      ["b", 2, { is_bot: true }],
    ],
    asked: { bots: "only" },
    counts: [1, 1, 0],
  },
  {
    name: "a visitor goes from site to site",
    happened: [
      ["a", 0],
      ["b", 1, { site_id: "other" }],
    ],
    counts: [1, 1, 0],
  },
  {
    name: "a session does not",
    happened: [
      ["a", 0],
      ["b", 1, { site_id: "other" }],
    ],
    asked: session,
    counts: [1, 0, 0],
  },
  {
    name: "nor to another client session",
    happened: [
      ["a", 0],
      ["b", 1, { session_id: 7 }],
    ],
    asked: session,
    counts: [1, 0, 0],
  },
  {
    name: "a session ends after 30 minutes",
    happened: [
      ["a", 0],
      ["b", GAP_MS],
      ["a", GAP_MS + 1],
    ],
    asked: { ...session, windowSeconds: 86_400 },
    counts: [2, 0, 0],
  },
  {
    name: "and not a millisecond before",
    happened: [
      ["a", 0],
      ["b", GAP_MS - 1],
    ],
    asked: { ...session, windowSeconds: 86_400 },
    counts: [1, 1, 0],
  },
  {
    name: "strict, in a session: something else in between",
    happened: [
      ["a", 0],
      ["x", 1],
      ["b", 2],
    ],
    asked: { ...strict, ...session },
    counts: [1, 0, 0],
  },
  {
    name: "strict, in a session: something else that the filter leaves out",
    happened: [
      ["a", 0],
      ["x", 1, { page_path: "/x" }],
      ["b", 2],
    ],
    asked: { ...strict, ...session, filter: onPage("") },
    counts: [1, 1, 0],
  },
  {
    name: "what the filter leaves out holds a session together",
    happened: [
      ["a", 0],
      ["x", GAP_MS - 1, { page_path: "/x" }],
      ["b", GAP_MS],
    ],
    asked: { ...session, filter: onPage(""), windowSeconds: 86_400 },
    counts: [1, 1, 0],
  },
];
