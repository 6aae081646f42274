import type { Random } from "../../src/testing/traffic/random.ts";
import { weighted } from "../../src/testing/traffic/random.ts";
import { drawView, type FailingView } from "./faults/failing-view.ts";
import { type NetworkFault, networkFaults } from "./faults/network.ts";
import { drawPartMoment, type PartMoment } from "./faults/part-watch.ts";

export type EngineKind = "embedded" | "http";

/** Something that goes wrong while the service lives. Times in milliseconds. */
export type Fault =
  | { readonly kind: "freeze"; readonly forMs: number }
  | { readonly kind: "disk_full"; readonly forMs: number; readonly bytesLeft: number }
  | { readonly kind: "failing_view"; readonly forMs: number; readonly view: FailingView }
  | { readonly kind: "engine_crash"; readonly forMs: number; readonly moment: PartMoment | undefined }
  | { readonly kind: "engine_freeze"; readonly forMs: number }
  | {
      readonly kind: NetworkFault;
      readonly times: number;
      readonly insertsOnly: boolean;
      readonly delayMs: number;
    };

export interface PlannedFault {
  readonly fault: Fault;
  /** Counted from the start of the process, so that recovery is met as well, or from when it is ready. */
  readonly from: "start" | "ready";
  readonly afterMs: number;
}

/** How a cycle ends. All but `stop` end in a SIGKILL. */
export type End =
  | { readonly kind: "kill" }
  | { readonly kind: "kill_on_answer" }
  | { readonly kind: "kill_on_commit"; readonly skip: number }
  | { readonly kind: "kill_on_write"; readonly moment: PartMoment; readonly skip: number }
  | { readonly kind: "kill_on_insert"; readonly moment: "sent" | "done"; readonly delayMs: number }
  | { readonly kind: "kill_both" }
  | { readonly kind: "stop" }
  | { readonly kind: "stop_and_kill"; readonly afterMs: number };

/** One life of the service and what happens in it. */
export interface Cycle {
  readonly settings: Readonly<Record<string, string>>;
  /** Lives before it that are ended during their start, each after so many milliseconds. */
  readonly startKills: ReadonlyArray<number>;
  /** Made before the start, where the service itself will hold the tables (embedded). */
  readonly view: { readonly view: FailingView; readonly forMs: number } | undefined;
  readonly faults: ReadonlyArray<PlannedFault>;
  readonly loadMs: number;
  readonly end: End;
}

const LONGEST_START_MS = 1500;

type Weights<Kind> = ReadonlyArray<readonly [kind: Kind, weight: number]>;

const endWeights: Readonly<Record<EngineKind, Weights<End["kind"]>>> = {
  embedded: [
    ["kill", 20],
    ["kill_on_answer", 10],
    ["kill_on_commit", 15],
    ["kill_on_write", 25],
    ["stop", 15],
    ["stop_and_kill", 15],
  ],
  http: [
    ["kill", 15],
    ["kill_on_answer", 10],
    ["kill_on_commit", 15],
    ["kill_on_insert", 20],
    ["kill_both", 10],
    ["stop", 15],
    ["stop_and_kill", 15],
  ],
};

const faultWeights = (engine: EngineKind, canFill: boolean): Weights<Fault["kind"] | "network"> => [
  ["freeze", 1],
  ...(canFill ? ([["disk_full", 2]] as const) : []),
  ...(engine === "http"
    ? ([
        ["failing_view", 3],
        ["engine_crash", 5],
        ["engine_freeze", 2],
        ["network", 12],
      ] as const)
    : []),
];

const pick = <Kind>(weights: Weights<Kind>, random: Random): Kind =>
  weighted(weights, ([, weight]) => weight).pick(random)[0];

/** Every kind of injury that a run may draw. */
export const kindsOf = (engine: EngineKind, canFill: boolean): ReadonlyArray<string> => {
  const drawn = [...endWeights[engine], ...faultWeights(engine, canFill)].map(([kind]): string => kind);
  return [
    ...new Set(["kill_at_start", "failing_view", ...drawn]),
    ...(drawn.includes("network") ? networkFaults : []),
  ].filter((kind) => kind !== "network");
};

const drawEnd = (engine: EngineKind, random: Random): End => {
  const kind = pick(endWeights[engine], random);
  switch (kind) {
    case "kill_on_write":
      return { kind, moment: drawPartMoment(random), skip: random.below(8) };
    case "kill_on_commit":
      return { kind, skip: random.below(30) };
    case "kill_on_insert":
      return {
        kind,
        moment: random.chance(0.5) ? "sent" : "done",
        delayMs: random.chance(0.5) ? 0 : random.below(15),
      };
    case "stop_and_kill":
      return { kind, afterMs: random.below(700) };
    default:
      return { kind };
  }
};

const drawFault = (kind: Fault["kind"] | "network", random: Random): Fault => {
  switch (kind) {
    case "disk_full":
      return {
        kind,
        forMs: random.between(200, 1800),
        bytesLeft: random.chance(0.4) ? 0 : random.below(600_000),
      };
    case "failing_view":
      return { kind, forMs: random.between(500, 2500), view: drawView(random) };
    case "engine_crash":
      return {
        kind,
        forMs: random.chance(0.8) ? random.between(0, 1000) : random.between(1500, 3000),
        moment: random.chance(0.5) ? drawPartMoment(random) : undefined,
      };
    case "freeze":
    case "engine_freeze":
      return { kind, forMs: random.between(100, 1000) };
    default:
      return {
        kind: networkFaults[random.below(networkFaults.length)] as NetworkFault,
        times: random.chance(0.6) ? 1 : 1 + random.below(4),
        insertsOnly: random.chance(0.7),
        delayMs: random.chance(0.5) ? random.between(0, 150) : random.between(150, 2500),
      };
  }
};

/** Draws a cycle: always an end, and before it nothing, one thing, or several that may overlap. */
export const drawCycle = (engine: EngineKind, canFill: boolean, random: Random): Cycle => {
  const loadMs = random.between(400, 1600);
  const kinds = faultWeights(engine, canFill);
  const count = [0, 1, 1, 2, 2, 3][random.below(6)] as number;
  return {
    settings: {
      BATCH_SIZE: String([50, 200, 1000, 5000][random.below(4)]),
      FLUSH_INTERVAL_MS: String([20, 100, 300][random.below(3)]),
      MAX_QUEUE_SIZE: String([500, 2000, 200_000][random.below(3)]),
      DURABILITY: random.chance(0.7) ? "fsync" : "process",
      ...(random.chance(0.2) ? { SPOOL_MAX_BYTES: "1048576" } : {}),
    },
    startKills: random.chance(0.2)
      ? Array.from({ length: 1 + random.below(2) }, () => random.between(100, LONGEST_START_MS))
      : [],
    view:
      engine === "embedded" && random.chance(0.15)
        ? { view: drawView(random), forMs: random.between(3000, 9000) }
        : undefined,
    faults: Array.from({ length: count }, () => ({
      fault: drawFault(pick(kinds, random), random),
      ...(random.chance(0.25)
        ? { from: "start" as const, afterMs: random.between(0, LONGEST_START_MS) }
        : { from: "ready" as const, afterMs: random.between(0, loadMs) }),
    })),
    loadMs,
    end: drawEnd(engine, random),
  };
};
