import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Storage } from "../../testing/service/storage.ts";
import type { Needle } from "./needles.ts";

const filesIn = (directory: string): ReadonlyArray<string> =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));

/** What is found in which file of a directory, byte by byte, in the files' names too. */
export const searchFiles = (directory: string, needles: ReadonlyArray<Needle>): ReadonlyArray<string> =>
  filesIn(directory).flatMap((file) => {
    const bytes = Buffer.concat([Buffer.from(`${relative(directory, file)}\n`), readFileSync(file)]);
    return needles.flatMap(({ name, bytes: needle }) =>
      bytes.includes(needle) ? [`${name} in ${relative(directory, file)}`] : [],
    );
  });

/**
 * What is found in which table, with every row written out as text: ClickHouse's files are compressed, so that their
 * bytes alone say little. Its own tables are searched too, as far as they lie on the disk.
 */
export const searchTables = async (
  storage: Storage,
  needles: ReadonlyArray<Needle>,
): Promise<ReadonlyArray<string>> => {
  const tables = await storage.rows<{ table: string }>(
    "SELECT format('`{}`.`{}`', database, name) AS table FROM system.tables WHERE engine LIKE '%MergeTree%' OR engine LIKE '%Log'",
  );
  const list = needles.map(({ bytes }) => `unhex('${bytes.toString("hex")}')`).join(", ");
  const searches = tables.map(
    ({ table }) =>
      `SELECT '${table}' AS table, sumForEach(arrayMap(at -> at > 0, multiSearchAllPositions(formatRow('JSONEachRow', *), [${list}]))) AS rows FROM ${table}`,
  );
  const rows = await storage.rows<{ table: string; rows: ReadonlyArray<number> }>(
    searches.join(" UNION ALL "),
  );
  return rows.flatMap(({ table, rows: counts }) =>
    needles.flatMap(({ name }, index) => (Number(counts[index] ?? 0) > 0 ? [`${name} in ${table}`] : [])),
  );
};
