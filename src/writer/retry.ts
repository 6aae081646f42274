import { Schedule } from "effect";

/**
 * Waits between attempts of what can heal: 0.1 s doubling to 10 s, each between 80 % and 120 % of it so that several
 * writers do not come back together. It never gives up: what was answered is owed.
 */
export const healing = Schedule.exponential("100 millis", 2).pipe(
  Schedule.either(Schedule.spaced("10 seconds")),
  Schedule.jittered,
);
