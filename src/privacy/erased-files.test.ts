import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import { projectTables } from "./tables.ts";
import { askedOf, type Job, type Project } from "./testing/asking.ts";
import { crowd, person } from "./testing/crowd.ts";

const TIMEOUT_MS = 240_000;

const noLimits = { rateLimitPerMinute: 0, rateLimitEventsPerMinute: 0 };

describe("when an erasure is done", () => {
  const service = serviceForTests({ ground: fastClock(20), settings: noLimits });
  const { request, post, makeProject, send, answers, until } = askedOf(service.url, () => ADMIN_KEY);

  /** The files below a directory that hold a text. */
  const filesWith = (text: string): ReadonlyArray<string> =>
    readdirSync(service.dataDir(), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .filter((path) => readFileSync(path).includes(text));

  const rowsOf = async (project: Project) => {
    const found: Record<string, number> = {};
    for (const { name } of await service.run(projectTables)) {
      const [row] = await service.rows<{ n: number }>(
        `SELECT count() AS n FROM ${name} WHERE project_id = {id:String}`,
        { id: project.id },
      );
      if (row !== undefined && row.n > 0) found[name] = row.n;
    }
    return found;
  };

  test(
    "nothing of the person, then nothing of the whole project, is in any file, and other projects are as they were",
    async () => {
      // Former parts are kept for minutes otherwise.
      for (const { name } of await service.run(projectTables)) {
        await service.run(
          Effect.flatMap(ClickHouse, ({ command }) =>
            command(
              `ALTER TABLE ${name} MODIFY SETTING old_parts_lifetime = 1, cleanup_delay_period = 1, max_cleanup_delay_period = 1`,
            ),
          ),
        );
      }
      const events = crowd(99, 400, Date.now());
      const [project, other] = [await makeProject("files"), await makeProject("other")];
      await send(project, events);
      await send(
        other,
        events.filter(({ visitor_id }) => visitor_id !== person.visitor_id),
      );
      await service.settled();
      const before = await answers(other);
      // The spool's file of the last events is there until others follow.
      expect(filesWith(person.user_id)).not.toEqual([]);

      const begun = await post<Job>("/v1/privacy/erase", {
        project: project.id,
        visitor_id: person.visitor_id,
      });
      const job = await until(begun.body, ["done"]);
      expect(job.gone_at).not.toBeNull();
      for (const planted of [person.user_id, "person-title-c0de", "person-note-beef"]) {
        expect(filesWith(planted)).toEqual([]);
        const rows = await service.rows(
          `SELECT 1 FROM events WHERE project_id = {id:String}
             AND (user_id = {text:String} OR page_title = {text:String} OR position(properties, {text:String}) > 0)`,
          { id: project.id, text: planted },
        );
        expect(rows).toEqual([]);
      }

      expect(await rowsOf(project)).toMatchObject({ events: expect.any(Number), api_keys: 1 });
      const deleted = await request<Job>(`/v1/projects/${project.id}`, { method: "DELETE" });
      expect(deleted.status).toBe(202);
      expect((await request(`/v1/stats/metrics?project=${project.id}`)).status).toBe(404);
      const refused = await post<{ code: string }>("/v1/events", { api_key: project.key, events });
      expect(refused.status).toBe(401);
      await until(deleted.body, ["done"]);
      expect(await rowsOf(project)).toEqual({});
      expect(await answers(other)).toEqual(before);
      const gone = await request<{ code: string }>("/v1/projects/default", { method: "DELETE" });
      expect([gone.status, gone.body.code]).toEqual([409, "project_stays"]);
    },
    TIMEOUT_MS,
  );
});
