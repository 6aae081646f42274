import type { Field } from "../../catalogue/dimensions.ts";
import type { Filter } from "../../filters/filter.ts";
import type { BotRule } from "../../question.ts";
import { type AskedRange, bucketLabels, contains, instantsOf } from "../../recount/civil-time.ts";
import type { EventRow } from "../../recount/event-row.ts";
import { valueOfEvent } from "../../recount/field-value.ts";
import { matchesFilter } from "../../recount/filtered.ts";
import { labelOf } from "../../recount/recount.ts";
import { compareBytes } from "../../recount/sessions.ts";

export interface RetentionQuestion {
  readonly range: AskedRange;
  readonly bots: BotRule;
  readonly filter: Filter;
  readonly interval: string;
  readonly first: Filter;
  readonly returning: Filter;
  readonly cohortBy: Field | undefined;
  readonly limit: number;
}

interface Visitor {
  readonly value: string;
  readonly bucket: number;
  /** Buckets with a return. */
  readonly returns: ReadonlySet<number>;
}

const percentage = (part: number, whole: number): number =>
  whole === 0 ? 0 : Math.floor((2000 * part + whole) / (2 * whole)) / 10;

/** Every period that one of the visitors has in a range of so many buckets. */
const periodsOf = (visitors: ReadonlyArray<Visitor>, buckets: number) =>
  Array.from({ length: buckets }, (_, period) => {
    const having = visitors.filter(({ bucket }) => bucket + period < buckets);
    const back = having.filter(({ bucket, returns }) => returns.has(bucket + period)).length;
    return { period, visitors: back, size: having.length, percentage: percentage(back, having.length) };
  }).filter(({ size }) => size > 0);

const visitorsOf = (
  events: ReadonlyArray<EventRow>,
  labels: ReadonlyArray<string>,
  { range: { zone }, interval, first, returning, cohortBy }: RetentionQuestion,
): ReadonlyArray<Visitor> => {
  const bucketOf = (event: EventRow) => labels.indexOf(labelOf(event.occurredAtMs, zone, interval));
  return [...Map.groupBy(events, ({ visitor_id }) => visitor_id).values()].flatMap((own) => {
    const beginning = own
      .filter((event) => matchesFilter(first, event, zone))
      .sort((a, b) => a.occurredAtMs - b.occurredAtMs || compareBytes(a.event_id, b.event_id))
      .at(0);
    if (beginning === undefined) return [];
    return {
      value: cohortBy === undefined ? "" : valueOfEvent(cohortBy, beginning, zone),
      bucket: bucketOf(beginning),
      returns: new Set(own.filter((event) => matchesFilter(returning, event, zone)).map(bucketOf)),
    };
  });
};

/** The answer to a question about ranges that are over, counted without SQL. */
export const recountRetention = (stored: ReadonlyArray<EventRow>, question: RetentionQuestion) => {
  const { range, bots, filter, interval, cohortBy, limit } = question;
  const instants = instantsOf(range);
  const events = stored.filter(
    (event) =>
      (bots === "include" || event.is_bot === (bots === "only")) &&
      contains(instants, event.occurredAtMs) &&
      matchesFilter(filter, event, range.zone),
  );
  const labels = bucketLabels(instants, range.zone, interval);
  const visitors = visitorsOf(events, labels, question);
  const answer = {
    timeRange: {
      start: new Date(instants.startMs).toISOString(),
      end: new Date(instants.endMs).toISOString(),
    },
    interval,
    averages: periodsOf(visitors, labels.length),
  };
  if (cohortBy === undefined) {
    const cohorts = labels.map((cohort, bucket) => {
      const own = visitors.filter((visitor) => visitor.bucket === bucket);
      const values = Array.from({ length: labels.length - bucket }, (_, period) => {
        const back = own.filter(({ returns }) => returns.has(bucket + period)).length;
        return { period, visitors: back, percentage: percentage(back, own.length) };
      });
      return { cohort, size: own.length, values };
    });
    return { ...answer, cohorts };
  }
  const cohorts = [...Map.groupBy(visitors, ({ value }) => value)]
    .map(([cohort, own]) => ({ cohort, size: own.length, values: periodsOf(own, labels.length) }))
    .sort((a, b) => b.size - a.size || compareBytes(a.cohort, b.cohort))
    .slice(0, limit);
  return { ...answer, cohortBy, cohorts };
};
