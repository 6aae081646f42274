import { expect, test } from "bun:test";
import { steadyClock } from "./steady-clock.ts";

test("time never goes back, and goes on at once where the clock is set back", () => {
  let clock = 5000.9;
  const now = steadyClock(() => clock);
  const at = (time: number) => {
    clock = time;
    return now();
  };
  expect([5000.9, 5001.2, 6000].map(at)).toEqual([5000, 5001, 6000]);
  // An hour back: the moment of the jump is lost, none after it.
  expect([-3_594_000, -3_593_999, -3_590_000].map(at)).toEqual([6000, 6001, 10_000]);
  expect([-3_591_000, -3_590_500].map(at)).toEqual([10_000, 10_500]);
});
