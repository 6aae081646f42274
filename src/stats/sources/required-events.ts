import { Clock, Effect } from "effect";
import { InvalidParameter } from "../../domain/errors.ts";
import { Retention } from "../../retention/retention.ts";
import { DAY_MS } from "../../sealing/sealed-days.ts";
import { dateAt, startOfDayMs } from "../calendar/zone.ts";
import { isOfSession } from "../catalogue/dimensions.ts";
import { sessionMeasures } from "../catalogue/metrics.ts";
import type { CountedQuestion } from "../counted-question.ts";
import { fieldsOf } from "../filters/filter.ts";
import type { Coverage } from "./coverage.ts";
import { eventGroups, firstEventAsked } from "./event-counts.ts";

/** Whether nothing before `cutoffMs` is asked of single events, neither for events nor for sessions. */
const isSealedEnough = (question: CountedQuestion, coverage: Coverage, cutoffMs: number): boolean => {
  const { filter, dimension, measures } = question;
  const fields = [...fieldsOf(filter), ...(dimension === undefined ? [] : [dimension])];
  const groups = question.wholeSessions ? [] : eventGroups(question, coverage);
  const asksSessions = groups.length === 0 || sessionMeasures.some((name) => measures.includes(name));
  return (
    coverage.days.every(({ day, build }) => day * DAY_MS >= cutoffMs || build !== undefined) &&
    groups.every(
      (group) => firstEventAsked({ ...question, measures: group.measures }, group.coverage) >= cutoffMs,
    ) &&
    (!asksSessions || fields.every(isOfSession))
  );
};

/**
 * Fails when events that are gone would be needed: a number would be too small without saying so. Sealed days stay for
 * as long as rollups do, single events for the raw retention.
 */
export const requireEventsOf = (
  question: CountedQuestion,
  coverage: Coverage,
): Effect.Effect<void, InvalidParameter, Retention> =>
  Effect.gen(function* () {
    const { project, range } = question;
    const nowMs = yield* Clock.currentTimeMillis;
    const { rawDays, rawFromMs: cutoffMs } = (yield* Retention).of(project, nowMs);
    const old = coverage.days.filter(({ day }) => day * DAY_MS < cutoffMs);
    if (old.length === 0 || range.fromMs >= cutoffMs || isSealedEnough(question, coverage, cutoffMs)) return;
    const asVisitors: CountedQuestion = { ...question, people: "visitors" };
    const isForPeople = question.people === "linked" && isSealedEnough(asVisitors, coverage, cutoffMs);
    const first = dateAt(cutoffMs, range.zone).add({ days: 1 });
    const isLater = startOfDayMs(first, range.zone) < range.toMs;
    const advice = isForPeople
      ? "for visitors instead of people"
      : "for whole days in UTC with at most one dimension besides the site";
    return yield* new InvalidParameter({
      parameter: isForPeople ? "people" : "from",
      message: `needs single events for this question, which are kept for ${rawDays} days${isLater ? `: ask from ${first} on, or` : ": ask"} ${advice}.`,
    });
  });
