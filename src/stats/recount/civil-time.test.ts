import { expect, test } from "bun:test";
import {
  type AskedRange,
  bucketLabels,
  type Comparison,
  comparedInstants,
  hourOfDay,
  type Instants,
  instantsOf,
  weekday,
} from "./civil-time.ts";

const written = (range: Instants | undefined) =>
  range && [range.startMs, range.endMs].map((ms) => new Date(ms).toISOString().replace(/(:00)?\.000Z$/, "Z"));

const ranges: ReadonlyArray<readonly [from: string, to: string, zone: string, start: string, end: string]> = [
  ["2024-01-31", "2024-01-31", "UTC", "2024-01-31T00:00Z", "2024-02-01T00:00Z"],
  ["2024-03-31", "2024-03-31", "Europe/Berlin", "2024-03-30T23:00Z", "2024-03-31T22:00Z"],
  ["2024-01-01", "2024-01-01", "Asia/Kathmandu", "2023-12-31T18:15Z", "2024-01-01T18:15Z"],
  // Its clock went from midnight to one o'clock.
  ["2024-03-10", "2024-03-10", "America/Havana", "2024-03-10T05:00Z", "2024-03-11T04:00Z"],
  // It skipped a whole day.
  ["2011-12-30", "2011-12-30", "Pacific/Apia", "2011-12-30T10:00Z", "2011-12-30T10:00Z"],
  ["2024-01-31T01:00:00+05:45", "2024-01-31", "UTC", "2024-01-30T19:15Z", "2024-02-01T00:00Z"],
];

test.each(ranges)("%s to %s in %s is from %s to %s", (from, to, zone, start, end) => {
  expect(written(instantsOf({ from, to, zone }))).toEqual([start, end]);
});

const compared: ReadonlyArray<readonly [Comparison, AskedRange, ReadonlyArray<string>]> = [
  // Two days before two days, the second of which has 23 hours.
  [
    "previous",
    { from: "2024-03-30", to: "2024-03-31", zone: "Europe/Berlin" },
    ["2024-03-27T23:00Z", "2024-03-29T23:00Z"],
  ],
  [
    "previous",
    { from: "2024-04-01", to: "2024-04-01", zone: "Europe/Berlin" },
    ["2024-03-30T23:00Z", "2024-03-31T22:00Z"],
  ],
  [
    "previous",
    { from: "2024-04-01T00:00:00+02:00", to: "2024-04-02T00:00:00+02:00", zone: "Europe/Berlin" },
    ["2024-03-30T22:00Z", "2024-03-31T22:00Z"],
  ],
  [
    "previous",
    { from: "2024-04-01", to: "2024-04-01T10:00:00Z", zone: "UTC" },
    ["2024-03-31T14:00Z", "2024-04-01T00:00Z"],
  ],
  ["year", { from: "2024-02-29", to: "2024-02-29", zone: "UTC" }, ["2023-02-28T00:00Z", "2023-03-01T00:00Z"]],
  // The leap day is not among the same dates of the year before.
  ["year", { from: "2025-02-01", to: "2025-02-28", zone: "UTC" }, ["2024-02-01T00:00Z", "2024-02-29T00:00Z"]],
  // 12:00 in summer, and a year earlier 12:00 in winter.
  [
    "year",
    { from: "2025-03-30T10:00:00Z", to: "2025-03-30T11:00:00Z", zone: "Europe/Paris" },
    ["2024-03-30T11:00Z", "2024-03-30T12:00Z"],
  ],
  // 02:30 was skipped a year before: as long after the gap.
  [
    "year",
    { from: "2025-03-31T00:30:00Z", to: "2025-03-31T02:00:00Z", zone: "Europe/Paris" },
    ["2024-03-31T01:30Z", "2024-03-31T02:00Z"],
  ],
  // 02:30 was shown twice a year before: the first.
  [
    "year",
    { from: "2025-10-27T01:30:00Z", to: "2025-10-27T02:00:00Z", zone: "Europe/Paris" },
    ["2024-10-27T00:30Z", "2024-10-27T02:00Z"],
  ],
];

test.each(compared)("%s of %p is %p", (comparison, range, expected) => {
  expect(written(comparedInstants(range, comparison))).toEqual([...expected]);
});

test("nothing is compared with nothing", () => {
  expect(comparedInstants({ from: "2024-01-01", to: "2024-01-01", zone: "UTC" }, "none")).toBeUndefined();
});

test("buckets are named as the time series names them, and a range without extent has none", () => {
  const range = instantsOf({ from: "2024-04-06T14:30:00Z", to: "2024-04-06T16:00:00Z", zone: "UTC" });
  expect(bucketLabels(range, "Australia/Lord_Howe", "hour")).toEqual([
    "2024-04-07T01:00:00+11:00",
    "2024-04-07T01:30:00+10:30",
    "2024-04-07T02:00:00+10:30",
  ]);
  expect(bucketLabels(range, "UTC", "month")).toEqual(["2024-04-01"]);
  expect(bucketLabels({ startMs: 5, endMs: 5 }, "UTC", "day")).toEqual([]);
});

test("hours and weekdays are of the zone", () => {
  const ms = Date.parse("2024-12-31T18:14:59.999Z");
  expect([hourOfDay(ms, "UTC"), weekday(ms, "UTC")]).toEqual([18, 2]);
  expect([hourOfDay(ms, "Asia/Kathmandu"), weekday(ms, "Asia/Kathmandu")]).toEqual([23, 2]);
  expect([hourOfDay(ms + 1, "Asia/Kathmandu"), weekday(ms + 1, "Asia/Kathmandu")]).toEqual([0, 3]);
  expect(weekday(Date.parse("2024-12-29T12:00:00Z"), "UTC")).toBe(7);
});
