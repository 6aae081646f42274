import { Effect } from "effect";
import { ClickHouse, SCRATCH_PREFIX } from "../store/clickhouse.ts";
import { type PersonColumn, personColumns } from "./subject.ts";

/** What stays of a project that is deleted: that it was there, what was done to it, and that it was erased. */
const records: ReadonlyArray<string> = ["projects", "audit_log", "erasures"];

/** Tables whose rows name the project only by what they belong to. */
export const belongings = [
  { table: "webhook_deliveries", column: "webhook_id", of: "webhooks" },
  { table: "api_key_uses", column: "key_id", of: "api_keys" },
] as const;

/** A table with rows of projects. */
export interface ProjectTable {
  readonly name: string;
  readonly personColumns: ReadonlyArray<PersonColumn>;
  /** Whether its rows are of a day each. */
  readonly hasDate: boolean;
  /** A SELECT list of what JSON can say of a row; numbers of 64 bits are texts in it. */
  readonly shown: string;
}

/** Every table that has rows of projects, found by their columns: none can be forgotten. */
export const projectTables = Effect.gen(function* () {
  const clickhouse = yield* ClickHouse;
  const rows = yield* clickhouse.query<{
    table: string;
    columns: ReadonlyArray<string>;
    shown: ReadonlyArray<string>;
  }>(
    `SELECT table, groupArray(name) AS columns,
       groupArrayIf(if(type LIKE '%Int64%', concat('toString(', name, ') AS ', name), name), type NOT LIKE 'Aggregate%') AS shown
     FROM system.columns
     WHERE database = currentDatabase() AND table IN (
       SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE '%MergeTree')
     GROUP BY table HAVING has(columns, 'project_id') ORDER BY table`,
  );
  return rows
    .filter(({ table }) => !records.includes(table) && !table.startsWith(SCRATCH_PREFIX))
    .map(
      ({ table, columns, shown }): ProjectTable => ({
        name: table,
        shown: shown.join(", "),
        personColumns: personColumns.filter((column) => columns.includes(column)),
        hasDate: columns.includes("date"),
      }),
    );
});
