import { eventColumns, splitRows } from "../../store/event-row.ts";
import type { RecentIds } from "./recent-ids.ts";

const PROJECT = eventColumns.indexOf("project_id");
const ID = eventColumns.indexOf("event_id");
const RECEIVED = eventColumns.indexOf("received_at");

const valuesOf = (row: Buffer): ReadonlyArray<unknown> => {
  try {
    const values: unknown = JSON.parse(row.toString());
    return Array.isArray(values) ? values : [];
  } catch {
    return [];
  }
};

/**
 * Adds the ids of encoded rows (see `RowBuffer`), as they wait to be stored; the number of ids that were new. A row that
 * cannot be read has no id here; what becomes of it is up to the writer.
 */
export const addEncodedRows = (ids: RecentIds, rows: Buffer): number => {
  let added = 0;
  for (const row of splitRows(rows)) {
    const { [PROJECT]: project, [ID]: id, [RECEIVED]: receivedAt } = valuesOf(row);
    if (typeof project === "string" && typeof id === "string" && typeof receivedAt === "number") {
      if (ids.addIfAbsent(project, id, receivedAt)) added++;
    }
  }
  return added;
};
