import { Clock, Effect } from "effect";
import type { SealedDays } from "../../sealing/sealed-days.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import type { TimeRange } from "../calendar/buckets.ts";
import type { StatsQuery } from "../parameters/query.ts";
import type { PeopleRule } from "../question.ts";
import { coverageOf } from "../sources/coverage.ts";

/** A query whose answer depends on nothing but the events of its ranges, unless it counts people. */
export type ClosableQuery = StatsQuery & {
  readonly previous?: TimeRange | undefined;
  readonly people?: PeopleRule;
};

/**
 * What the answer to a query was made from, as one text: the builds of its days. Undefined while that may still change
 * without a trace: the range is not over, a day with events is not sealed, bots are asked for, of whom no day is sealed, or
 * people, whom an event of any day may link.
 */
export const closedVersion = (
  query: ClosableQuery,
): Effect.Effect<string | undefined, ClickHouseError, SealedDays> =>
  Effect.gen(function* () {
    const { project, filter, bots, range, previous, people } = query;
    const now = yield* Clock.currentTimeMillis;
    const ranges = [range, ...(previous === undefined ? [] : [previous])];
    if (bots !== "exclude" || people === "linked" || ranges.some(({ toMs }) => toMs > now)) return undefined;
    const builds: Array<string> = [];
    for (const { fromMs, toMs } of ranges) {
      const { days } = yield* coverageOf({ project, filter, bots, fromMs, toMs });
      for (const { siteId, day, build } of days) {
        if (build === undefined) return undefined;
        builds.push(`${siteId} ${day} ${build}`);
      }
    }
    return builds.join("\n");
  });
