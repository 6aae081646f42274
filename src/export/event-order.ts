import { events } from "../stats/tables.ts";
import type { QueryParams } from "../store/clickhouse.ts";

/**
 * The place of an event among those of its project: by time, then by id. An id that came again after it was forgotten
 * came in another batch, and the service stores none twice in one.
 */
export interface EventKey {
  readonly atMs: number;
  readonly id: string;
  readonly batch: number;
}

const columns = ["t.occurred_at", "t.event_id", "t.batch"] as const;

export const OLDEST_FIRST: string = columns.join(", ");
export const NEWEST_FIRST: string = columns.map((column) => `${column} DESC`).join(", ");

/** The columns of a key, to be selected. */
export const KEY_COLUMNS = "t.occurred_at AS key_at, t.event_id AS key_id, t.batch AS key_batch";

/** A condition with bound parameters whose names begin with `name`. */
export const compareKey = (operator: "<" | "<=" | ">", key: EventKey, name: string) => ({
  sql: `(${columns.join(", ")}) ${operator} ({${name}_at:DateTime64(3, 'UTC')}, {${name}_id:String}, {${name}_batch:UInt64})`,
  params: {
    [`${name}_at`]: events.timeParam(key.atMs),
    [`${name}_id`]: key.id,
    [`${name}_batch`]: key.batch,
  } satisfies QueryParams,
});
