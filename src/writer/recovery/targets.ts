import { Effect } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { stringLiteral } from "../../store/query-params.ts";

/** A table that a view feeds from `landing`, and how to tell which batches have reached it. */
export interface Target {
  readonly name: string;
  /** As it stands in SQL. */
  readonly table: string;
  /** Whether other servers insert into it too. */
  readonly isReplicated: boolean;
  /** The columns that the view fills, as they stand in SQL. */
  readonly columns: ReadonlyArray<string>;
  /** In a partition that the batch `{batch:UInt64}` has reached this is true of a row at least, elsewhere of none. */
  readonly reached: string;
  /** What the view makes of the rows of a table that looks like `landing`: rows for the target. */
  readonly rowsFrom: (table: string) => string;
  /** The id of the partition that one of these rows goes to. */
  readonly partitionId: string;
}

interface ViewRow {
  readonly view_database: string;
  readonly view: string;
  readonly select: string;
  readonly database: string;
  readonly table: string;
  readonly engine: string;
  readonly partition_key: string;
}

interface ColumnRow {
  readonly database: string;
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly default_kind: string;
  readonly is_in_partition_key: number;
}

const quoted = (name: string): string => `\`${name.replaceAll(/[\\`]/g, "\\$&")}\``;

// In a raw table a batch's own rows say that it came. Rows of a rollup merge, and keep the highest number they ever had.
const marks: ReadonlyArray<readonly [column: string, reached: string]> = [
  ["watermark", "watermark >= {batch:UInt64}"],
  ["batch", "batch = {batch:UInt64}"],
];

const readFrom = ({ view, select }: ViewRow, database: string, table: string): string => {
  const fromLanding = new RegExp(`\\bFROM (\`?${database}\`?\\.)?\`?landing\`?(?![\\w.\`])`, "g");
  if (select.match(fromLanding)?.length !== 1) throw new Error(`${view} does not read from landing once`);
  return select.replace(fromLanding, `FROM ${quoted(database)}.${quoted(table)}`);
};

const targetOf = (
  view: ViewRow,
  columns: ReadonlyArray<ColumnRow>,
  landingDatabase: string,
): Target | undefined => {
  const columnsOf = (owner: string, table: string) =>
    columns.filter((column) => column.database === owner && column.table === table);
  const made = new Set(columnsOf(view.view_database, view.view).map(({ name }) => name));
  const own = columnsOf(view.database, view.table);
  const reached = marks.find(([mark]) => own.some(({ name }) => name === mark))?.[1];
  if (reached === undefined) return undefined;
  // A row's partition depends on what it is in the target, where a column may be of another type than in the view.
  const casts = own
    .filter(({ is_in_partition_key }) => is_in_partition_key === 1)
    .map(({ name, type }) => `CAST(${quoted(name)}, ${stringLiteral(type)}) AS ${quoted(name)}`);
  const key = view.partition_key;
  return {
    name: view.table,
    table: `${quoted(view.database)}.${quoted(view.table)}`,
    isReplicated: /^(Replicated|Shared)/.test(view.engine),
    columns: own
      .filter(({ name, default_kind }) => made.has(name) && /^(DEFAULT)?$/.test(default_kind))
      .map(({ name }) => quoted(name)),
    reached,
    rowsFrom: (table) => {
      const rows = readFrom(view, landingDatabase, table);
      return casts.length === 0 ? rows : `SELECT * REPLACE (${casts.join(", ")}) FROM (${rows})`;
    },
    partitionId: key === "" ? "'all'" : `partitionId(${key.startsWith("(") ? `untuple(${key})` : key})`,
  };
};

/**
 * Every table that a materialized view feeds from `landing`. One that keeps no trace of the batches (no `batch`, no
 * `watermark`) cannot be completed and is left out with a warning; none of Footfall's own is.
 */
export const recoveryTargets: Effect.Effect<ReadonlyArray<Target>, ClickHouseError, ClickHouse> = Effect.gen(
  function* () {
    const clickhouse = yield* ClickHouse;
    const views = yield* clickhouse.query<ViewRow>(
      `SELECT v.database AS view_database, v.name AS view, v.as_select AS select,
       t.database AS database, t.name AS table, t.engine AS engine, t.partition_key AS partition_key
     FROM system.tables AS v
     INNER JOIN system.tables AS t ON t.database = v.target_database AND t.name = v.target_table
     WHERE v.engine = 'MaterializedView' AND (v.database, v.name) IN (
       SELECT arrayJoin(arrayZip(dependencies_database, dependencies_table)) FROM system.tables
       WHERE database = currentDatabase() AND name = 'landing')
     ORDER BY view`,
    );
    const columns = yield* clickhouse.query<ColumnRow>(
      `SELECT database, table, name, type, default_kind, is_in_partition_key FROM system.columns
     WHERE database IN {databases:Array(String)} AND table IN {tables:Array(String)} ORDER BY position`,
      {
        databases: views.flatMap((row) => [row.view_database, row.database]),
        tables: views.flatMap(({ view, table }) => [view, table]),
      },
    );
    const targets: Array<Target> = [];
    for (const view of views) {
      const target = targetOf(view, columns, clickhouse.database);
      if (target === undefined) {
        yield* Effect.logWarning(
          `${view.view} feeds ${view.table} from landing, which keeps no trace of batches and is not completed`,
        );
      } else if (targets.some(({ table }) => table === target.table)) {
        return yield* Effect.dieMessage(`${view.table} is fed from landing by more than one view`);
      } else targets.push(target);
    }
    return targets;
  },
);
