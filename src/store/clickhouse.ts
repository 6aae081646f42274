import { Context, type Effect } from "effect";
import type { ClickHouseError } from "./clickhouse-error.ts";

/** Values for `{name:Type}` placeholders, the only way a value reaches SQL. */
export type QueryParams = Readonly<
  Record<string, string | number | boolean | ReadonlyArray<string | number> | undefined>
>;

/** What one statement may use. */
export interface QueryBudget {
  readonly maxSeconds: number;
  readonly maxMemoryBytes: number;
  /** Rows of the answer, which is held in memory as a whole; one million by default. */
  readonly maxResultRows?: number;
  /** Bytes of the answer's columns in the engine's memory; 256 MiB by default. */
  readonly maxResultBytes?: number;
  /** Memory of a GROUP BY beyond which it goes on in temporary files; by default it stays in memory. */
  readonly spillBytes?: number;
  /** Threads of the engine; by default as many as it has cores. */
  readonly maxThreads?: number;
}

/** A read that exceeds this fails with `over_budget` and harms nothing else. */
export const defaultBudget: QueryBudget = { maxSeconds: 15, maxMemoryBytes: 1_500_000_000 };

const MAX_RESULT_ROWS = 1_000_000;
const MAX_RESULT_BYTES = 256 * 1024 * 1024;

/** What an answer can be written in by ClickHouse itself. */
export type AnswerFormat = "CSV" | "LineAsString" | "Parquet";

export interface RowsInsert {
  readonly table: string;
  readonly columns: ReadonlyArray<string>;
  /** Rows in `JSONCompactEachRow`, UTF-8. Not changed until the insert has ended. */
  readonly rows: Uint8Array;
  /** Two inserts with the same token and bytes are stored once while the engine stays up. */
  readonly token: string;
}

export interface ClickHouseShape {
  readonly engine: "embedded" | "server";
  readonly database: string;
  /** Makes the database if it is not there; everything else needs it. */
  readonly createDatabase: Effect.Effect<void, ClickHouseError>;
  /** Rows of a bounded read. 64-bit integers come as numbers: ask for `toString(…)` where they exceed 2^53. */
  readonly query: <Row extends object>(
    sql: string,
    params?: QueryParams,
    budget?: QueryBudget,
  ) => Effect.Effect<ReadonlyArray<Row>, ClickHouseError>;
  /**
   * The whole answer of a bounded read as ClickHouse writes it: CSV without a header and with CRLF, a text per line, or
   * one Parquet file without page indexes and bloom filters. Times are ISO 8601 in CSV. The session or connection is
   * free again when this ends, whatever becomes of the bytes.
   */
  readonly queryAs: (
    format: AnswerFormat,
    sql: string,
    params?: QueryParams,
    budget?: QueryBudget,
  ) => Effect.Effect<Uint8Array, ClickHouseError>;
  /** One statement without a result, on the writer's session, without a time bound. */
  readonly command: (sql: string, params?: QueryParams) => Effect.Effect<void, ClickHouseError>;
  /** One block of rows: all of it is in a table and partition, or none. */
  readonly insertRows: (insert: RowsInsert) => Effect.Effect<void, ClickHouseError>;
}

/** The one door to ClickHouse, embedded or on a server; both take the same SQL. */
export class ClickHouse extends Context.Tag("footfall/ClickHouse")<ClickHouse, ClickHouseShape>() {}

/**
 * Settings of every read: the budget, numbers as JSON numbers, and `readonly`, so that a read can neither change
 * anything nor reach files or other hosts. On a server it is also what lets an abandoned read be cancelled.
 */
export const readSettings = (budget: QueryBudget): Readonly<Record<string, number>> => ({
  max_execution_time: budget.maxSeconds,
  max_memory_usage: budget.maxMemoryBytes,
  max_result_rows: budget.maxResultRows ?? MAX_RESULT_ROWS,
  max_result_bytes: budget.maxResultBytes ?? MAX_RESULT_BYTES,
  ...(budget.spillBytes === undefined ? {} : { max_bytes_before_external_group_by: budget.spillBytes }),
  ...(budget.maxThreads === undefined ? {} : { max_threads: budget.maxThreads }),
  output_format_json_quote_64bit_integers: 0,
  output_format_json_quote_denormals: 0,
  output_format_json_escape_forward_slashes: 0,
  readonly: 1,
});

/** How {@link ClickHouseShape.queryAs} writes. Page indexes hold offsets that are wrong once files are joined. */
export const answerSettings: Readonly<Record<AnswerFormat, Readonly<Record<string, number | string>>>> = {
  CSV: { output_format_csv_crlf_end_of_line: 1, date_time_output_format: "iso" },
  LineAsString: {},
  Parquet: { output_format_parquet_write_page_index: 0, output_format_parquet_write_bloom_filter: 0 },
};

/**
 * Settings of every insert. One batch is one block (a retry cut otherwise would not be recognised as the same), and
 * the answer comes when the rows are in, not when they are queued on the server.
 */
export const insertSettings = (token: string): Readonly<Record<string, number | string>> => ({
  async_insert: 0,
  insert_deduplicate: 1,
  insert_deduplication_token: token,
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_block_size: 1_000_000,
  max_insert_threads: 1,
  max_partitions_per_insert_block: 0,
  input_format_parallel_parsing: 0,
  input_format_json_read_objects_as_strings: 1,
});

/** Begins the names of tables in which a writer has something for a moment; nobody misses one after a crash. */
export const SCRATCH_PREFIX = "writer_";

/** `SETTINGS a = 1, b = 'x'`, for statements that carry their own settings. Names and values are our own. */
export const settingsClause = (values: Readonly<Record<string, number | string>>): string =>
  `SETTINGS ${Object.entries(values)
    .map(
      ([name, value]) =>
        `${name} = ${typeof value === "number" ? value : `'${value.replaceAll("'", "''")}'`}`,
    )
    .join(", ")}`;
