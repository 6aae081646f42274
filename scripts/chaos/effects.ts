import { type NetworkFault, networkFaults } from "./faults/network.ts";
import { type EngineKind, kindsOf } from "./plan.ts";
import type { Counters } from "./processes/counters.ts";

/** What the injuries did to the service, as far as it could be seen: at least so often. */
export interface Effects {
  /** Batches of which a start or a retry did not know what had arrived, by what was done. */
  readonly recovered: Readonly<Record<"arrived" | "completed" | "sent_again", number>>;
  /** Statements that a fault of the network met. */
  readonly met: Readonly<Record<NetworkFault, number>>;
  /** Inserts that failed in the failing view. */
  readonly failedInView: number;
  /** Commits, and inserts or entries of the ledger, that failed for want of space. */
  readonly commitsWithoutSpace: number;
  readonly insertsWithoutSpace: number;
  /** Inserts that failed for any cause, by the kind of failure. */
  readonly failedInserts: Readonly<Record<string, number>>;
}

const failureKinds = ["unavailable", "overloaded", "over_budget", "bad_row", "bad_statement", "other"];

const countOf = (log: string, pattern: RegExp): number => log.match(pattern)?.length ?? 0;

const record = <K extends string>(keys: ReadonlyArray<K>, value: (key: K) => number) =>
  Object.fromEntries(keys.map((key) => [key, value(key)])) as Record<K, number>;

/** `log` is all that the service has written. */
export const readEffects = (
  counters: Counters,
  log: string,
  met: ReadonlyMap<NetworkFault, number>,
): Effects => ({
  recovered: record(["arrived", "completed", "sent_again"], (action) =>
    counters.total("recovery_actions_total", action),
  ),
  met: record(networkFaults, (fault) => met.get(fault) ?? 0),
  failedInView: countOf(log, /not stored yet.*chaos_sink/g),
  commitsWithoutSpace: countOf(log, /cannot be made durable.*ENOSPC/g),
  insertsWithoutSpace: countOf(
    log,
    /(not stored yet|ledger cannot be written).*(no space|not enough space|is full)/gi,
  ),
  failedInserts: record(failureKinds, (kind) => counters.total("insert_retries_total", kind)),
});

/** A run of fewer cycles may miss a kind of injury by chance. */
const LONG_RUN_CYCLES = 60;

/** What a long run should have met and did not: a check that checks nothing must not pass. */
export const missingFrom = (
  engine: EngineKind,
  canFill: boolean,
  cycles: number,
  injected: ReadonlySet<string>,
  effects: Effects,
): ReadonlyArray<string> => {
  if (cycles < LONG_RUN_CYCLES) return [];
  const { recovered, met, failedInView, commitsWithoutSpace } = effects;
  const onServer = engine === "http";
  return [
    ...kindsOf(engine, canFill).filter((kind) => !injected.has(kind)),
    ...(onServer
      ? networkFaults.filter((fault) => met[fault] === 0).map((fault) => `${fault} met nothing`)
      : []),
    ...(failedInView === 0 ? ["no insert failed in a view"] : []),
    ...(canFill && commitsWithoutSpace === 0 ? ["no commit failed for want of space"] : []),
    ...Object.entries(recovered).flatMap(([action, count]) =>
      count === 0 ? [`no batch was found to be ${action}`] : [],
    ),
  ];
};
