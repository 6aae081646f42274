import { Effect } from "effect";
import { ClickHouse, type QueryParams } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { holds, latest, links } from "./links.ts";

/**
 * What a link comes to. `linked`: the visitor counts as this user. `moved`: it identified as another user later, and counts
 * as that one. `unlinked`: somebody has undone the link. `ignored`: the user id is one that senders write for nobody.
 */
export const linkStates = ["linked", "moved", "unlinked", "ignored"] as const;
export type LinkState = (typeof linkStates)[number];

/** That a visitor identified as a user, once or more often. */
export interface Link {
  /** 32 hexadecimal digits, which tell neither the visitor nor the user. */
  readonly id: string;
  /** A number of 64 bits, decimal. */
  readonly visitorId: string;
  /** As it is stored. */
  readonly userId: string;
  /** Of the first and the last such event; epoch ms. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly state: LinkState;
}

interface LinkRow {
  readonly link: string;
  readonly visitor: string;
  readonly user_id: string;
  readonly first_ms: number;
  readonly last_ms: number;
  readonly state: LinkState;
  readonly total: number;
}

export interface FoundLinks {
  readonly links: ReadonlyArray<Link>;
  /** How many there are, also beyond the limit. */
  readonly total: number;
}

/**
 * Links of a project for whose `user_id` and `visitor_id` the condition (SQL, with its parameters) holds, the last used
 * one first. The condition must not use the parameters `project` and `most`.
 */
export const findLinks = (
  project: string,
  condition: string,
  params: QueryParams,
  most = 1_000_000,
): Effect.Effect<FoundLinks, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    // Where a visitor belongs depends on its other links too.
    const ofTheirVisitors = links(
      `visitor_id IN (SELECT visitor_id FROM daily_identities WHERE project_id = {project:String} AND (${condition}))`,
    );
    const rows = yield* clickhouse.query<LinkRow>(
      `SELECT link, toString(visitor_id) AS visitor, user_id, toUnixTimestamp64Milli(first_at) AS first_ms,
         toUnixTimestamp64Milli(last_at) AS last_ms, count() OVER () AS total,
         multiIf(is_unlinked, 'unlinked', is_nobody, 'ignored', belongs_to = user_id, 'linked', 'moved') AS state
       FROM (
         SELECT *, argMaxIf(user_id, ${latest}, ${holds}) OVER (PARTITION BY visitor_id) AS belongs_to
         FROM (${ofTheirVisitors})
       )
       WHERE ${condition} ORDER BY last_at DESC, visitor_id, user_id LIMIT {most:UInt32}`,
      { ...params, project, most },
    );
    return {
      total: rows[0]?.total ?? 0,
      links: rows.map((row) => ({
        id: row.link,
        visitorId: row.visitor,
        userId: row.user_id,
        firstMs: row.first_ms,
        lastMs: row.last_ms,
        state: row.state,
      })),
    };
  });

/** The links of a user, by the id that is stored. */
export const linksOfUser = (project: string, user: string, most?: number) =>
  findLinks(project, "user_id = {user:String}", { user }, most);

/**
 * All visitors that ever identified as one of the users for whose `user_id` (as it is stored) the condition holds, also
 * those that moved on to another user, or were unlinked: whoever erases or tells what is stored decides about them by
 * their `state`. To be asked before the links are deleted.
 */
export const linkedVisitors = (
  project: string,
  userCondition: string,
  params: QueryParams,
): Effect.Effect<ReadonlyArray<Pick<Link, "visitorId" | "userId" | "state">>, ClickHouseError, ClickHouse> =>
  Effect.map(findLinks(project, userCondition, params), ({ links: found }) => found);

/** The properties of the identify event that made a link last; undefined once it has expired. */
export const traitsOf = (
  project: string,
  { visitorId, userId, lastMs }: Link,
): Effect.Effect<Readonly<Record<string, unknown>> | undefined, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const [row] = yield* clickhouse.query<{ properties: string }>(
      `SELECT t.properties AS properties FROM events AS t
       WHERE t.project_id = {project:String} AND t.occurred_at = fromUnixTimestamp64Milli({at:Int64}, 'UTC')
         AND t.event_type = 'identify' AND t.visitor_id = {visitor:UInt64} AND t.user_id = {user:String} AND NOT t.is_bot
       ORDER BY t.event_id DESC LIMIT 1`,
      { project, at: lastMs, visitor: visitorId, user: userId },
    );
    if (row === undefined) return undefined;
    const properties: Record<string, unknown> = row.properties === "" ? {} : JSON.parse(row.properties);
    // The service's own, not the sender's.
    const { $user_agent: _, ...traits } = properties;
    return traits;
  });
