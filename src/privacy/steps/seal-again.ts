import { Effect } from "effect";
import { dateLiteral, sealDay } from "../../sealing/seal-day.ts";
import type { SiteDay } from "../../sealing/sealed-days.ts";
import { EventWriter } from "../../writer/event-writer.ts";
import { deleteRows } from "../delete-rows.ts";
import { conditionOf, paramsOf, type Subject } from "../subject.ts";

const POLL = "500 millis";

/** Seals days again that do not hold any more; how many. */
export const sealAgain = (days: ReadonlyArray<SiteDay>, subject: Subject) =>
  Effect.gen(function* () {
    const writer = yield* EventWriter;
    let count = 0;
    for (const day of days) {
      let sealed = yield* sealDay(day, writer.state().completedBatch);
      while (sealed === "arriving") {
        yield* Effect.sleep(POLL);
        sealed = yield* sealDay(day, writer.state().completedBatch);
      }
      if (typeof sealed !== "string") {
        count++;
        continue;
      }
      const ofDay = `project_id = {project:String} AND site_id = {site:String} AND date = ${dateLiteral(day.day)}`;
      const params = { ...paramsOf(subject), site: day.siteId };
      if (sealed === "endless") {
        // Its events are counted by every question from now on, also after a restart.
        for (const table of ["sealed_days", "sessions", "daily_field_stats"])
          yield* deleteRows(table, ofDay, params);
        continue;
      }
      // Its seal stands, since some of its events have expired: what names the subject goes, what it came to stays.
      const named = conditionOf(subject, ["visitor_id", "session_id"]);
      if (named !== undefined) yield* deleteRows("sessions", `${ofDay} AND ${named}`, params);
    }
    return count;
  });
