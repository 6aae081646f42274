/**
 * Whole milliseconds of a clock that never goes back. Where the given one is set back, time goes on from where it was:
 * nobody waits for it to catch up.
 */
export const steadyClock = (clock: () => number): (() => number) => {
  let last = Number.NEGATIVE_INFINITY;
  let ahead = 0;
  return () => {
    const time = Math.floor(clock());
    if (time + ahead < last) ahead = last - time;
    last = time + ahead;
    return last;
  };
};
