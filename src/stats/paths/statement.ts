import type { Statement } from "../statement.ts";
import type { PathsQuery } from "./parameters.ts";
import { sessionPaths } from "./session-paths.ts";

/** Sessions that went from one value to another, as ClickHouse answers them. */
export interface CountedLink {
  /** From step `step` - 1 to step `step`. */
  readonly step: number;
  /** Place of the value among those of its step, the most frequent one first; `limit` + 1 for all others. */
  readonly source: number;
  /** The same; 0 where the path is over. */
  readonly target: number;
  /** Of the target; nothing is meant by that of all others, and of the end. */
  readonly name: string;
  readonly sessions: number;
}

/** The links of all steps. Values with the same count are in order of their texts. */
export const linksStatement = (query: PathsQuery): Statement => {
  const { paths, names } = sessionPaths(query);
  // Behind the end of an array there are zeros.
  const links = `
    SELECT link.1 AS step, link.2 AS source, link.3 AS target, count() AS sessions
    FROM (
      SELECT arrayJoin(arrayMap(k -> (k, path[k], path[k + 1]), range(1, least(length(path), ${query.steps}) + 1))) AS link
      FROM (${paths.sql})
    ) GROUP BY step, source, target`;
  // Both sides of a link get their names from one reading of the events.
  const named = `
    SELECT l.step AS step, l.source AS source, l.target AS target, l.sessions AS sessions,
      anyIf(n.name, l.side = 'source') AS source_name, anyIf(n.name, l.side = 'target') AS target_name
    FROM (
      SELECT *, arrayJoin(['source', 'target']) AS side, if(side = 'source', source, target) AS hash FROM (${links})
    ) AS l
    LEFT JOIN (${names}) AS n ON l.hash = n.hash
    GROUP BY step, source, target, sessions`;
  // What comes into a value at one step goes out of it at the next, so both sides of a value are ranked alike.
  const sums = `
    SELECT step, target = 0 AS is_end, sessions, source_name, target_name,
      sum(sessions) OVER (PARTITION BY step, source) AS source_sum,
      sum(sessions) OVER (PARTITION BY step, target) AS target_sum
    FROM (${named})`;
  const ranked = `
    SELECT step, is_end, sessions, target_name,
      dense_rank() OVER (PARTITION BY step ORDER BY source_sum DESC, source_name) AS source_rank,
      dense_rank() OVER (PARTITION BY step ORDER BY is_end, target_sum DESC, target_name) AS target_rank
    FROM (${sums})`;
  return {
    sql: `
      SELECT step, source, target, any(target_name) AS name, sum(r.sessions) AS sessions
      FROM (
        SELECT step, target_name, sessions, least(source_rank, {limit:UInt32} + 1) AS source,
          if(is_end, 0, least(target_rank, {limit:UInt32} + 1)) AS target
        FROM (${ranked})
      ) AS r
      GROUP BY step, source, target
      ORDER BY step, source, target = 0, target`,
    params: { ...paths.params, limit: query.limit },
  };
};
