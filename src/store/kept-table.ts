import { Effect } from "effect";
import { ClickHouse } from "./clickhouse.ts";
import type { ClickHouseError } from "./clickhouse-error.ts";

/** A change that another node made is seen here after so long at most, which is within the promised 5 s. */
const REFRESH_INTERVAL = "3 seconds";

/** What a small table is made of: entities with an id, whose later versions replace the earlier ones. */
export interface KeptTable<Row extends object, Entity> {
  readonly name: string;
  /** All rows that matter, with `FINAL`. */
  readonly select: string;
  readonly entityOf: (row: Row) => Entity;
  readonly idOf: (entity: Entity) => string;
  readonly columns: Readonly<Record<string, (entity: Entity) => unknown>>;
}

/** A small table in memory: a change is known here at once, and on other nodes within 5 s. */
export interface Kept<Entity> {
  readonly get: (id: string) => Entity | undefined;
  readonly all: () => ReadonlyArray<Entity>;
  /** Writes entities as they are now; in memory once they are stored. */
  readonly save: (...entities: ReadonlyArray<Entity>) => Effect.Effect<void, ClickHouseError>;
  /** Reads what other nodes have written. */
  readonly refresh: Effect.Effect<void, ClickHouseError>;
  /** Forgets what nobody asks for any more. */
  readonly forget: (id: string) => void;
}

/** Reads the table, and goes on reading it where other nodes may write to it. `onPut` is told of every version in order. */
export const keep = <Row extends object, Entity extends { readonly version: number }>(
  table: KeptTable<Row, Entity>,
  onPut: (entity: Entity) => void = () => {},
) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const entities = new Map<string, Entity>();
    const put = (entity: Entity) => {
      const id = table.idOf(entity);
      if ((entities.get(id)?.version ?? -1) >= entity.version) return;
      entities.set(id, entity);
      onPut(entity);
    };
    const refresh = Effect.map(clickhouse.query<Row>(table.select), (rows) => {
      for (const row of rows) put(table.entityOf(row));
    });
    yield* refresh;
    if (clickhouse.engine === "server") {
      yield* refresh.pipe(
        Effect.catchAllCause((cause) => Effect.logDebug(`${table.name} could not be read`, cause)),
        Effect.delay(REFRESH_INTERVAL),
        Effect.forever,
        Effect.forkScoped,
      );
    }
    const kept: Kept<Entity> = {
      get: (id) => entities.get(id),
      all: () => [...entities.values()],
      save: (...changed) =>
        Effect.zipRight(
          clickhouse.insertRows({
            table: table.name,
            columns: Object.keys(table.columns),
            rows: Buffer.from(
              changed
                .map((entity) => JSON.stringify(Object.values(table.columns).map((value) => value(entity))))
                .join("\n"),
            ),
            token: `${table.name} ${changed.map((entity) => `${table.idOf(entity)} ${entity.version}`).join(" ")}`,
          }),
          Effect.sync(() => {
            for (const entity of changed) put(entity);
          }),
        ),
      refresh: clickhouse.engine === "server" ? refresh : Effect.void,
      forget: (id) => void entities.delete(id),
    };
    return kept;
  });
