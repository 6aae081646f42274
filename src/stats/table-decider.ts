import { Clock, Effect } from "effect";
import { InvalidParameter } from "../domain/errors.ts";
import { Retention } from "../retention/retention.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { edgesOf, type TimeRange } from "./calendar/buckets.ts";
import { dateAt, startOfDayMs } from "./calendar/zone.ts";
import type { Field } from "./catalogue/dimensions.ts";
import { everything, type Filter, fieldsOf } from "./filters/filter.ts";
import type { Question } from "./question.ts";
import { type Scope, whereClause } from "./statement.ts";
import { events, fieldOf, rollups, type StatsTable } from "./tables.ts";

const DAY_MS = 86_400_000;

const knowsFields = (table: StatsTable, { filter, groups, metrics }: Question): boolean => {
  const known: ReadonlyArray<Field> = table.dimensions.map((name) => fieldOf[name]);
  return (
    fieldsOf(filter).every((field) => known.includes(field)) &&
    groups.every((name) => table.dimensions.includes(name)) &&
    metrics.every((metric) => table.metrics[metric] !== undefined)
  );
};

const knowsEventTypes = ({ eventTypes }: StatsTable, asked: Question["eventTypes"]): boolean =>
  eventTypes === "each" ||
  (asked?.length === eventTypes.length && asked.every((type) => eventTypes.includes(type)));

// Every boundary that the answer depends on is among the edges, daylight saving and odd offsets included, so this alone
// says whether the rollup's rows can be told apart along them.
const canBeCut = ({ grainMs }: StatsTable, question: Question, range: TimeRange): boolean =>
  edgesOf(range, question.bucketStartsMs ?? []).every((ms) => ms % grainMs === 0);

/**
 * The table with the fewest rows that answers exactly what the raw events would: a rollup that has the dimensions and
 * event types, is asked along its own edges, without bots and for visitors, not people; otherwise `events`.
 */
export const decideTable = (question: Question, range: TimeRange): StatsTable =>
  (question.bots === "exclude" && question.people !== "linked"
    ? rollups.find(
        (table) =>
          knowsFields(table, question) &&
          knowsEventTypes(table, question.eventTypes) &&
          canBeCut(table, question, range),
      )
    : undefined) ?? events;

/** The fields that the hourly rollup has. */
const hourlyFields: ReadonlyArray<Field> = ["site", "source"];

/** A filter that lets through at least as much and looks at these fields only. */
const withoutOthers = (filter: Filter, known: ReadonlyArray<Field>): Filter => {
  if (fieldsOf(filter).every((field) => known.includes(field))) return filter;
  return filter.kind === "all"
    ? { kind: "all", filters: filter.filters.map((part) => withoutOthers(part, known)) }
    : everything;
};

/** Why a question needs single events. */
export interface Obstacle {
  readonly parameter: string;
  /** What to ask instead, as "or …". */
  readonly advice?: string;
}

/** The parameter that keeps a question from every rollup, and what to ask instead. */
export const obstacleOf = (question: Question, range: TimeRange): Obstacle => {
  if (question.bots !== "exclude") return { parameter: "bots", advice: "or leave bots out" };
  if (question.people === "linked") return { parameter: "people", advice: "or count visitors" };
  const fitting = rollups.filter(
    (table) => knowsFields(table, question) && knowsEventTypes(table, question.eventTypes),
  );
  if (fitting.length === 0) {
    const filtered = fieldsOf(question.filter).find((field) => !hourlyFields.includes(field));
    const parameter = Object.entries(fieldOf).find(([, field]) => field === filtered)?.[0] ?? "filter";
    return {
      parameter: filtered === undefined ? "event_type" : parameter,
      advice: "or ask without this filter",
    };
  }
  // The finest cut that one of them allows.
  const grainMs = Math.min(...fitting.map((table) => table.grainMs));
  const unit = grainMs === DAY_MS ? "days" : "hours";
  if (range.zone !== "UTC") return { parameter: "timezone", advice: `or ask for whole ${unit} in UTC` };
  const parameter = [range.fromMs, range.toMs].every((ms) => ms % grainMs === 0) ? "interval" : "from";
  return { parameter, advice: `or ask for whole ${unit}` };
};

/**
 * Fails when only raw events can answer and some that the range covers are gone: a number would be too small without
 * saying so. Succeeds where nothing can have been lost, because no event was ever counted before the raw retention.
 */
export const requireRawEvents = (
  question: Scope,
  range: TimeRange,
  { parameter, advice }: Obstacle = { parameter: "from" },
): Effect.Effect<void, InvalidParameter | ClickHouseError, ClickHouse | Retention> =>
  Effect.gen(function* () {
    const nowMs = yield* Clock.currentTimeMillis;
    const { rawDays, rawFromMs: cutoffMs } = (yield* Retention).of(question.project, nowMs);
    if (range.fromMs >= cutoffMs) return;

    if (question.bots === "exclude") {
      const hourly = rollups.find(({ name }) => name === "hourly_event_stats") as StatsTable;
      const hourMs = hourly.grainMs;
      const where = whereClause(
        {
          ...question,
          filter: withoutOthers(question.filter, hourlyFields),
          fromMs: Math.floor(range.fromMs / hourMs) * hourMs,
          toMs: Math.min(Math.ceil(range.toMs / hourMs), Math.ceil(cutoffMs / hourMs)) * hourMs,
        },
        hourly,
      );
      const clickhouse = yield* ClickHouse;
      const counted = yield* clickhouse.query(
        `SELECT 1 AS found FROM ${hourly.name} AS t WHERE ${where.sql} LIMIT 1`,
        where.params,
      );
      if (counted.length === 0) return;
    }

    const first = dateAt(cutoffMs, range.zone).add({ days: 1 });
    const ways = [
      ...(startOfDayMs(first, range.zone) < range.toMs ? [`ask from ${first} on`] : []),
      ...(advice === undefined ? [] : [advice]),
    ];
    return yield* new InvalidParameter({
      parameter,
      message: `needs single events, which are kept for ${rawDays} days${ways.length === 0 ? "" : ": "}${ways.join(", ")}.`,
    });
  });
