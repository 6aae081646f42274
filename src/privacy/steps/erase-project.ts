import { Effect } from "effect";
import { SealedDays } from "../../sealing/sealed-days.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { deleteRows } from "../delete-rows.ts";
import { belongings, projectTables } from "../tables.ts";
import { forgetIds } from "./forget-ids.ts";
import type { Job } from "./job.ts";
import { rowsIn } from "./rows-in.ts";

/** Deletes everything that is a project's, and nothing has to be counted again: nobody asks for it any more. */
export const eraseProject = (erasure: Job) =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const { project, work, requestedAtMs } = erasure;
    const sealed = yield* SealedDays;
    for (const { table, column, of } of belongings) {
      const rows = yield* clickhouse.query<{ id: string }>(
        `SELECT DISTINCT ${column} AS id FROM ${of} WHERE project_id = {project:String}`,
        { project },
      );
      const ids = rows.map(({ id }) => id);
      if (ids.length > 0) yield* deleteRows(table, `${column} IN {ids:Array(String)}`, { ids });
    }
    for (const table of yield* projectTables) {
      const own = rowsIn(table, work, requestedAtMs);
      if (own === undefined) continue;
      if (own.table === "events") yield* forgetIds(own, project);
      yield* deleteRows(own.table, own.condition, own.params);
    }
    sealed.forget(project);
    return { recountedHours: 0, resealedDays: 0 };
  });
