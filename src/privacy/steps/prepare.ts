import { Effect } from "effect";
import { Spool } from "../../spool/spool.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { EventWriter } from "../../writer/event-writer.ts";
import { BUDGET, countRows } from "../delete-rows.ts";
import type { Erasure, ErasureWork } from "../erasure.ts";
import { projectTables } from "../tables.ts";
import { withVisitors } from "../with-visitors.ts";
import { awaitStored, emptySpool } from "./empty-spool.ts";
import type { Job } from "./job.ts";
import { type DeletedRows, rowsIn } from "./rows-in.ts";

/** What is to be deleted and counted again, found before anything is. */
export const prepare = (erasure: Job) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const writer = yield* EventWriter;
    const spool = yield* Spool;
    yield* awaitStored(erasure);
    const subject = yield* withVisitors(erasure.work.subject);
    const deadLetters = yield* emptySpool(subject, erasure.requestedAtMs);
    const work: ErasureWork = { ...erasure.work, subject, upToBatch: writer.state().completedBatch };
    const rows: Record<string, number> = { dead_letters: deadLetters };
    let events: DeletedRows | undefined;
    for (const table of yield* projectTables) {
      const own = rowsIn(table, work, erasure.requestedAtMs);
      if (own === undefined) continue;
      if (own.table === "events") events = own;
      const found = yield* countRows(own.table, own.condition, own.params);
      if (found > 0) rows[own.table] = found;
    }
    const hours: Record<string, ReadonlyArray<number>> = {};
    if (events !== undefined && work.subject.kind !== "project") {
      const sites = yield* clickhouse.query<{ site: string; hours: ReadonlyArray<number> }>(
        `SELECT site_id AS site, arraySort(groupUniqArray(intDiv(toUnixTimestamp(occurred_at), 3600))) AS hours
         FROM events WHERE ${events.condition} GROUP BY site`,
        events.params,
        BUDGET,
      );
      for (const each of sites) hours[each.site] = each.hours;
    }
    const [detached] = yield* clickhouse.query<{ parts: number }>(
      "SELECT count() AS parts FROM system.detached_parts WHERE database = currentDatabase()",
    );
    return {
      ...erasure,
      state: "erasing",
      work: { ...work, hours },
      receipt: {
        ...erasure.receipt,
        rows,
        setAsideFiles: (detached?.parts ?? 0) + spool.state().damages.length,
      },
    } satisfies Erasure;
  });
