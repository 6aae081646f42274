import { Effect } from "effect";
import { ClickHouse, type QueryBudget, type QueryParams } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { ACTIVE_SECONDS } from "./page-views.ts";
import { type RecentTraffic, trafficLimits } from "./recent-traffic.ts";
import { WINDOW_MINUTES } from "./sightings.ts";
import { EVERYBODY, MOST_PER_VISITOR, type Seen } from "./visitors.ts";

/** Page views of a site by slots, each the second since 1970 at which it begins. */
export interface StoredViews {
  readonly project: string;
  readonly site: string;
  readonly slots: ReadonlyArray<number>;
  readonly counts: ReadonlyArray<number>;
}

/** A visitor on a site as ClickHouse knows it; `page` is of no interest. */
export interface StoredStay extends Seen {
  readonly project: string;
  readonly country: string;
  /** Where it was, and when last. */
  readonly pages: ReadonlyArray<readonly [page: string, seenAt: number]>;
}

export interface StoredScope {
  /** Epoch ms. */
  readonly now: number;
  /** Only this project; all of them by default. */
  readonly project?: string;
  /** A batch that is counted from elsewhere. */
  readonly withoutBatch?: number;
  readonly budget: QueryBudget;
}

interface Statement {
  readonly where: string;
  readonly params: QueryParams;
}

// An event from the future counts as it was received, see `Sightings`. Both times are named in the condition, since parts
// and marks can be left out by `occurred_at` only.
const SECOND = "toUnixTimestamp(least(t.occurred_at, t.received_at))";

const scopeOf = ({ now, project, withoutBatch }: StoredScope, seconds: number): Statement => ({
  where: [
    ...(project === undefined ? [] : ["t.project_id = {project:String}"]),
    "t.occurred_at > fromUnixTimestamp64Milli({since:Int64}, 'UTC')",
    "t.received_at > fromUnixTimestamp64Milli({since:Int64}, 'UTC')",
    "NOT t.is_bot",
    ...(withoutBatch === undefined ? [] : ["t.batch != {without_batch:UInt64}"]),
  ].join(" AND "),
  params: {
    since: now - seconds * 1000,
    ...(project === undefined ? {} : { project }),
    ...(withoutBatch === undefined ? {} : { without_batch: withoutBatch }),
  },
});

const viewsBy = (slotSeconds: 1 | 60, { where, params }: Statement, budget: QueryBudget) =>
  Effect.flatMap(ClickHouse, ({ query }) =>
    query<StoredViews>(
      `SELECT project, site, groupArray(slot) AS slots, groupArray(views) AS counts
      FROM (
        SELECT t.project_id AS project, t.site_id AS site,
          intDiv(${SECOND}, ${slotSeconds}) * ${slotSeconds} AS slot, count() AS views
        FROM events AS t WHERE ${where} AND t.event_type = 'page_view'
        GROUP BY project, site, slot ORDER BY project, site, slot
      )
      GROUP BY project, site ORDER BY sum(views) DESC LIMIT ${trafficLimits.sites}`,
      params,
      budget,
    ),
  );

/** How many there are of what has a weight, by project; approximately, and only where there are many. */
const crowded = ({ where, params }: Statement, most: number, budget: QueryBudget) =>
  Effect.flatMap(ClickHouse, ({ query }) =>
    query<{ project: string; weight: number }>(
      `SELECT t.project_id AS project,
        uniq(t.site_id, t.visitor_id) + uniq(t.site_id, t.visitor_id, t.page_path) AS weight
      FROM events AS t WHERE ${where} GROUP BY project HAVING weight > {most:UInt64}`,
      { ...params, most },
      budget,
    ),
  );

const staysOf = (
  { where, params }: Statement,
  activeSince: number,
  shares: ReadonlyArray<readonly [project: string, below: number]>,
  budget: QueryBudget,
) =>
  Effect.flatMap(ClickHouse, ({ query }) => {
    const isFollowed =
      shares.length === 0
        ? ""
        : `AND t.visitor_id % ${EVERYBODY} < transform(t.project_id, {projects:Array(String)}, {below:Array(Float64)}, ${EVERYBODY}.)`;
    return query<Omit<StoredStay, "page">>(
      `SELECT project, site, visitor, referrer, channel, country, firstAt, seenAt,
        arraySlice(arrayReverseSort(page -> page.2, arrayFilter(page -> page.2 > {active_since:UInt32},
          arrayZip(seen.1, seen.2))), 1, ${MOST_PER_VISITOR}) AS pages
      FROM (
        SELECT t.project_id AS project, t.site_id AS site, toString(t.visitor_id) AS visitor,
          argMin(t.referrer_domain, (${SECOND}, t.event_id)) AS referrer,
          argMin(t.channel, (${SECOND}, t.event_id)) AS channel,
          argMax(t.country, ${SECOND}) AS country,
          min(${SECOND}) AS firstAt, max(${SECOND}) AS seenAt,
          maxMap([t.page_path], [${SECOND}]) AS seen
        FROM events AS t WHERE ${where} ${isFollowed}
        GROUP BY project, site, visitor HAVING seenAt > {active_since:UInt32}
      )`,
      {
        ...params,
        active_since: activeSince,
        ...(shares.length === 0
          ? {}
          : { projects: shares.map(([project]) => project), below: shares.map(([, below]) => below) }),
      },
      budget,
    );
  });

/**
 * Raises what is counted to what ClickHouse has of the last 30 minutes. The first event of a stay is that of the last 30
 * minutes here.
 */
export const raiseToStored = (
  traffic: RecentTraffic,
  scope: StoredScope,
): Effect.Effect<void, ClickHouseError, ClickHouse> =>
  Effect.gen(function* () {
    const { now, budget, project } = scope;
    const recently = scopeOf(scope, ACTIVE_SECONDS);
    const window = scopeOf(scope, WINDOW_MINUTES * 60);
    traffic.raiseViews(yield* viewsBy(60, window, budget), "minute");
    traffic.raiseViews(yield* viewsBy(1, recently, budget), "second");
    // Of whom there are too many only those are asked for who would be followed.
    const most = trafficLimits.projectWeight;
    const shares = new Map(
      (yield* crowded(recently, most, budget)).map((row) => [row.project, share(row.weight, most)]),
    );
    if (project !== undefined) {
      shares.set(project, Math.min(shares.get(project) ?? EVERYBODY, traffic.followed(project)));
    }
    const activeSince = Math.floor(now / 1000) - ACTIVE_SECONDS;
    const stays = yield* staysOf(window, activeSince, [...shares], budget);
    for (const [name, below] of shares) traffic.followBelow(name, below);
    traffic.raiseStays(stays.map((stay) => ({ ...stay, page: "" })));
  });

const share = (weight: number, most: number): number => EVERYBODY / 2 ** Math.ceil(Math.log2(weight / most));
