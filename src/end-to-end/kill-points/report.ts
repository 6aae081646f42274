import type { Call } from "./call-watch.ts";
import type { Stage } from "./stages.ts";
import type { CallKind } from "./system-calls.ts";
import type { Trial } from "./trial.ts";

type Cell = string | number;

const table = (rows: ReadonlyArray<ReadonlyArray<Cell>>): string => {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => String(row[column] ?? "").length)),
  );
  const line = (row: ReadonlyArray<Cell>) =>
    `| ${row.map((cell, column) => (column === 0 ? String(cell).padEnd(widths[column] ?? 0) : String(cell).padStart(widths[column] ?? 0))).join(" | ")} |`;
  const [head = [], ...body] = rows;
  return [line(head), `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`, ...body.map(line)].join(
    "\n",
  );
};

const kinds: ReadonlyArray<CallKind> = [
  "create",
  "write",
  "sync",
  "rename",
  "link",
  "remove",
  "truncate",
  "directory",
];

/** How many calls of each kind concern what. */
export const callsTable = (calls: ReadonlyArray<Call>, concern: (call: Call) => string): string => {
  const files = [...new Set(calls.map(concern))].sort();
  const count = (kind: CallKind | undefined, file: string | undefined) =>
    calls.filter((call) => (kind ?? call.kind) === call.kind && (file ?? concern(call)) === concern(call))
      .length;
  return table([
    ["calls that concern", ...kinds, "all"],
    ...files.map((file) => [file, ...kinds.map((kind) => count(kind, file)), count(undefined, file)]),
    ["all", ...kinds.map((kind) => count(kind, undefined)), calls.length],
  ]);
};

const stageNames: Readonly<Record<Stage, string>> = {
  first: "in the first batch",
  later: "in a later batch",
  recovery: "in the recovery",
};

/** What became of the trials of each stage. */
export const trialsTable = (trials: ReadonlyArray<Trial>): string => {
  const stages = [...new Set(trials.map(({ stage }) => stage))];
  const row = (name: string, matches: (trial: Trial) => boolean) => [
    name,
    ...stages.map((stage) => trials.filter((trial) => trial.stage === stage && matches(trial)).length),
  ];
  const reached = (trial: Trial) => trial.call !== undefined;
  return table([
    ["", ...stages.map((stage) => stageNames[stage])],
    row("kill points tried", () => true),
    row("  reached", reached),
    row("  not reached: fewer calls that time", (trial) => !reached(trial)),
    row("request answered before", ({ answered }) => answered),
    row("  not answered, stored", ({ answered, storedUnanswered }) => !answered && storedUnanswered),
    row("  not answered, not stored", ({ answered, storedUnanswered }) => !answered && !storedUnanswered),
    row("start found no batch under way", ({ finding }) => finding === "no open batch"),
    row("  nothing of it, all sent again", ({ finding }) => finding === "sent_again"),
    row("  part of it, completed", ({ finding }) => finding === "completed"),
    row("  all of it", ({ finding }) => finding === "arrived"),
    row("with differences", ({ differences }) => differences.length > 0),
  ]);
};
