import { Effect } from "effect";
import { type AnswerFormat, ClickHouse } from "../../store/clickhouse.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { csvColumns, eventColumnNames, jsonLine, typedColumns } from "../event-columns.ts";
import { ParquetJoiner } from "../parquet/parquet-joiner.ts";
import type { ExportFormat } from "./query.ts";

/** A file under way: what comes before, between and after the answers that its rows come in. */
export interface OpenFile {
  readonly head: Uint8Array;
  /** The bytes that an answer adds to the file. */
  readonly add: (answer: Uint8Array) => Uint8Array;
  readonly end: () => Uint8Array;
}

interface FileFormat {
  readonly extension: string;
  readonly contentType: string;
  readonly written: AnswerFormat;
  /** What is selected of `events AS t`. */
  readonly columns: string;
  readonly open: Effect.Effect<OpenFile, ClickHouseError, ClickHouse>;
}

const nothing = new Uint8Array();

const plain = (head: string): FileFormat["open"] =>
  Effect.succeed({ head: Buffer.from(head), add: (answer) => answer, end: () => nothing });

/** How each format is written. */
export const fileFormats: Readonly<Record<ExportFormat, FileFormat>> = {
  csv: {
    extension: "csv",
    contentType: "text/csv; charset=utf-8; header=present",
    written: "CSV",
    columns: csvColumns,
    open: plain(`${eventColumnNames.join(",")}\r\n`),
  },
  ndjson: {
    extension: "ndjson",
    contentType: "application/x-ndjson",
    written: "LineAsString",
    columns: jsonLine,
    open: plain(""),
  },
  parquet: {
    extension: "parquet",
    contentType: "application/vnd.apache.parquet",
    written: "Parquet",
    columns: typedColumns,
    open: Effect.gen(function* () {
      const clickhouse = yield* ClickHouse;
      const schema = yield* clickhouse.queryAs("Parquet", `SELECT ${typedColumns} FROM events AS t WHERE 0`);
      const joiner = new ParquetJoiner(schema);
      return { head: joiner.head, add: (answer) => joiner.add(answer), end: () => joiner.end() };
    }),
  },
};
