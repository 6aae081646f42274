import { Effect } from "effect";
import { sealDay } from "../../sealing/seal-day.ts";
import { DAY_MS, type SealedDay, SealedDays } from "../../sealing/sealed-days.ts";
import { ClickHouse, type QueryBudget } from "../../store/clickhouse.ts";
import { latestBatch } from "../../writer/batch-number.ts";
import type { Settled } from "../comparison.ts";
import type { News } from "../verify.ts";
import { compareSealed, type SealedSlice } from "./compare-sealed.ts";

export interface SealedVerification {
  /** Days of sites that were compared. */
  readonly days: number;
  /** Stored rows of them. */
  readonly rows: number;
  /** Days of sites that differed. */
  readonly differing: number;
  /** Those that still do at the end: all of them, unless they were sealed anew. */
  readonly left: number;
  /** Those of which it could not be said, because events of theirs were on their way all the time. */
  readonly unsettled: number;
}

export interface SealedVerifyOptions {
  readonly isAsked: (day: SealedDay) => boolean;
  readonly settled: Settled;
  /** Seals anew what differs. Nobody may write until the end. */
  readonly repair: boolean;
  readonly tell: (news: News) => void;
  readonly budget: QueryBudget;
}

/** Events that one statement counts again, about; a day of a site is never divided. */
const SLICE_EVENTS = 1_000_000;

/** Sites that one statement names, at most. */
const SLICE_SITES = 500;

/** Sealed days of one date, in slices. */
export const sealedSlicesOf = (day: number, days: ReadonlyArray<SealedDay>) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const rows = yield* clickhouse.query<{ project: string; site: string; events: number }>(
      `SELECT project_id AS project, site_id AS site, sum(events) AS events FROM hourly_event_stats
       WHERE hour >= toDateTime({from:UInt32}, 'UTC') AND hour < toDateTime({to:UInt32}, 'UTC') GROUP BY project, site`,
      { from: (day * DAY_MS) / 1000, to: ((day + 1) * DAY_MS) / 1000 },
    );
    const counted = new Map(rows.map(({ project, site, events }) => [`${project}\0${site}`, events]));
    const slices: Array<{ day: number; days: Array<SealedDay> }> = [];
    let room = 0;
    for (const sealed of days) {
      const events = counted.get(`${sealed.project}\0${sealed.siteId}`) ?? 0;
      let slice = slices.at(-1);
      if (slice === undefined || events > room || slice.days.length === SLICE_SITES) {
        slice = { day, days: [] };
        slices.push(slice);
        room = SLICE_EVENTS;
      }
      slice.days.push(sealed);
      room -= events;
    }
    return slices as ReadonlyArray<SealedSlice>;
  });

/** Sealed days by their date, the first date first. */
export const byDate = (days: ReadonlyArray<SealedDay>): ReadonlyMap<number, ReadonlyArray<SealedDay>> => {
  const dates = new Map<number, Array<SealedDay>>();
  for (const sealed of [...days].sort((a, b) => a.day - b.day)) {
    const known = dates.get(sealed.day);
    if (known === undefined) dates.set(sealed.day, [sealed]);
    else known.push(sealed);
  }
  return dates;
};

/** Compares every sealed day whose seal holds with its events, tells what differs and, with `repair`, seals it anew. */
export const verifySealed = ({ isAsked, settled, repair, tell, budget }: SealedVerifyOptions) =>
  Effect.gen(function* () {
    const sealed = yield* SealedDays;
    const all = sealed.sealed(0, 65_536).filter(isAsked);
    const differing: Array<SealedDay> = [];
    let [done, rows, unsettled] = [0, 0, 0];
    for (const [day, days] of byDate(all)) {
      for (const slice of yield* sealedSlicesOf(day, days)) {
        tell({ kind: "sealed", dayMs: day * DAY_MS, done, days: all.length });
        const comparison = yield* compareSealed(slice, settled, budget);
        done += slice.days.length;
        rows += comparison.rows;
        unsettled += comparison.unsettled.length;
        differing.push(...comparison.differing);
        if (comparison.differing.length > 0) tell({ kind: "sealed different", comparison });
      }
    }
    let left = differing.length;
    if (repair && differing.length > 0) {
      left = 0;
      tell({ kind: "seal", days: differing.length });
      const completedBatch = yield* latestBatch;
      for (const day of differing) {
        const seal = yield* sealDay(day, completedBatch);
        if (typeof seal === "string") {
          left += 1;
          continue;
        }
        const again = { day: day.day, days: [{ ...day, seal }] };
        left += (yield* compareSealed(again, settled, budget)).differing.length;
      }
    }
    return {
      days: all.length,
      rows,
      differing: differing.length,
      left,
      unsettled,
    } satisfies SealedVerification;
  });
