import { Either } from "effect";
import { type JsonObject, jsonObject, knownKeys } from "../http/json-body.ts";
import { type Decoded, invalid } from "../stats/parameters/reader.ts";
import type { RetentionSettings } from "../store/retention.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/**
 * A changed retention counts at once, but nothing is deleted by it before it has stood for so long: a slip can be undone,
 * and whatever was begun before (a day being sealed, a question, a comparison) has ended by then.
 */
export const DELETION_DELAY_MS = HOUR_MS;

/** Another node may order a deletion so long before its time by our clock. */
const CLOCKS_DIFFER_MS = 60_000;

/** How long a project wants its data to be kept; undefined where that is as long as the instance keeps it. */
export interface RetentionWish {
  readonly rawDays: number | undefined;
  readonly rollupYears: number | undefined;
}

export interface ProjectRetention extends RetentionWish {
  /** When the wish was changed last, ms since 1970. */
  readonly changedAtMs: number;
  /** Single events of before may have been deleted under an earlier wish, ms since 1970. */
  readonly rawGoneMs: number;
  /** The same of rollups. */
  readonly rollupsGoneMs: number;
}

export const instanceRetention: ProjectRetention = {
  rawDays: undefined,
  rollupYears: undefined,
  changedAtMs: 0,
  rawGoneMs: 0,
  rollupsGoneMs: 0,
};

/** What is kept of a project. A setting of the instance that became shorter since is in force for all. */
export interface Kept {
  readonly rawDays: number;
  readonly rollupYears: number;
}

export const keptOf = (wish: RetentionWish, instance: RetentionSettings): Kept => ({
  rawDays: Math.min(wish.rawDays ?? Number.POSITIVE_INFINITY, instance.rawRetentionDays),
  rollupYears: Math.min(wish.rollupYears ?? Number.POSITIVE_INFINITY, instance.rollupRetentionYears),
});

/** The same day of the year so many years ago; where that is no day, the next one. */
const yearsBefore = (ms: number, years: number): number => {
  if (!Number.isFinite(years)) return Number.NEGATIVE_INFINITY;
  const date = new Date(ms);
  date.setUTCFullYear(date.getUTCFullYear() - years);
  return date.getTime();
};

/** What happened before is too old, in ms since 1970. */
export const rawCutoffMs = ({ rawDays }: Kept, nowMs: number): number => nowMs - rawDays * DAY_MS;
export const rollupCutoffMs = ({ rollupYears }: Kept, nowMs: number): number =>
  yearsBefore(nowMs, rollupYears);

/** Single events of before are gone, or may go at any time. */
export const rawFromMs = (retention: ProjectRetention, instance: RetentionSettings, nowMs: number): number =>
  Math.max(rawCutoffMs(keptOf(retention, instance), nowMs), retention.rawGoneMs);

/** The same of rollups. */
export const rollupsFromMs = (
  retention: ProjectRetention,
  instance: RetentionSettings,
  nowMs: number,
): number => Math.max(rollupCutoffMs(keptOf(retention, instance), nowMs), retention.rollupsGoneMs);

/** The retention after a change. What may have been deleted under the one before is remembered: it does not come back. */
export const changeRetention = (
  before: ProjectRetention,
  change: Partial<RetentionWish>,
  instance: RetentionSettings,
  nowMs: number,
): ProjectRetention => {
  const after = { ...before, ...change };
  if (after.rawDays === before.rawDays && after.rollupYears === before.rollupYears) return before;
  const wasInForce = nowMs >= before.changedAtMs + DELETION_DELAY_MS - CLOCKS_DIFFER_MS;
  return {
    ...after,
    changedAtMs: nowMs,
    rawGoneMs:
      wasInForce && before.rawDays !== undefined ? rawFromMs(before, instance, nowMs) : before.rawGoneMs,
    rollupsGoneMs:
      wasInForce && before.rollupYears !== undefined
        ? rollupsFromMs(before, instance, nowMs)
        : before.rollupsGoneMs,
  };
};

/** As it stands in requests and answers. */
export const shownRetention = ({ rawDays, rollupYears }: RetentionWish) => ({
  raw_days: rawDays ?? null,
  rollup_years: rollupYears ?? null,
});

const length = (
  value: unknown,
  name: string,
  unit: string,
  most: number,
  setting: string,
): Decoded<number | undefined> => {
  if (value === null) return Either.right(undefined);
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= most
    ? Either.right(value)
    : invalid(
        `retention.${name}`,
        `takes a whole number of ${unit} from 1 to ${most}, for which this instance keeps them (${setting}), or null for just that.`,
      );
};

/** How long a project wants its data to be kept: never longer than the instance does. */
export const decodeRetentionChange = (
  value: unknown,
  { rawRetentionDays, rollupRetentionYears }: RetentionSettings,
): Decoded<Partial<RetentionWish>> =>
  Either.gen(function* () {
    const wish: JsonObject = yield* jsonObject(value, "retention", "an object of retention settings");
    yield* knownKeys(wish, Object.keys(shownRetention(instanceRetention)), "retention");
    const { raw_days, rollup_years } = wish;
    return {
      ...(raw_days === undefined
        ? {}
        : { rawDays: yield* length(raw_days, "raw_days", "days", rawRetentionDays, "RAW_RETENTION_DAYS") }),
      ...(rollup_years === undefined
        ? {}
        : {
            rollupYears: yield* length(
              rollup_years,
              "rollup_years",
              "years",
              rollupRetentionYears,
              "ROLLUP_RETENTION_YEARS",
            ),
          }),
    };
  });
