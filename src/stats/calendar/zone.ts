/** A stretch of time in which a zone's clock has one offset from UTC. */
export interface OffsetPeriod {
  /** Milliseconds since 1970; the instant at which the clock was set, or -Infinity. */
  readonly startMs: number;
  /** Exclusive; Infinity when no further change is known. */
  readonly endMs: number;
  readonly offsetMs: number;
}

/** Whether `name` is a zone of the IANA database, in any of its spellings (`Europe/Berlin`, `UTC`, `US/Eastern`). */
export const isTimeZone = (name: string): boolean => {
  // Temporal also takes bare offsets such as +02:00; they have no calendar of daylight saving and read badly in a URL.
  if (!/^[A-Za-z][A-Za-z0-9_+/-]*$/.test(name)) return false;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

/** The first instant of a calendar day in a zone, in milliseconds since 1970. Not midnight where midnight is skipped. */
export const startOfDayMs = (date: Temporal.PlainDate, zone: string): number =>
  date.toZonedDateTime(zone).epochMilliseconds;

/** The calendar day that a zone's clock shows at an instant. */
export const dateAt = (ms: number, zone: string): Temporal.PlainDate =>
  Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).toPlainDate();

/** The periods that cover `fromMs` up to `toMs` (exclusive), in order. */
export const offsetPeriods = (fromMs: number, toMs: number, zone: string): ReadonlyArray<OffsetPeriod> => {
  const at = (ms: number) => Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone);
  const periods: Array<OffsetPeriod> = [];
  // "previous" means strictly before, so a change at `fromMs` itself is found from just after it.
  let startMs = at(fromMs + 1).getTimeZoneTransition("previous")?.epochMilliseconds ?? -Infinity;
  let inside = fromMs;
  while (inside < toMs) {
    const here = at(inside);
    const endMs = here.getTimeZoneTransition("next")?.epochMilliseconds ?? Infinity;
    periods.push({ startMs, endMs, offsetMs: here.offsetNanoseconds / 1e6 });
    startMs = endMs;
    inside = endMs;
  }
  return periods;
};

/** An instant on a clock with this offset, to the second: `2024-10-27T02:00:00+01:00`. */
export const localTimeText = (ms: number, offsetMs: number): string => {
  const clock = new Date(ms + offsetMs).toISOString().slice(0, 19);
  const offset = new Date(Math.abs(offsetMs)).toISOString().slice(11, offsetMs % 60_000 === 0 ? 16 : 19);
  return `${clock}${offsetMs < 0 ? "-" : "+"}${offset}`;
};
