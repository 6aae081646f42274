import { Data, Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";

/** A rollup that cannot be counted again from the raw events. Nothing was compared. */
export class RollupNotUnderstood extends Data.TaggedError("RollupNotUnderstood")<{
  readonly table: string;
  readonly message: string;
}> {
  static because(table: string, reason: string): RollupNotUnderstood {
    return new RollupNotUnderstood({ table, message: `${table} cannot be verified: ${reason}.` });
  }
}

export interface Measure {
  readonly name: string;
  /** The function that merges its values, for example `sum` or `uniqIfMerge`. */
  readonly merge: string;
  /** A set, whose members can be others where their number is the same. */
  readonly isSet: boolean;
}

/** A table that counts the rows of `landing`, and how to count the raw events as it does. */
export interface Rollup {
  readonly name: string;
  /** The dimensions, the time among them: together they are a bucket. */
  readonly keys: ReadonlyArray<string>;
  /** The key that the table is partitioned by: the begin of its hour or day in UTC. */
  readonly time: { readonly name: string; readonly type: string };
  /** Longest that a bucket lasts. */
  readonly bucketMs: number;
  /** What is compared: everything but the keys and the watermark. */
  readonly measures: ReadonlyArray<Measure>;
  /** All columns that are stored. */
  readonly columns: ReadonlyArray<string>;
  /** A SELECT of these columns that counts the raw events which the SELECT `events` gives. */
  readonly recount: (events: string) => string;
}

export const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** The highest batch number that reached a bucket. */
export const WATERMARK = "watermark";

interface ViewRow {
  readonly view: string;
  readonly select: string;
  readonly table: string;
  readonly engine: string;
}

interface ColumnRow {
  readonly table: string;
  readonly name: string;
  readonly type: string;
  readonly is_in_partition_key: number;
}

const functionOf = ({ type }: ColumnRow): string | undefined =>
  /^(?:Simple)?AggregateFunction\((\w+)/.exec(type)?.[1];

/** What they make of some events does not depend on the order in which these came. */
const ORDERLESS = /^(sum|count|min|max|uniq|uniqExact|uniqCombined|uniqCombined64|uniqHLL12)(If)?$/;

const measureOf = ({ name, type }: ColumnRow, aggregate: string): Measure => ({
  name,
  merge: type.startsWith("Simple") ? aggregate : `${aggregate}Merge`,
  isSet: aggregate.startsWith("uniq"),
});

const rollupOf = (
  { view, select, table, engine }: ViewRow,
  columns: ReadonlyArray<ColumnRow>,
  database: string,
): Rollup | RollupNotUnderstood => {
  const fromLanding = new RegExp(`\\bFROM (?:\`?${database}\`?\\.)?\`?landing\`?(?![\\w.\`])`, "g");
  if (select.match(fromLanding)?.length !== 1) {
    return RollupNotUnderstood.because(table, `${view} does not read FROM landing once`);
  }
  // Any other engine loses numbers when rows of a bucket merge.
  if (!engine.endsWith("AggregatingMergeTree")) {
    return RollupNotUnderstood.because(table, `its engine is ${engine}, not AggregatingMergeTree`);
  }
  const keys = columns.filter((column) => functionOf(column) === undefined);
  const time = keys.find((column) => column.is_in_partition_key === 1);
  if (time === undefined || !/^Date/.test(time.type)) {
    return RollupNotUnderstood.because(table, "it is not partitioned by a time that is in its key");
  }
  const measures: Array<Measure> = [];
  for (const column of columns) {
    const aggregate = functionOf(column);
    if (aggregate === undefined || column.name === WATERMARK) continue;
    if (!ORDERLESS.test(aggregate)) {
      return RollupNotUnderstood.because(table, `its ${column.name} depends on the order of events`);
    }
    measures.push(measureOf(column, aggregate));
  }
  // As an insert does it: turned into the table's types.
  const stored = columns.map(({ name, type }) => `CAST(counted.${name} AS ${type}) AS ${name}`);
  return {
    name: table,
    keys: keys.map(({ name }) => name),
    time,
    bucketMs: time.type.startsWith("DateTime") ? HOUR_MS : DAY_MS,
    measures,
    columns: columns.map(({ name }) => name),
    recount: (events) =>
      `SELECT ${stored.join(", ")} FROM (${select.replace(fromLanding, `FROM (${events})`)}) AS counted`,
  };
};

/**
 * Every rollup of the database, by name: the tables that materialized views of `landing` feed and that have a watermark.
 * Fails where one of them could not be counted again, so that none is left out in silence.
 */
export const readRollups = Effect.gen(function* () {
  const clickhouse = yield* ClickHouse;
  const views = yield* clickhouse.query<ViewRow>(
    `SELECT v.name AS view, v.as_select AS select, t.name AS table, t.engine AS engine
     FROM system.tables AS v
     INNER JOIN system.tables AS t ON t.database = v.target_database AND t.name = v.target_table
     WHERE v.database = currentDatabase() AND t.database = currentDatabase()
       AND v.name IN (SELECT arrayJoin(dependencies_table) FROM system.tables
                      WHERE database = currentDatabase() AND name = 'landing')
     ORDER BY table`,
  );
  const columns = yield* clickhouse.query<ColumnRow>(
    `SELECT table, name, type, is_in_partition_key FROM system.columns
     WHERE database = currentDatabase() AND table IN {tables:Array(String)} AND default_kind = ''
     ORDER BY table, position`,
    { tables: views.map(({ table }) => table) },
  );
  const rollups: Array<Rollup> = [];
  for (const view of views) {
    const own = columns.filter(({ table }) => table === view.table);
    if (!own.some(({ name }) => name === WATERMARK)) continue;
    const rollup = rollupOf(view, own, clickhouse.database);
    if (rollup instanceof RollupNotUnderstood) return yield* rollup;
    rollups.push(rollup);
  }
  if (rollups.length === 0) {
    return yield* new RollupNotUnderstood({
      table: "landing",
      message: `There are no rollups in the database ${clickhouse.database}. Run \`bun run migrate\` first.`,
    });
  }
  return rollups as ReadonlyArray<Rollup>;
});
