import { Data, Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { stringLiteral } from "../store/query-params.ts";

/** A table that a view of `landing` feeds and that cannot be recounted. Nothing was compared. */
export class RollupNotUnderstood extends Data.TaggedError("RollupNotUnderstood")<{
  readonly table: string;
  readonly message: string;
}> {
  static because(table: string, reason: string): RollupNotUnderstood {
    return new RollupNotUnderstood({ table, message: `${table} cannot be recounted: ${reason}.` });
  }
}

export interface Column {
  readonly name: string;
  readonly type: string;
}

export interface Measure extends Column {
  /** The function that merges it, for example `sum`, `uniqIfMerge` or, with parameters, `quantileMerge`. */
  readonly merge: string;
  /** Parameters of that function with their parentheses, or nothing. */
  readonly parameters: string;
  /** A set, whose members can differ where their number does not. */
  readonly isSet: boolean;
  /** A number of which the last digits depend on the order of the events. */
  readonly isFraction: boolean;
  /** Its merged value follows from the events alone, not from the order in which they came. */
  readonly isCompared: boolean;
}

/** A table fed from `landing`, and how to work out from the raw events what should be in it. */
export interface Rollup {
  readonly name: string;
  /** The dimensions with the time among them: together they are a bucket. */
  readonly keys: ReadonlyArray<Column>;
  /** The key that the table is partitioned by. */
  readonly time: Column;
  /** No bucket is longer than this, and none reaches over a multiple of it (since 1970, UTC). */
  readonly grainMs: number;
  readonly measures: ReadonlyArray<Measure>;
  /** The highest batch number of a bucket: not compared, but it must not be lost. */
  readonly watermark: Measure | undefined;
  /** What the views select, as columns of the table, where `source` selects the events from the raw table. */
  readonly recount: (source: string) => string;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** The rest (`any`, `argMax`, `quantile`, …) may give another value for the same events in another order. */
const orderless =
  /^(sum|sumWithOverflow|count|avg|min|max|groupBit(And|Or|Xor)|(sum|min|max)(Map|MappedArrays)|groupUniqArray|uniq|uniqExact|uniqCombined|uniqCombined64|uniqHLL12|uniqTheta|groupBitmap)((If|Array|Distinct|OrNull|OrDefault)*)$/;
const sets = /^(uniq|groupBitmap)/;

const measureOf = ({ name, type }: Column): Measure | undefined => {
  const state = /^(Simple)?AggregateFunction\((?:\d+, )?(\w+)(\([^()]*\))?/.exec(type);
  if (state === null) return undefined;
  const [, simple, base = "", parameters = ""] = state;
  return {
    name,
    type,
    merge: simple === undefined ? `${base}Merge` : base,
    parameters,
    isSet: sets.test(base),
    isFraction:
      /^avg/.test(base) ||
      (/^(sum|min|max)(If|OrNull|OrDefault|WithOverflow)*$/.test(base) && /\bFloat/.test(type)),
    isCompared: name !== "watermark" && orderless.test(base),
  };
};

interface ViewRow {
  readonly name: string;
  readonly create_table_query: string;
  readonly as_select: string;
}

interface TableRow {
  readonly name: string;
  readonly engine: string;
}

interface ColumnRow extends Column {
  readonly table: string;
  readonly default_kind: string;
  readonly is_in_partition_key: number;
  readonly is_in_sorting_key: number;
}

const isComputed = ({ default_kind }: ColumnRow): boolean =>
  default_kind === "ALIAS" || default_kind === "MATERIALIZED";

// Text in quotes is matched first, so that nothing within it is taken for a table.
const tokens = (database: string) =>
  new RegExp(
    `'(?:[^'\\\\]|\\\\.|'')*'|\\b(?:FROM|JOIN) (?:\`?${database}\`?\\.)?\`?landing\`?(?![\\w.\`])|\\blanding\\b`,
    "g",
  );

/** A view's SELECT in two or more pieces, between which `landing` stood; undefined where it is not read plainly. */
const aroundLanding = (select: string, database: string): ReadonlyArray<string> | undefined => {
  const pieces: Array<string> = [];
  let from = 0;
  for (const { 0: token, index } of select.matchAll(tokens(database))) {
    if (token.startsWith("'")) continue;
    if (token === "landing") return undefined;
    pieces.push(select.slice(from, index + token.indexOf(" ") + 1));
    from = index + token.length;
  }
  return pieces.length === 0 ? undefined : [...pieces, select.slice(from)];
};

/** One view: its SELECT around `landing`, and the columns it gives. */
interface Feed {
  readonly pieces: ReadonlyArray<string>;
  readonly columns: ReadonlySet<string>;
}

const makeRollup = (
  { name, engine }: TableRow,
  columns: ReadonlyArray<ColumnRow>,
  feeds: ReadonlyArray<Feed>,
): Rollup | RollupNotUnderstood => {
  const no = (reason: string) => RollupNotUnderstood.because(name, reason);
  if (!/AggregatingMergeTree$/.test(engine)) return no(`its engine is ${engine}, not AggregatingMergeTree`);
  const stored = columns.filter((column) => !isComputed(column));
  const measures = stored.flatMap((column) => measureOf(column) ?? []);
  const keys = stored.filter((column) => measureOf(column) === undefined);
  const loose = keys.find(({ is_in_sorting_key }) => !is_in_sorting_key);
  if (loose !== undefined) return no(`${loose.name} is neither in its key nor an aggregate`);
  const [time, ...others] = columns.filter(({ is_in_partition_key }) => is_in_partition_key);
  if (time === undefined || others.length > 0 || !keys.includes(time) || !/^Date/.test(time.type)) {
    return no("it is not partitioned by one time column that is in its key");
  }
  if (keys.length === 1) return no("it has no key beside its time");
  const defaulted = stored.find(
    (column) => column.default_kind !== "" && feeds.some((feed) => !feed.columns.has(column.name)),
  );
  if (defaulted !== undefined) return no(`${defaulted.name} is not in its view and has a default of its own`);
  // As an insert does it: by name, turned into the table's types, and nothing where the view says nothing.
  const given = (feed: Feed, { name, type }: Column) =>
    feed.columns.has(name)
      ? `CAST(v.${name} AS ${type}) AS ${name}`
      : `defaultValueOfTypeName(${stringLiteral(type)}) AS ${name}`;
  return {
    name,
    keys: keys.map(({ name, type }) => ({ name, type })),
    time: { name: time.name, type: time.type },
    grainMs: /^Date(32)?$/.test(time.type) ? DAY_MS : HOUR_MS,
    measures: measures.filter((measure) => measure.name !== "watermark"),
    watermark: measures.find((measure) => measure.name === "watermark"),
    recount: (source) =>
      feeds
        .map((feed) => {
          const select = feed.pieces.join(`(${source})`);
          return `SELECT ${stored.map((column) => given(feed, column)).join(", ")} FROM (${select}) AS v`;
        })
        .join(" UNION ALL "),
  };
};

/**
 * Every rollup of the database: what the materialized views of `landing` feed, other than `events`. Fails when one of
 * them could not be recounted, so that none is left out in silence.
 */
export const readRollups = Effect.gen(function* () {
  const clickhouse = yield* ClickHouse;
  const views = yield* clickhouse.query<ViewRow>(
    `SELECT name, create_table_query, as_select FROM system.tables
     WHERE database = currentDatabase() AND engine = 'MaterializedView'
       AND (name LIKE 'landing\\_to\\_%' OR match(as_select, '\\\\blanding\\\\b'))
     ORDER BY name`,
  );
  const tables = yield* clickhouse.query<TableRow>(
    "SELECT name, engine FROM system.tables WHERE database = currentDatabase() ORDER BY name",
  );
  const columns = yield* clickhouse.query<ColumnRow>(
    `SELECT table, name, type, default_kind, is_in_partition_key, is_in_sorting_key
     FROM system.columns WHERE database = currentDatabase() ORDER BY table, position`,
  );

  const columnsOf = (table: string) => columns.filter((column) => column.table === table);
  const feeds = new Map<string, Array<Feed>>();
  for (const view of views) {
    const target = /^CREATE MATERIALIZED VIEW \S+.*? TO (?:`?(\w+)`?\.)?`?(\w+)`?/.exec(
      view.create_table_query,
    );
    const [, database = clickhouse.database, table] = target ?? [];
    if (table === "events") continue;
    const pieces = aroundLanding(view.as_select, clickhouse.database);
    if (table === undefined || database !== clickhouse.database || pieces === undefined) {
      const reason =
        pieces === undefined ? "it does not read plainly FROM landing" : "it feeds no table here";
      return yield* RollupNotUnderstood.because(view.name, reason);
    }
    const feed = { pieces, columns: new Set(columnsOf(view.name).map(({ name }) => name)) };
    feeds.set(table, [...(feeds.get(table) ?? []), feed]);
  }
  if (feeds.size === 0) {
    return yield* new RollupNotUnderstood({
      table: "landing",
      message: `There are no rollups in the database ${clickhouse.database}. Run \`bun run migrate\` first.`,
    });
  }
  const rollups: Array<Rollup> = [];
  for (const table of tables) {
    const fedBy = feeds.get(table.name);
    if (fedBy === undefined) continue;
    const rollup = makeRollup(table, columnsOf(table.name), fedBy);
    if (rollup instanceof RollupNotUnderstood) return yield* rollup;
    rollups.push(rollup);
  }
  return rollups as ReadonlyArray<Rollup>;
});
