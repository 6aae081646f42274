import { describe, expect, test } from "bun:test";
import { Either } from "effect";
import {
  changeRetention,
  decodeRetentionChange,
  instanceRetention,
  keptOf,
  rawFromMs,
  rollupsFromMs,
} from "./retention.ts";

const instance = { rawRetentionDays: 90, rollupRetentionYears: 2 };
const DAY_MS = 86_400_000;
const nowMs = Date.parse("2028-02-29T12:00:00Z");
const ago = (days: number) => nowMs - days * DAY_MS;
const wishing = (rawDays: number | undefined, rollupYears?: number, changedAtMs = ago(10)) => ({
  ...instanceRetention,
  rawDays,
  rollupYears,
  changedAtMs,
});

const message = (value: unknown): string =>
  Either.match(decodeRetentionChange(value, instance), {
    onLeft: (error) => `${error.parameter} ${error.message}`,
    onRight: (wish) => JSON.stringify(wish),
  });

test("a retention is read as it is sent; null stands for that of the instance", () => {
  expect(message({ raw_days: 30 })).toBe('{"rawDays":30}');
  expect(message({ raw_days: 90, rollup_years: 2 })).toBe('{"rawDays":90,"rollupYears":2}');
  expect(Either.getOrThrow(decodeRetentionChange({ raw_days: null }, instance))).toEqual({
    rawDays: undefined,
  });
  expect(message({})).toBe("{}");
});

test("nothing is kept longer than the instance keeps it", () => {
  const takesDays =
    "retention.raw_days takes a whole number of days from 1 to 90, for which this instance keeps them (RAW_RETENTION_DAYS), or null for just that.";
  for (const raw_days of [91, 0, -1, 1.5, "30", Number.NaN, [30], true]) {
    expect(message({ raw_days })).toBe(takesDays);
  }
  expect(message({ rollup_years: 3 })).toStartWith(
    "retention.rollup_years takes a whole number of years from 1 to 2,",
  );
  expect(message({ days: 3 })).toStartWith("retention.days is not known here");
  for (const value of [null, 30, [], "30"]) expect(message(value)).toStartWith("retention takes an object");
});

test("a setting of the instance that became shorter since is in force for every project", () => {
  expect(keptOf(wishing(60), instance)).toEqual({ rawDays: 60, rollupYears: 2 });
  expect(keptOf(wishing(60, 2), { rawRetentionDays: 30, rollupRetentionYears: 1 })).toEqual({
    rawDays: 30,
    rollupYears: 1,
  });
});

test("years are those of the calendar", () => {
  expect(new Date(rollupsFromMs(wishing(undefined, 1), instance, nowMs)).toISOString()).toBe(
    "2027-03-01T12:00:00.000Z",
  );
  expect(new Date(rollupsFromMs(instanceRetention, instance, nowMs)).toISOString()).toBe(
    "2026-03-01T12:00:00.000Z",
  );
});

describe("a retention that is lengthened", () => {
  const lengthened = (rawDays: number | undefined, before = wishing(30)) =>
    changeRetention(before, { rawDays }, instance, nowMs);

  test("gives nothing back that may have been deleted", () => {
    const after = lengthened(undefined);
    expect(rawFromMs(after, instance, nowMs)).toBe(ago(30));
    // It grows with the days that pass.
    expect(rawFromMs(after, instance, nowMs + 20 * DAY_MS)).toBe(ago(30));
    expect(rawFromMs(after, instance, nowMs + 70 * DAY_MS)).toBe(ago(20));
    expect(rollupsFromMs(after, instance, nowMs)).toBe(rollupsFromMs(instanceRetention, instance, nowMs));
  });

  test("gives everything back within the first hour, in which nothing is deleted", () => {
    const slip = changeRetention(instanceRetention, { rawDays: 1 }, instance, nowMs - 58 * 60_000);
    expect(rawFromMs(slip, instance, nowMs)).toBe(ago(1));
    expect(rawFromMs(lengthened(undefined, slip), instance, nowMs)).toBe(ago(90));
  });

  test("remembers what an earlier one had deleted before a slip was undone", () => {
    const slip = changeRetention(wishing(30), { rawDays: 1 }, instance, nowMs);
    const undone = changeRetention(slip, { rawDays: undefined }, instance, nowMs + 1000);
    expect(rawFromMs(undone, instance, nowMs + 1000)).toBe(ago(30));
  });

  test("is the same when nothing changes, so that deletions are not put off by it", () => {
    expect(lengthened(30)).toEqual(wishing(30));
    expect(changeRetention(wishing(30), {}, instance, nowMs)).toEqual(wishing(30));
  });
});
