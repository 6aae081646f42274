import { Clock, Effect } from "effect";
import { FunnelExists, NotFound, TooManyFunnels } from "../../domain/errors.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import type { FunnelDefinition } from "./definition.ts";

/** Most kept funnels of a project. */
export const MAXIMUM_FUNNELS = 100;

export interface SavedFunnel extends FunnelDefinition {
  readonly name: string;
  /** ISO 8601, UTC. */
  readonly created_at: string;
  readonly updated_at: string;
}

interface FunnelRow {
  readonly name: string;
  readonly definition: string;
  readonly created: number;
  readonly updated: number;
}

const toFunnel = ({ name, definition, created, updated }: FunnelRow): SavedFunnel => ({
  name,
  // Written by `store` alone.
  ...(JSON.parse(definition) as FunnelDefinition),
  created_at: new Date(created).toISOString(),
  updated_at: new Date(updated).toISOString(),
});

const addressOf = (name: string): string => `/v1/funnels/${encodeURIComponent(name)}`;

const kept = (project: string, condition: string, params: Readonly<Record<string, string>> = {}) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const rows = yield* clickhouse.query<FunnelRow>(
      `SELECT name, definition, toUnixTimestamp64Milli(created_at) AS created, toUnixTimestamp64Milli(updated_at) AS updated
       FROM funnels FINAL WHERE project_id = {project:String} AND NOT is_deleted AND ${condition} ORDER BY name`,
      { project, ...params },
    );
    return rows.map(toFunnel);
  });

const found = (project: string, name: string) =>
  Effect.map(kept(project, "name = {name:String}", { name }), ([funnel]) => funnel);

interface NewRow {
  readonly project: string;
  readonly name: string;
  readonly definition: FunnelDefinition | undefined;
  readonly createdMs: number;
  readonly nowMs: number;
}

// Above every earlier version, also where the clock was set back.
const store = ({ project, name, definition, createdMs, nowMs }: NewRow) =>
  Effect.flatMap(ClickHouse, (clickhouse) =>
    clickhouse.command(
      `INSERT INTO funnels (project_id, name, definition, created_at, updated_at, is_deleted, version)
       SELECT {project:String}, {name:String}, {definition:String}, fromUnixTimestamp64Milli({created:Int64}, 'UTC'),
         fromUnixTimestamp64Milli({now:Int64}, 'UTC'), {deleted:Bool},
         greatest({now:UInt64}, 1 + (SELECT max(version) FROM funnels WHERE project_id = {project:String} AND name = {name:String}))`,
      {
        project,
        name,
        definition: definition === undefined ? "" : JSON.stringify(definition),
        created: createdMs,
        now: nowMs,
        deleted: definition === undefined,
      },
    ),
  );

const roomFor = (project: string) =>
  Effect.gen(function* () {
    const { length } = yield* kept(project, "1");
    if (length >= MAXIMUM_FUNNELS) yield* new TooManyFunnels({ limit: MAXIMUM_FUNNELS });
  });

/** The funnels of a project, in the order of their names. */
export const listFunnels = (
  project: string,
): Effect.Effect<ReadonlyArray<SavedFunnel>, ClickHouseError, ClickHouse> => kept(project, "1");

export const getFunnel = (
  project: string,
  name: string,
): Effect.Effect<SavedFunnel, ClickHouseError | NotFound, ClickHouse> =>
  Effect.flatMap(found(project, name), (funnel) =>
    funnel === undefined ? new NotFound({ path: addressOf(name) }) : Effect.succeed(funnel),
  );

// Of two requests for one name the second has to see what the first has done. Two services on one server may still both
// create a name; then the later one counts.
const turn = Effect.unsafeMakeSemaphore(1).withPermits(1);

/** Fails where the name is taken, and beyond 100 funnels. */
export const createFunnel = (
  project: string,
  name: string,
  definition: FunnelDefinition,
): Effect.Effect<SavedFunnel, ClickHouseError | FunnelExists | TooManyFunnels | NotFound, ClickHouse> =>
  turn(
    Effect.gen(function* () {
      if ((yield* found(project, name)) !== undefined) return yield* new FunnelExists({ name });
      yield* roomFor(project);
      const nowMs = yield* Clock.currentTimeMillis;
      yield* store({ project, name, definition, createdMs: nowMs, nowMs });
      return yield* getFunnel(project, name);
    }),
  );

/** Puts a definition in the place of the one under this name, or creates it, within the limit of 100. */
export const replaceFunnel = (
  project: string,
  name: string,
  definition: FunnelDefinition,
): Effect.Effect<
  { readonly funnel: SavedFunnel; readonly isNew: boolean },
  ClickHouseError | TooManyFunnels | NotFound,
  ClickHouse
> =>
  turn(
    Effect.gen(function* () {
      const before = yield* found(project, name);
      if (before === undefined) yield* roomFor(project);
      const nowMs = yield* Clock.currentTimeMillis;
      const createdMs = before === undefined ? nowMs : Date.parse(before.created_at);
      yield* store({ project, name, definition, createdMs, nowMs });
      return { funnel: yield* getFunnel(project, name), isNew: before === undefined };
    }),
  );

/** Fails where there is none. */
export const deleteFunnel = (
  project: string,
  name: string,
): Effect.Effect<void, ClickHouseError | NotFound, ClickHouse> =>
  turn(
    Effect.gen(function* () {
      const { created_at } = yield* getFunnel(project, name);
      const nowMs = yield* Clock.currentTimeMillis;
      yield* store({ project, name, definition: undefined, createdMs: Date.parse(created_at), nowMs });
    }),
  );
