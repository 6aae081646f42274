import { Effect } from "effect";
import type { AppSettings } from "../config.ts";
import type { InvalidParameter } from "../domain/errors.ts";
import type { SealedDays } from "../sealing/sealed-days.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import {
  eventMeasures,
  type Measure,
  type Measures,
  type MetricName,
  metricSql,
  sessionMeasures,
} from "./catalogue/metrics.ts";
import type { CountedQuestion, CountsSql } from "./counted-question.ts";
import { coverageOf, withoutSeals } from "./sources/coverage.ts";
import { eventCounts, eventMeasureGroups } from "./sources/event-counts.ts";
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
  ClickHouse | SealedDays | AppSettings
>;

const named = (names: ReadonlyArray<Measure>, own: ReadonlyArray<Measure>): string =>
  names
    .map((name) => (own.includes(name) ? `toUInt64(${name}) AS ${name}` : `toUInt64(0) AS ${name}`))
    .join(", ");

/**
 * Counts what a question asks, per value and bucket, in one statement: single events and whole sessions each from where
 * they are counted fastest. Values and buckets without anything are left out. Fails where events are needed that are gone.
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

    const ofEvents = eventMeasures.filter((measure) => measures.includes(measure));
    const ofSessions = sessionMeasures.filter((measure) => measures.includes(measure));
    const parts: Array<{ counts: CountsSql; own: ReadonlyArray<Measure> }> = [];
    if (question.wholeSessions) {
      parts.push({ counts: yield* sessionCounts(question, coverage, measures), own: measures });
    } else {
      for (const group of eventMeasureGroups(ofEvents)) {
        parts.push({ counts: eventCounts({ ...question, measures: group }, coverage), own: group });
      }
      if (ofSessions.length > 0) {
        parts.push({ counts: yield* sessionCounts(question, coverage, ofSessions), own: ofSessions });
      }
    }
    const rows = parts
      .map(({ counts, own }) => `SELECT key, bucket, ${named(measures, own)} FROM (${counts.sql})`)
      .join(" UNION ALL ");
    const params = Object.assign({}, ...parts.map(({ counts }) => counts.params)) as CountsSql["params"];
    const page =
      order === undefined
        ? ""
        : `ORDER BY ${order.terms.map(termSql).join(", ")}, key
           LIMIT {page_limit:UInt32} OFFSET {page_offset:UInt32}`;
    return yield* clickhouse.query<CountsPage>(
      `SELECT *, ${order === undefined ? "0" : "count() OVER ()"} AS rows FROM (
         SELECT key, bucket, ${measures.map((name) => `sum(u.${name}) AS ${name}`).join(", ")}
         FROM (${rows}) AS u GROUP BY key, bucket
       ) ${page}`,
      order === undefined ? params : { ...params, page_limit: order.limit, page_offset: order.offset },
    );
  }).pipe(Effect.map((rows) => rows.map((row) => ({ ...noCounts, ...row }))));
