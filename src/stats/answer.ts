import { Clock, Effect } from "effect";
import { InvalidParameter } from "../domain/errors.ts";
import { Retention } from "../retention/retention.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import type { TimeRange } from "./calendar/buckets.ts";
import { isOfSessionOnly } from "./catalogue/dimensions.ts";
import { fieldsOf } from "./filters/filter.ts";
import type { Question } from "./question.ts";
import { ReplacedRollups } from "./replaced-rollups.ts";
import { type RowsOrder, selectStatement } from "./statement.ts";
import { decideTable, obstacleOf, requireRawEvents } from "./table-decider.ts";
import { events, type StatsTable } from "./tables.ts";

/** For measurements and tests: `raw` asks the single events also where a rollup could answer. */
export interface AnswerOptions {
  readonly table?: "decided" | "raw";
}

/** An effect that answers a question of the stats. */
export type Answer<Row> = Effect.Effect<
  ReadonlyArray<Row>,
  InvalidParameter | ClickHouseError,
  ClickHouse | Retention
>;

/** Single events in place of a rollup whose buckets are being replaced, where all of them are still there. */
const instead = (table: StatsTable, { project }: Question, { fromMs }: TimeRange) =>
  Effect.gen(function* () {
    if (!(yield* ReplacedRollups).has(project)) return table;
    const { rawFromMs } = (yield* Retention).of(project, yield* Clock.currentTimeMillis);
    return fromMs >= rawFromMs ? events : table;
  });

/** Asks the table that can answer, and fails rather than count raw events that are gone. */
export const answer = <Row extends object>(
  question: Question,
  range: TimeRange,
  order?: RowsOrder,
  options: AnswerOptions = {},
): Answer<Row> =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const unknown = fieldsOf(question.filter).find(isOfSessionOnly);
    if (unknown !== undefined) {
      return yield* new InvalidParameter({
        parameter: "filter",
        message: `asks for ${unknown}, which single events do not have; ask for page.`,
      });
    }
    const table =
      options.table === "raw" ? events : yield* instead(decideTable(question, range), question, range);
    if (table === events && options.table !== "raw") {
      yield* requireRawEvents(question, range, obstacleOf(question, range));
    }
    const { sql, params } = selectStatement(question, table, order);
    return yield* clickhouse.query<Row>(sql, params);
  });
