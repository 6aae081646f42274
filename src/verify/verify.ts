import { Clock, Effect } from "effect";
import { ClickHouse, type QueryBudget } from "../store/clickhouse.ts";
import {
  type ComparedDays,
  type Comparison,
  compareSettled,
  emptyComparison,
  requireGrain,
} from "./comparison.ts";
import { dayOf, type Slice } from "./comparison-statement.ts";
import { keptDays } from "./kept-days.ts";
import { repairBuckets } from "./repair.ts";
import { type Rollup, readRollups } from "./rollup.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** Later than any time that a rollup can hold. */
const END_OF_TIME_MS = Date.UTC(2106, 0, 1);

const OFFLINE_BUDGET: QueryBudget = { maxSeconds: 120, maxMemoryBytes: 1_500_000_000 };

/** A batch is in all tables within milliseconds of each other, unless one of them fails and it is sent again. */
export const settlingPauses = ["2 seconds", "5 seconds"] as const;

/** What happens on the way, in the order in which it happens. */
export type News =
  | {
      /** Before the first day. */
      readonly kind: "start";
      readonly rollups: ReadonlyArray<Rollup>;
      /** First complete day of the raw events, epoch ms. */
      readonly keptFromMs: number;
      readonly days: number;
    }
  /** The next days are being compared: the first of them, and its place among all. */
  | { readonly kind: "slice"; readonly dayMs: number; readonly index: number }
  | { readonly kind: "different"; readonly table: string; readonly comparison: Comparison }
  /** The raw events of a day are gone: it is not compared. */
  | { readonly kind: "gone"; readonly dayMs: number }
  /** Most buckets of a day have no raw events, and those of earlier days have: not repaired. */
  | { readonly kind: "kept"; readonly dayMs: number }
  | { readonly kind: "repaired"; readonly table: string; readonly dayMs: number; readonly left: Comparison };

export interface VerifyOptions {
  /** First UTC day, epoch ms of its start. */
  readonly fromMs?: number | undefined;
  /** End of the last UTC day. */
  readonly toMs?: number | undefined;
  readonly repair: boolean;
  /** Others may be writing: only buckets whose time is over are compared, and a difference has to last. */
  readonly live: boolean;
  readonly tell: (news: News) => void;
  readonly budget?: QueryBudget;
}

export interface Verification {
  readonly rollups: number;
  /** First and last day that were compared, epoch ms of their starts; undefined where none was. */
  readonly firstDayMs: number | undefined;
  readonly lastDayMs: number | undefined;
  readonly buckets: number;
  readonly differing: number;
  /** Of these, those that differ no more. */
  readonly repaired: number;
  /** Days whose raw events are gone although the retention would have kept them. */
  readonly goneDays: number;
  /** What was compared agrees, perhaps because it was repaired, and something was compared unless there is nothing. */
  readonly agrees: boolean;
}

/** Rows that are compared by one statement, about; a day is not divided unless it exceeds the budget. */
const SLICE_ROWS = 1_000_000;

/** UTC days (epoch ms of their starts) on which there is anything to compare, gathered into slices of few rows. */
const slicesOf = (rollups: ReadonlyArray<Rollup>, { fromMs, toMs }: Slice, budget: QueryBudget) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const tables = [{ name: "events", time: { name: "occurred_at", type: "DateTime64" } }, ...rollups];
    const counts = yield* Effect.forEach(tables, ({ name, time }) =>
      clickhouse.query<{ day: number; rows: number }>(
        `SELECT ${dayOf(time)} AS day, count() AS rows FROM ${name} GROUP BY day`,
        {},
        budget,
      ),
    );
    const rowsByDay = new Map<number, number>();
    for (const { day, rows } of counts.flat()) {
      const dayMs = day * DAY_MS;
      if (dayMs >= fromMs && dayMs < toMs) rowsByDay.set(dayMs, (rowsByDay.get(dayMs) ?? 0) + rows);
    }
    const slices: Array<Array<number>> = [];
    let room = 0;
    for (const [dayMs, rows] of [...rowsByDay].sort(([a], [b]) => a - b)) {
      if (rows > room) {
        slices.push([]);
        room = SLICE_ROWS;
      }
      slices.at(-1)?.push(dayMs);
      room -= rows;
    }
    return slices;
  });

interface DayOfRollup {
  readonly rollup: Rollup;
  readonly comparison: Comparison;
}

const sum = <A>(list: ReadonlyArray<A>, value: (one: A) => number): number =>
  list.reduce((total, one) => total + value(one), 0);

/** More than half of a day's buckets count events that are not there. */
const isGone = (day: ReadonlyArray<DayOfRollup>): boolean =>
  sum(day, ({ comparison }) => comparison.unfounded) * 2 > sum(day, ({ comparison }) => comparison.held);

/**
 * Recounts every rollup from the raw events, day by day, and tells what differs; with `repair` it makes the rollups what
 * the events say and compares again.
 *
 * Raw events expire long before rollups do, and then the rollup is what is left: only days that the retention in force
 * keeps completely are compared. That retention may have been shorter once, so the oldest days are passed over as long
 * as most of their buckets have no events, and one more day, on which the end may lie. Where such a day comes later, it
 * is told and never repaired: it is the events that are missing.
 */
export const verify = ({ fromMs = 0, toMs, repair, live, tell, budget = OFFLINE_BUDGET }: VerifyOptions) =>
  Effect.gen(function* () {
    const rollups = yield* readRollups;
    yield* Effect.forEach(rollups, (rollup) => requireGrain(rollup, budget));
    const kept = yield* keptDays(rollups);
    const keptFromMs = kept("events");
    const closedMs = live ? yield* Clock.currentTimeMillis : END_OF_TIME_MS;
    const pauses = live ? settlingPauses : [];
    const range = { fromMs: Math.max(fromMs, keptFromMs), toMs: Math.min(toMs ?? END_OF_TIME_MS, closedMs) };
    const slices = yield* slicesOf(rollups, range, budget);
    tell({ kind: "start", rollups, keptFromMs, days: slices.flat().length });

    const compareDays = (rollup: Rollup, days: ReadonlyArray<number>) => {
      const slice = {
        fromMs: Math.max(days[0] ?? 0, kept(rollup.name)),
        toMs: Math.min((days.at(-1) ?? 0) + DAY_MS, Math.floor(closedMs / rollup.grainMs) * rollup.grainMs),
      };
      return slice.fromMs < slice.toMs
        ? compareSettled(rollup, slice, budget, pauses)
        : Effect.succeed<ComparedDays>(new Map());
    };

    const repairDay = (dayMs: number, { rollup, comparison }: DayOfRollup) =>
      Effect.gen(function* () {
        yield* repairBuckets(rollup, { fromMs: dayMs, toMs: dayMs + DAY_MS }, comparison.times);
        const left = (yield* compareDays(rollup, [dayMs])).get(dayMs) ?? emptyComparison;
        tell({ kind: "repaired", table: rollup.name, dayMs, left });
        return Math.max(0, comparison.differing - left.differing);
      });

    const compared: Array<number> = [];
    let [index, buckets, differing, repaired, goneDays] = [0, 0, 0, 0, 0];
    let beginning: "open" | "gone" | "passed" = "open";
    for (const days of slices) {
      tell({ kind: "slice", dayMs: days[0] ?? 0, index });
      index += days.length;
      const found = yield* Effect.forEach(rollups, (rollup) =>
        Effect.map(compareDays(rollup, days), (byDay) => ({ rollup, byDay })),
      );
      for (const dayMs of days) {
        const day: ReadonlyArray<DayOfRollup> = found.map(({ rollup, byDay }) => ({
          rollup,
          comparison: byDay.get(dayMs) ?? emptyComparison,
        }));
        const different = day.filter(({ comparison }) => comparison.differing > 0);
        const gone = isGone(day);
        if (beginning !== "passed" && (gone || (beginning === "gone" && different.length > 0))) {
          beginning = gone ? "gone" : "passed";
          goneDays++;
          tell({ kind: "gone", dayMs });
          continue;
        }
        if (day.some(({ comparison }) => comparison.buckets > 0)) beginning = "passed";
        compared.push(dayMs);
        buckets += sum(day, ({ comparison }) => comparison.buckets);
        differing += sum(day, ({ comparison }) => comparison.differing);
        for (const { rollup, comparison } of different) {
          tell({ kind: "different", table: rollup.name, comparison });
        }
        if (gone) tell({ kind: "kept", dayMs });
        else if (repair) {
          for (const one of different) repaired += yield* repairDay(dayMs, one);
        }
      }
    }
    return {
      rollups: rollups.length,
      firstDayMs: compared[0],
      lastDayMs: compared.at(-1),
      buckets,
      differing,
      repaired,
      goneDays,
      agrees: differing === repaired && (compared.length > 0 || goneDays === 0),
    } satisfies Verification as Verification;
  });
