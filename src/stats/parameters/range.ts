import { Either } from "effect";
import type { TimeRange } from "../calendar/buckets.ts";
import { isTimeZone, startOfDayMs } from "../calendar/zone.ts";
import { type Decoded, invalid, scalar } from "./reader.ts";

const MAXIMUM_YEARS = 20;
const DAY_MS = 86_400_000;
const [FIRST_YEAR, LAST_YEAR] = [1971, 2099];

const takesTime = "a date such as 2024-01-31 or a time with its offset such as 2024-01-31T08:00:00Z";

const calendarDate = /^\d{4}-\d{2}-\d{2}$/;
// An offset's plus sign that was not percent-encoded arrives as a space.
const instant = /^(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?)(?:Z|([+ -])(\d{2}:\d{2}))$/i;

/** Milliseconds since 1970; a date is taken as its first instant plus `addDays` days. Undefined when it is neither. */
const parseTime = (text: string, zone: string, addDays: number): number | undefined => {
  try {
    if (calendarDate.test(text)) {
      return startOfDayMs(Temporal.PlainDate.from(text).add({ days: addDays }), zone);
    }
    const match = instant.exec(text);
    if (match === null) return undefined;
    const [, clock, sign, offset] = match;
    const exact = Temporal.Instant.from(
      offset === undefined ? `${clock}Z` : `${clock}${sign === " " ? "+" : sign}${offset}`,
    );
    // Events are kept to the millisecond: the first one at or after the instant.
    return Number((exact.epochNanoseconds + 999_999n) / 1_000_000n);
  } catch {
    return undefined;
  }
};

/**
 * `from`, `to` and `timezone`. Dates are days of the zone, both inclusive; times are instants, `to` exclusive. The range
 * is empty only for a day that the zone skipped.
 */
export const decodeRange = (params: URLSearchParams): Decoded<TimeRange> =>
  Either.gen(function* () {
    const takesZone = "a time zone of the IANA database such as Europe/Berlin";
    const zone = (yield* scalar(params, "timezone", takesZone)) ?? "UTC";
    if (!isTimeZone(zone)) return yield* invalid("timezone", `takes ${takesZone}.`);

    const time = (name: "from" | "to", addDays: number) =>
      Either.flatMap(scalar(params, name, takesTime), (text) => {
        if (text === undefined) return invalid(name, `is required: ${takesTime}.`);
        const ms = parseTime(text, zone, addDays);
        if (ms === undefined) return invalid(name, `takes ${takesTime}.`);
        const year = Number(text.slice(0, 4));
        return year < FIRST_YEAR || year > LAST_YEAR
          ? invalid(name, `takes a year from ${FIRST_YEAR} to ${LAST_YEAR}.`)
          : Either.right({ text, ms });
      });
    const from = yield* time("from", 0);
    const to = yield* time("to", 1);

    const bothDates = calendarDate.test(from.text) && calendarDate.test(to.text);
    if (bothDates ? from.text > to.text : from.ms >= to.ms) {
      return yield* invalid("to", bothDates ? "must not be before from." : "must be after from.");
    }
    if (to.ms - from.ms > MAXIMUM_YEARS * 366 * DAY_MS) {
      return yield* invalid("from", `may be at most ${MAXIMUM_YEARS} years before to.`);
    }
    return { fromMs: from.ms, toMs: to.ms, zone };
  });

export const comparisons = ["none", "previous", "year"] as const;
export type Comparison = (typeof comparisons)[number];

const yearBefore = (text: string, zone: string, addDays: number): number => {
  if (calendarDate.test(text)) {
    const date = Temporal.PlainDate.from(text).subtract({ years: 1 }).add({ days: addDays });
    return startOfDayMs(date, zone);
  }
  const ms = parseTime(text, zone, addDays) ?? Number.NaN;
  return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).subtract({ years: 1 })
    .epochMilliseconds;
};

/**
 * The range that a decoded one is compared with; undefined for `none`. `previous`: as many days just before (as many
 * milliseconds where `from` or `to` is a time). `year`: the same dates, or times of the zone's clock, one year before.
 */
export const comparedRange = (
  params: URLSearchParams,
  range: TimeRange,
  comparison: Comparison,
): TimeRange | undefined => {
  const { fromMs, toMs, zone } = range;
  const [from, to] = [params.get("from") ?? "", params.get("to") ?? ""];
  if (comparison === "none") return undefined;
  if (comparison === "year") {
    return { fromMs: yearBefore(from, zone, 0), toMs: yearBefore(to, zone, 1), zone };
  }
  if (calendarDate.test(from) && calendarDate.test(to)) {
    const first = Temporal.PlainDate.from(from);
    const days = first.until(Temporal.PlainDate.from(to)).days + 1;
    return { fromMs: startOfDayMs(first.subtract({ days }), zone), toMs: fromMs, zone };
  }
  return { fromMs: fromMs - (toMs - fromMs), toMs: fromMs, zone };
};
