import { runChild } from "../child.ts";
import type { Outcome } from "../outcome.ts";
import { median, type Row, thousands } from "../table.ts";
import { BATCH_ROWS } from "./batches.ts";
import { releasedTargets, type TargetName, targetNames } from "./targets.ts";

/** What inserting one round of batches into a target took. */
export interface InsertTurn {
  readonly name: TargetName;
  readonly rowsPerSecond: number;
  /** Processor time of a row in microseconds, with the merges that follow. */
  readonly cpuMicros: number;
}

export interface InsertOptions {
  /** Of each round and target. */
  readonly events: number;
  readonly rounds: number;
  /** Views that this release does without are measured too. */
  readonly candidates: boolean;
}

const titles: Readonly<Record<TargetName, string>> = {
  events: "insert, events alone",
  rollups: "insert, with every rollup",
  "session-halves": "candidate: and a view of sessions by half hour",
  "field-rows": "candidate: and a view of a row per field",
};

/**
 * Rows per second that the engine takes with all rollups, against as many into the events alone. The targets take turns;
 * ratios are medians of the turns'.
 */
export const insert = async ({ events, rounds, candidates }: InsertOptions): Promise<Outcome> => {
  const names = candidates ? targetNames : releasedTargets;
  const batches = Math.max(1, Math.round(events / BATCH_ROWS));
  const args = [rounds, batches, ...names].map(String);
  const output = await runChild("scripts/bench/insert/run.ts", args, { env: {}, output: "result" });
  const turns = JSON.parse(output) as ReadonlyArray<InsertTurn>;
  const of = (name: TargetName) => turns.filter((turn) => turn.name === name);
  const alone = of("events");
  const ratio = (name: TargetName, measure: "rowsPerSecond" | "cpuMicros"): number =>
    median(of(name).map((turn, round) => turn[measure] / (alone[round]?.[measure] ?? Number.NaN)));
  const cost = (name: TargetName) =>
    `${thousands(median(of(name).map(({ rowsPerSecond }) => rowsPerSecond)))}, ${median(of(name).map(({ cpuMicros }) => cpuMicros)).toFixed(1)} µs of CPU a row with its merges`;
  const rows = names
    .filter((name) => name !== "events")
    .map(
      (name): Row => ({
        name: titles[name],
        measured: cost(name),
        against: `${cost("events")}, events alone`,
        ratio: `${ratio(name, "rowsPerSecond").toFixed(2)}; CPU ${ratio(name, "cpuMicros").toFixed(2)}`,
      }),
    );
  return { tables: [{ rows }], lines: [], details: turns };
};
