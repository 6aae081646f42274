import { expect, test } from "bun:test";
import { instanceRetention } from "../projects/retention.ts";
import { expiredDays } from "./expired-days.ts";

const instance = { rawRetentionDays: 90, rollupRetentionYears: 2 };
const day = (text: string): number => Date.parse(`${text}T00:00:00Z`) / 86_400_000;
const projects = (rawDays: number | undefined, rollupYears?: number, changedAtMs = 0) => [
  { id: "own", retention: { ...instanceRetention, rawDays, rollupYears, changedAtMs } },
];

test("a day goes when all of it has been too old for an hour", () => {
  const rawBefore = (now: string) => expiredDays(projects(30), instance, Date.parse(now))[0]?.rawBefore;
  expect(rawBefore("2026-11-30T00:59:59Z")).toBe(day("2026-10-30"));
  expect(rawBefore("2026-11-30T01:00:00Z")).toBe(day("2026-10-31"));
});

test("rollups go by the calendar", () => {
  expect(expiredDays(projects(undefined, 1), instance, Date.parse("2026-11-30T01:00:00Z"))).toEqual([
    { project: "own", rawBefore: undefined, rollupsBefore: day("2025-11-30") },
  ]);
});

test("nothing goes within an hour of a change", () => {
  const changedAt = Date.parse("2026-11-30T12:00:00Z");
  expect(expiredDays(projects(1, 1, changedAt), instance, changedAt + 3_599_999)).toEqual([]);
  expect(expiredDays(projects(1, 1, changedAt), instance, changedAt + 3_600_000)).toHaveLength(1);
});

test("what the tables' TTL deletes is left to it", () => {
  const now = Date.parse("2026-11-30T12:00:00Z");
  expect(expiredDays(projects(undefined), instance, now)).toEqual([]);
  expect(expiredDays(projects(90, 2), instance, now)).toEqual([]);
});
