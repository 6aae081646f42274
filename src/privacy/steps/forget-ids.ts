import { Effect } from "effect";
import { DuplicateIds } from "../../ingest/duplicates/duplicate-ids.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { BUDGET } from "../delete-rows.ts";
import type { DeletedRows } from "./rows-in.ts";

/** Ids that one question asks for. */
const IDS = 500_000;

/** The next time one of these events is sent it is a new event. */
export const forgetIds = ({ table, condition, params }: DeletedRows, project: string) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const ids = yield* DuplicateIds;
    for (let last = ""; ; ) {
      const rows = yield* clickhouse.query<{ event_id: string }>(
        `SELECT event_id FROM ${table} WHERE ${condition} AND event_id > {last:String}
           AND received_at >= fromUnixTimestamp64Milli({since:Int64}, 'UTC') ORDER BY event_id LIMIT ${IDS}`,
        { ...params, last, since: ids.since },
        BUDGET,
      );
      for (const { event_id } of rows) ids.remove(project, event_id);
      if (rows.length < IDS) return;
      last = rows.at(-1)?.event_id ?? "";
    }
  });
