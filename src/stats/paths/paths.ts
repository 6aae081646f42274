import { Effect } from "effect";
import type { InvalidParameter } from "../../domain/errors.ts";
import type { Retention } from "../../retention/retention.ts";
import { ClickHouse, defaultBudget, type QueryBudget } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { type WrittenRange, writtenRange } from "../metrics.ts";
import { requireRawEvents } from "../table-decider.ts";
import { type Diagram, diagramOf, type PathLink, type PathNode } from "./diagram.ts";
import type { PathKind, PathsQuery } from "./parameters.ts";
import { type CountedLink, linksStatement } from "./statement.ts";

export interface PathsAnswer extends Diagram {
  readonly timeRange: WrittenRange;
  readonly by: PathKind;
  /** Where the paths start, or where they end. */
  readonly start?: string;
  readonly end?: string;
  readonly steps: number;
  /** Sessions that have the chosen value, each of which is one path. */
  readonly sessions: number;
  readonly nodes: ReadonlyArray<PathNode>;
  readonly links: ReadonlyArray<PathLink>;
}

/** Seven million events fit into memory; more are put together in temporary files, which takes several times as long. */
const budget: QueryBudget = { ...defaultBudget, spillBytes: 1_000_000_000 };

/**
 * What follows a page or an event in the sessions that begin in the range, or what goes before it. Each session with the
 * chosen value is one path, which starts (or ends) at its first occurrence; the same value several times in a row is one
 * step. A session is followed for up to a day behind the range.
 */
export const paths = (
  query: PathsQuery,
): Effect.Effect<PathsAnswer, InvalidParameter | ClickHouseError, ClickHouse | Retention> =>
  Effect.gen(function* () {
    const { range, by, chosen, direction, steps, project, filter, bots } = query;
    const { fromMs, toMs, zone } = range;
    let counted: ReadonlyArray<CountedLink> = [];
    // A day that its zone skipped has nothing.
    if (fromMs < toMs) {
      yield* requireRawEvents({ project, filter, bots, fromMs, toMs, zone, eventTypes: undefined }, range);
      const clickhouse = yield* ClickHouse;
      const { sql, params } = linksStatement(query);
      counted = yield* clickhouse.query<CountedLink>(sql, params, budget);
    }
    const { nodes, links } = diagramOf(query, counted);
    return {
      timeRange: writtenRange(range),
      by,
      ...(direction === "start" ? { start: chosen } : { end: chosen }),
      steps,
      sessions: nodes[0]?.count ?? 0,
      nodes,
      links,
    };
  });
