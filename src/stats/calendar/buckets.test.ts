import { expect, test } from "bun:test";
import { bucketsOf, type Interval } from "./buckets.ts";
import { isTimeZone, offsetPeriods } from "./zone.ts";

const labels = (interval: Interval, from: string, to: string, zone: string) =>
  bucketsOf({ fromMs: Date.parse(from), toMs: Date.parse(to), zone }, interval, 1000)?.map(
    ({ label }) => label,
  );

test("the hour that a clock shows twice is two buckets", () => {
  expect(labels("hour", "2024-10-26T23:00Z", "2024-10-27T02:30Z", "Europe/Berlin")).toEqual([
    "2024-10-27T01:00:00+02:00",
    "2024-10-27T02:00:00+02:00",
    "2024-10-27T02:00:00+01:00",
    "2024-10-27T03:00:00+01:00",
  ]);
});

test("the hour that a clock skips is none", () => {
  expect(labels("hour", "2024-03-10T06:00Z", "2024-03-10T08:00Z", "America/New_York")).toEqual([
    "2024-03-10T01:00:00-05:00",
    "2024-03-10T03:00:00-04:00",
  ]);
});

test("a clock set back by half an hour repeats half an hour, however the range starts", () => {
  const whole = ["2024-04-07T01:00:00+11:00", "2024-04-07T01:30:00+10:30", "2024-04-07T02:00:00+10:30"];
  const zone = "Australia/Lord_Howe";
  expect(labels("hour", "2024-04-06T14:00Z", "2024-04-06T16:00Z", zone)).toEqual(whole);
  expect(labels("hour", "2024-04-06T15:00Z", "2024-04-06T16:00Z", zone)).toEqual(whole.slice(1));
  expect(labels("hour", "2024-04-06T15:15Z", "2024-04-06T15:20Z", zone)).toEqual(whole.slice(1, 2));
});

test("hours of a zone that is a quarter off start at its own full hours", () => {
  expect(labels("hour", "2024-01-01T00:00Z", "2024-01-01T01:00Z", "Asia/Kathmandu")).toEqual([
    "2024-01-01T05:00:00+05:45",
    "2024-01-01T06:00:00+05:45",
  ]);
});

test("weeks are named by their Monday and months by their first, also when the range starts later", () => {
  expect(labels("week", "2024-01-03T00:00Z", "2024-01-15T00:00Z", "UTC")).toEqual([
    "2024-01-01",
    "2024-01-08",
  ]);
  expect(labels("week", "2024-01-07T23:00Z", "2024-01-08T01:00Z", "UTC")).toEqual([
    "2024-01-01",
    "2024-01-08",
  ]);
  expect(labels("month", "2024-01-31T00:00Z", "2024-03-01T00:00Z", "UTC")).toEqual([
    "2024-01-01",
    "2024-02-01",
  ]);
});

test("days across the leap day and the end of the year", () => {
  expect(labels("day", "2024-02-28T00:00Z", "2024-03-02T00:00Z", "UTC")).toEqual([
    "2024-02-28",
    "2024-02-29",
    "2024-03-01",
  ]);
  expect(labels("day", "2024-12-31T11:00Z", "2024-12-31T12:00Z", "Pacific/Apia")).toEqual(["2025-01-01"]);
});

test("a day that a zone skipped has no bucket", () => {
  expect(labels("day", "2011-12-30T00:00Z", "2011-12-30T12:00Z", "Pacific/Apia")).toEqual([
    "2011-12-29",
    "2011-12-31",
  ]);
});

test("a minute of yesterday shown again after midnight stays in the day that had begun", () => {
  // St. John's set its clock back at 00:01 until 2011: the day had started, then it was 23:01 of the day before.
  expect(labels("day", "2010-11-07T02:45Z", "2010-11-07T04:00Z", "America/St_Johns")).toEqual(["2010-11-07"]);
});

test("too many buckets are none", () => {
  const year = { fromMs: Date.UTC(2024, 0), toMs: Date.UTC(2025, 0), zone: "UTC" };
  expect(bucketsOf(year, "day", 366)?.length).toBe(366);
  expect(bucketsOf(year, "day", 365)).toBeUndefined();
  expect(bucketsOf({ ...year, toMs: Number.MAX_SAFE_INTEGER }, "hour", 10_000)).toBeUndefined();
});

test("every bucket starts where the one before ends, in every zone", () => {
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    const range = { fromMs: Date.UTC(2023, 11, 30, 10, 20), toMs: Date.UTC(2025, 0, 3), zone };
    for (const interval of ["hour", "day", "week", "month"] as const) {
      const starts = (bucketsOf(range, interval, 10_000) ?? []).map(({ startMs }) => startMs);
      expect(starts[0]).toBeLessThanOrEqual(range.fromMs);
      expect(starts[1]).toBeGreaterThan(range.fromMs);
      expect(starts).toEqual([...new Set(starts)].sort((a, b) => a - b));
      expect(starts.every((ms) => ms % 1000 === 0)).toBe(true);
    }
  }
});

test("a zone without changes is one period", () => {
  const periods = offsetPeriods(0, Date.UTC(2024, 0), "UTC");
  expect(periods).toEqual([{ startMs: -Infinity, endMs: Infinity, offsetMs: 0 }]);
});

test.each([
  ["UTC", true],
  ["Europe/Berlin", true],
  ["america/argentina/buenos_aires", true],
  ["Etc/GMT+5", true],
  ["+05:30", false],
  ["Europe/Atlantis", false],
  ["UTC'; DROP TABLE events", false],
  ["", false],
])("%s is a time zone: %p", (name, expected) => {
  expect(isTimeZone(name)).toBe(expected);
});
