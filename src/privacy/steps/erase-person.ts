import { Effect } from "effect";
import { dateLiteral } from "../../sealing/seal-day.ts";
import { DAY_MS, HOUR_MS, SealedDays } from "../../sealing/sealed-days.ts";
import { ReplacedRollups } from "../../stats/replaced-rollups.ts";
import { firstKeptDay, GRACE_MS } from "../../verify/days.ts";
import { readFirstDays } from "../../verify/first-days.ts";
import { readRollups } from "../../verify/rollup.ts";
import { EventWriter } from "../../writer/event-writer.ts";
import { deleteRows } from "../delete-rows.ts";
import { recountHours } from "../recount.ts";
import { projectTables } from "../tables.ts";
import { forgetIds } from "./forget-ids.ts";
import { type Job, say } from "./job.ts";
import { rowsIn } from "./rows-in.ts";
import { sealAgain } from "./seal-again.ts";

/** Deletes what is somebody's, and makes what it was counted in what the events that are left come to. */
export const erasePerson = (erasure: Job) =>
  Effect.gen(function* () {
    const { id, project, work, requestedAtMs } = erasure;
    const sealed = yield* SealedDays;
    const writer = yield* EventWriter;
    const sites = Object.entries(work.hours);
    yield* sealed.refresh;
    const days = sites.flatMap(([site, hours]) => sealed.reopen(project, site, hours));
    const rollups = yield* readRollups;
    const tables = yield* projectTables;
    const events = tables.find(({ name }) => name === "events");
    const own = events === undefined ? undefined : rowsIn(events, work, requestedAtMs);
    if (own !== undefined) {
      yield* forgetIds(own, project);
      yield* deleteRows(own.table, own.condition, own.params);
    }
    yield* say(erasure, "events are deleted");
    // Earlier days cannot be counted again: some of their events have expired. What they came to stays.
    const ownFirst = (yield* readFirstDays(GRACE_MS)).get(project) ?? 0;
    const keptFromMs = Math.max(yield* firstKeptDay(rollups), ownFirst * DAY_MS);
    const kept = sites
      .map(([site, hours]) => ({ site, hours: hours.filter((hour) => hour * HOUR_MS >= keptFromMs) }))
      .filter(({ hours }) => hours.length > 0);
    const replaced = yield* ReplacedRollups;
    yield* Effect.forEach(
      kept.flatMap((ofSite) => rollups.map((rollup) => ({ rollup, ...ofSite }))),
      ({ rollup, ...ofSite }) => writer.betweenBatches(recountHours(rollup, { id, project, ...ofSite })),
      { discard: true },
    ).pipe(replaced.during(project));
    const recountedHours = kept.reduce((sum, { hours }) => sum + hours.length, 0);
    yield* say(
      erasure,
      `${recountedHours} hours of sites are counted again, ${days.length} days are to be sealed again`,
    );
    // Rows that name a visitor go from those too, and from what has no days.
    for (const table of tables) {
      const named = table.name === "events" ? undefined : rowsIn(table, work, requestedAtMs);
      if (named === undefined) continue;
      const { condition, params } = named;
      yield* table.hasDate
        ? writer.betweenBatches(
            deleteRows(table.name, `${condition} AND date < ${dateLiteral(keptFromMs / DAY_MS)}`, params),
          )
        : deleteRows(table.name, condition, params);
    }
    return { recountedHours, resealedDays: yield* sealAgain(days, work.subject) };
  });
