import { expect, test } from "bun:test";
import { comparedTimes, type Window } from "./windows.ts";

const text = (window: Window | undefined) =>
  window === undefined
    ? undefined
    : [window.startMs, window.endMs].map((ms) => new Date(ms).toISOString().slice(0, 16)).join(" ");

const at = (now: string, zone: string) => comparedTimes(Date.parse(now), zone);

test("the last whole hour and the day up to it, against the same weekday", () => {
  const { hour, today } = at("2024-05-15T10:59:59.999Z", "UTC");
  expect(text(hour.window)).toBe("2024-05-15T09:00 2024-05-15T10:00");
  expect(hour.own.map(text).slice(0, 2)).toEqual([
    "2024-05-08T09:00 2024-05-08T10:00",
    "2024-05-01T09:00 2024-05-01T10:00",
  ]);
  expect(hour.own.length).toBe(8);
  expect(hour.neighbours.map(([last]) => text(last)?.slice(11, 13))).toEqual([
    "06",
    "07",
    "08",
    "10",
    "11",
    "12",
  ]);
  expect(text(today?.window)).toBe("2024-05-15T00:00 2024-05-15T10:00");
  expect(text(today?.own[0])).toBe("2024-05-08T00:00 2024-05-08T10:00");
});

test("an hour that ends this very moment is over", () => {
  expect(text(at("2024-05-15T10:00Z", "UTC").hour.window)).toBe("2024-05-15T09:00 2024-05-15T10:00");
});

test("before the day's first hour is over there is no day so far", () => {
  const { hour, today } = at("2024-05-15T00:30Z", "UTC");
  expect(text(hour.window)).toBe("2024-05-14T23:00 2024-05-15T00:00");
  expect(today).toBeUndefined();
  expect(at("2024-05-15T01:00Z", "UTC").today?.window).toBeDefined();
});

test("across a change to winter time nine o'clock is compared with nine o'clock", () => {
  const { hour, today } = at("2024-10-30T09:10Z", "Europe/Berlin");
  expect(text(hour.window)).toBe("2024-10-30T08:00 2024-10-30T09:00");
  expect(text(hour.own[0])).toBe("2024-10-23T07:00 2024-10-23T08:00");
  expect(text(today?.window)).toBe("2024-10-29T23:00 2024-10-30T09:00");
  expect(text(today?.own[0])).toBe("2024-10-22T22:00 2024-10-23T08:00");
});

test("the hour that was shown twice is compared with the one of each week, and a day of 25 hours is whole", () => {
  const second = at("2024-10-27T02:05Z", "Europe/Berlin");
  expect(text(second.hour.window)).toBe("2024-10-27T01:00 2024-10-27T02:00");
  expect(text(second.hour.own[0])).toBe("2024-10-20T00:00 2024-10-20T01:00");
  const late = at("2024-10-27T22:30Z", "Europe/Berlin");
  expect(text(late.today?.window)).toBe("2024-10-26T22:00 2024-10-27T22:00");
  expect(text(at("2024-10-28T22:30Z", "Europe/Berlin").levelDays[0]?.[0])).toBe(
    "2024-10-26T22:00 2024-10-27T23:00",
  );
});

test("a week whose clock skipped the hour is left out, and a part of a day that ends in it ends where it was skipped", () => {
  const { hour, today } = at("2024-04-07T01:10Z", "Europe/Berlin");
  // Two o'clock: there was none a week ago.
  expect(hour.own[0]).toBeUndefined();
  expect(text(hour.own[1])).toBe("2024-03-24T01:00 2024-03-24T02:00");
  expect(text(hour.neighbours[3]?.[0])).toBe("2024-03-31T01:00 2024-03-31T02:00");
  expect(text(today?.own[0])).toBe("2024-03-30T23:00 2024-03-31T01:00");
});

test("hours of a zone that is half an hour off are its own", () => {
  const { hour, today } = at("2024-05-15T10:10Z", "Asia/Kolkata");
  expect(text(hour.window)).toBe("2024-05-15T08:30 2024-05-15T09:30");
  expect(text(today?.window)).toBe("2024-05-14T18:30 2024-05-15T09:30");
});

test("the levels are nine weeks of days without a gap", () => {
  const days = at("2024-05-15T10:10Z", "Europe/Berlin").levelDays.flat();
  expect(days.length).toBe(63);
  days.slice(1).forEach((day, index) => {
    expect(day.endMs).toBe(days[index]?.startMs ?? 0);
  });
});

test("every zone has an hour that is over, and windows of one kind never overlap", () => {
  for (const zone of Intl.supportedValuesOf("timeZone")) {
    for (const now of ["2024-03-31T01:15Z", "2024-11-03T08:40Z", "2024-04-06T15:20Z"]) {
      const { hour, today, levelDays } = at(now, zone);
      expect(hour.window.endMs).toBeLessThanOrEqual(Date.parse(now));
      expect(hour.window.endMs).toBeGreaterThan(Date.parse(now) - 3_600_000);
      const lists = [hour, ...(today === undefined ? [] : [today])].map(({ window, own, neighbours }) => [
        window,
        ...own,
        ...neighbours.flat(),
      ]);
      for (const list of [...lists, levelDays.flat()]) {
        const windows = list.filter((each) => each !== undefined).sort((a, b) => a.startMs - b.startMs);
        windows.forEach(({ startMs, endMs }, index) => {
          expect(endMs).toBeGreaterThan(startMs);
          expect(windows[index + 1]?.startMs ?? Number.POSITIVE_INFINITY).toBeGreaterThanOrEqual(endMs);
        });
      }
    }
  }
});
