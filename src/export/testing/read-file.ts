import { parquetMetadata, parquetReadObjects } from "hyparquet";
import { type EventColumnName, eventColumnNames, eventColumns, FORMULA } from "../event-columns.ts";
import type { ExportFormat } from "../file/query.ts";
import { parseCsv } from "./parse-csv.ts";
import { type SeenEvent, seenInJson } from "./sample-events.ts";

const text = (bytes: Uint8Array) => new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);

const formula = new RegExp(FORMULA);

const cellValue = (name: EventColumnName, cell: string): unknown => {
  const { kind } = eventColumns[name];
  if (kind === "number") return Number(cell);
  if (kind === "flag") return cell === "true";
  return kind === "text" && formula.test(cell) && cell.startsWith("'") ? cell.slice(1) : cell;
};

const readCsv = (bytes: Uint8Array): ReadonlyArray<SeenEvent> => {
  const [header, ...rows] = parseCsv(text(bytes));
  if (String(header) !== String(eventColumnNames)) throw new Error(`the header is ${header}`);
  return rows.map((cells) =>
    Object.fromEntries(
      eventColumnNames.map((name, index) => [name, cellValue(name, cells[index] ?? "no cell")]),
    ),
  );
};

/** `bytes` as a reader of Parquet takes a file. */
const asFile = (bytes: Uint8Array) => {
  const buffer = new Uint8Array(bytes).buffer;
  return { byteLength: buffer.byteLength, slice: (start: number, end?: number) => buffer.slice(start, end) };
};

const parquetValue = (name: EventColumnName, value: unknown): unknown => {
  if (value instanceof Date) return value.toISOString();
  return typeof value === "bigint"
    ? eventColumns[name].kind === "id"
      ? String(value)
      : Number(value)
    : value;
};

const readParquet = async (bytes: Uint8Array): Promise<ReadonlyArray<SeenEvent>> => {
  const rows = await parquetReadObjects({
    file: asFile(bytes),
    // Texts are texts, also those that hold JSON.
    utf8: true,
    compressors: { ZSTD: (input) => new Uint8Array(Bun.zstdDecompressSync(new Uint8Array(input))) },
  });
  return rows.map((row) =>
    Object.fromEntries(eventColumnNames.map((name) => [name, parquetValue(name, row[name])])),
  );
};

export const rowGroupsOf = (bytes: Uint8Array): number =>
  parquetMetadata(asFile(bytes).slice(0)).row_groups.length;

/** The events in a file, by a reader that has nothing to do with what wrote it. */
export const readFile = async (
  format: ExportFormat,
  bytes: Uint8Array,
): Promise<ReadonlyArray<SeenEvent>> => {
  if (format === "csv") return readCsv(bytes);
  if (format === "parquet") return await readParquet(bytes);
  const lines = text(bytes).split("\n");
  if (lines.pop() !== "") throw new Error("the last line has no end");
  return lines.map(seenInJson);
};
