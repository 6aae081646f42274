import { Effect } from "effect";
import type { InvalidParameter } from "../domain/errors.ts";
import type { Retention } from "../retention/retention.ts";
import type { SealedDays } from "../sealing/sealed-days.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import {
  type Measure,
  type Measures,
  type MetricName,
  metricSql,
  sessionMeasures,
} from "./catalogue/metrics.ts";
import type { CountedQuestion, CountsSql } from "./counted-question.ts";
import { type Coverage, coverageOf, withoutSeals } from "./sources/coverage.ts";
import { eventCounts, eventGroups } from "./sources/event-counts.ts";
import { requireEventsOf } from "./sources/required-events.ts";
import { sessionCounts } from "./sources/session-counts.ts";

/** What was counted for one value and bucket. */
export interface Counts extends Measures {
  readonly key: string;
  /** Start of the bucket, seconds since 1970; 0 without buckets. */
  readonly bucket: number;
}

export interface CountsPage extends Counts {
  /** How many values there are besides those of this page. */
  readonly rows: number;
}

export const noCounts: Measures = {
  events: 0,
  pageviews: 0,
  visitors: 0,
  conversions: 0,
  converters: 0,
  sessions: 0,
  bounces: 0,
  duration_ms: 0,
  session_pageviews: 0,
};

/** For measurements and tests: `raw` asks the single events also where sealed days could answer. */
export interface CountOptions {
  readonly from?: "decided" | "raw";
}

export interface CountsOrderTerm {
  readonly by: MetricName | "dimension";
  readonly descending: boolean;
}

/** Which values come first, and how many. Ties are in order of the values. */
export interface CountsOrder {
  /** The first one weighs most. */
  readonly terms: ReadonlyArray<CountsOrderTerm>;
  readonly limit: number;
  readonly offset: number;
}

const termSql = ({ by, descending }: CountsOrderTerm): string =>
  `${by === "dimension" ? "key" : metricSql(by)} ${descending ? "DESC" : "ASC"}`;

export type Counted<A> = Effect.Effect<
  A,
  InvalidParameter | ClickHouseError,
  ClickHouse | SealedDays | Retention
>;

/** Counts of some of the measures, from one place. */
interface Part {
  readonly counts: CountsSql;
  readonly own: ReadonlyArray<Measure>;
}

const partsOf = (
  question: CountedQuestion,
  coverage: Coverage,
): Effect.Effect<ReadonlyArray<Part>, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const { measures } = question;
    if (question.wholeSessions) {
      return [{ counts: yield* sessionCounts(question, coverage, measures), own: measures }];
    }
    const ofEvents = eventGroups(question, coverage).map(({ measures: own, coverage: from }) => ({
      counts: eventCounts({ ...question, measures: own }, from),
      own,
    }));
    const ofSessions = sessionMeasures.filter((measure) => measures.includes(measure));
    if (ofSessions.length === 0) return ofEvents;
    return [...ofEvents, { counts: yield* sessionCounts(question, coverage, ofSessions), own: ofSessions }];
  });

/** The parts as one statement, where the values' order depends on all of them. */
const together = (
  parts: ReadonlyArray<Part>,
  measures: ReadonlyArray<Measure>,
  { terms, limit, offset }: CountsOrder,
): CountsSql => {
  const named = ({ counts, own }: Part) =>
    `SELECT key, bucket, ${measures.map((name) => `toUInt64(${own.includes(name) ? name : "0"}) AS ${name}`).join(", ")} FROM (${counts.sql})`;
  const [only] = parts;
  const rows =
    parts.length === 1 && only !== undefined
      ? only.counts.sql
      : `SELECT key, bucket, ${measures.map((name) => `sum(u.${name}) AS ${name}`).join(", ")}
         FROM (${parts.map(named).join(" UNION ALL ")}) AS u GROUP BY key, bucket`;
  return {
    sql: `SELECT *, count() OVER () AS rows FROM (${rows})
          ORDER BY ${terms.map(termSql).join(", ")}, key LIMIT {page_limit:UInt32} OFFSET {page_offset:UInt32}`,
    params: Object.assign(
      { page_limit: limit, page_offset: offset },
      ...parts.map(({ counts }) => counts.params),
    ) as CountsSql["params"],
  };
};

/** The parts side by side, which is faster than one statement of all of them. */
const beside = (
  parts: ReadonlyArray<Part>,
): Effect.Effect<ReadonlyArray<CountsPage>, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const answers = yield* Effect.forEach(
      parts,
      ({ counts }) => clickhouse.query<Counts>(counts.sql, counts.params),
      { concurrency: "unbounded" },
    );
    const merged = new Map<string, CountsPage>();
    for (const row of answers.flat()) {
      const name = `${row.bucket} ${row.key}`;
      merged.set(name, { ...noCounts, ...merged.get(name), ...row, rows: 0 });
    }
    return [...merged.values()];
  });

/**
 * Counts what a question asks, per value and bucket: single events and whole sessions each from where they are counted
 * fastest. Values and buckets without anything are left out; without `order` the rest comes in any order. Fails where
 * events are needed that are gone.
 */
export const countsOf = (
  question: CountedQuestion,
  order?: CountsOrder,
  options: CountOptions = {},
): Counted<ReadonlyArray<CountsPage>> =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const { range, filter, bots, project, measures } = question;
    if (range.fromMs >= range.toMs) return [];
    const found = yield* coverageOf({ project, filter, bots, fromMs: range.fromMs, toMs: range.toMs });
    const coverage = options.from === "raw" ? withoutSeals(found) : found;
    if (options.from !== "raw") yield* requireEventsOf(question, coverage);
    const parts = yield* partsOf(question, coverage);
    if (order === undefined) return yield* beside(parts);
    const { sql, params } = together(parts, measures, order);
    const rows = yield* clickhouse.query<CountsPage>(sql, params);
    return rows.map((row) => ({ ...noCounts, ...row }));
  });
