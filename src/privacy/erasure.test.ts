import { describe, expect, test } from "bun:test";
import { startService } from "../testing/service/child.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import { openStorage } from "../testing/service/storage.ts";
import { verify } from "../verify/verify.ts";
import { personKinds } from "./subject.ts";
import { askedOf, type Job, type Project } from "./testing/asking.ts";
import { crowd, person } from "./testing/crowd.ts";

const TIMEOUT_MS = 240_000;
/** Sites of the crowd times days that are over. */
const SEALED_DAYS = 4;

const noLimits = { rateLimitPerMinute: 0, rateLimitEventsPerMinute: 0 };

describe("a person who is erased", () => {
  const service = serviceForTests({ ground: fastClock(20), settings: noLimits });
  const { post, makeProject, send, answers, until } = askedOf(service.url, () => ADMIN_KEY);

  const allSealed = async ({ id }: Project) => {
    for (let i = 0; i < 3000; i++) {
      const [row] = await service.rows<{ n: number }>(
        "SELECT count() AS n FROM sealed_days FINAL WHERE project_id = {id:String}",
        { id },
      );
      if (row?.n === SEALED_DAYS) return;
      await Bun.sleep(20);
    }
    throw new Error("The days are not sealed");
  };

  for (const kind of personKinds) {
    test(
      `by ${kind}: all numbers are those of a project that never saw the person, to the unit`,
      async () => {
        const events = crowd(kind.length, 800, Date.now());
        const own = events.filter((event) => event[kind] === person[kind]);
        expect(own.length).toBeGreaterThan(10);
        const [erased, never] = [await makeProject(`with ${kind}`), await makeProject(`without ${kind}`)];
        expect(await send(erased, events)).toBe(events.length);
        await send(
          never,
          events.filter((event) => !own.includes(event)),
        );
        await allSealed(erased);
        await allSealed(never);
        const expected = await answers(never);
        expect(await answers(erased)).not.toEqual(expected);

        const begun = await post<Job>("/v1/privacy/erase", { project: erased.id, [kind]: person[kind] });
        expect([begun.status, begun.body.state]).toEqual([202, "waiting"]);
        const job = await until(begun.body, ["removing", "done"]);
        expect(job.rows).toMatchObject({ dead_letters: 0, events: own.length });
        expect(job.resealed_days).toBeGreaterThan(0);
        expect(job.recounted_hours).toBeGreaterThan(10);

        expect(await answers(erased)).toEqual(expected);
        expect(await service.run(verify({ repair: false, live: true, tell: () => {} }))).toMatchObject({
          agrees: true,
          differing: 0,
          sealed: { differing: 0 },
        });
        // What the person sends from now on is new, also what was sent before.
        const { body } = await post("/v1/events", { api_key: erased.key, events: own.slice(0, 10) });
        expect(body).toEqual({ accepted: 10, rejected: 0 });
      },
      TIMEOUT_MS,
    );
  }
});

describe("a user who is erased", () => {
  const service = serviceForTests({ ground: fastClock(20), settings: noLimits });
  const { post, request, makeProject, until } = askedOf(service.url, () => ADMIN_KEY);

  test(
    "takes the nameless events of the visitors that are linked to it along, and the links, and nobody else's",
    async () => {
      const { id, key } = await makeProject("linked");
      const at = (minute: number) => new Date(Date.now() - minute * 60_000).toISOString();
      const event = (visitor_id: string, minute: number, more: object = {}) => ({
        event_type: "page_view",
        event_id: `${visitor_id} ${minute}`,
        occurred_at: at(minute),
        site_id: "one.example",
        visitor_id,
        ...more,
      });
      const identify = (visitor_id: string, minute: number, user_id: string) =>
        event(visitor_id, minute, { event_type: "identify", user_id, properties: { plan: "pro" } });
      const events = [
        event("phone", 50),
        identify("phone", 49, "alice"),
        event("phone", 48, { user_id: "alice" }),
        event("laptop", 40),
        identify("laptop", 39, "alice"),
        // A browser that has become somebody else's: only what stands on Alice's name is hers.
        identify("shared", 30, "alice"),
        event("shared", 29),
        identify("shared", 28, "bob"),
        event("shared", 27, { user_id: "bob" }),
        event("nobody", 20),
      ];
      expect((await post("/v1/events", { api_key: key, events })).body).toMatchObject({
        accepted: events.length,
      });
      await service.settled();
      const begun = await post<Job>("/v1/privacy/erase", { project: id, user_id: "alice" });
      await until(begun.body, ["removing", "done"]);
      const left = await service.rows<{ event_id: string }>(
        "SELECT event_id FROM events WHERE project_id = {id:String} ORDER BY event_id",
        { id },
      );
      expect(left.map(({ event_id }) => event_id)).toEqual([
        "nobody 20",
        "shared 27",
        "shared 28",
        "shared 29",
      ]);
      const links = await service.rows<{ user_id: string }>(
        "SELECT user_id FROM daily_identities FINAL WHERE project_id = {id:String}",
        { id },
      );
      expect(links).toEqual([{ user_id: "bob" }]);
      const { body } = await request(
        `/v1/stats/metrics?metrics=visitors&people=linked&from=${at(600)}&to=${at(0)}&project=${id}`,
      );
      expect(body).toMatchObject({ metrics: { visitors: { value: 2 } } });
      expect(await service.run(verify({ repair: false, live: true, tell: () => {} }))).toMatchObject({
        agrees: true,
      });
    },
    TIMEOUT_MS,
  );
});

test(
  "an erasure that is cut off by kills again and again ends with the numbers of a project that never saw the person",
  async () => {
    await using storage = await openStorage("embedded");
    const env = { ...storage.env, RATE_LIMIT_PER_MINUTE: "0", RATE_LIMIT_EVENTS_PER_MINUTE: "0" };
    const events = crowd(7, 400, Date.now());
    const others = events.filter(({ visitor_id }) => visitor_id !== person.visitor_id);
    let projects: { readonly erased: Project; readonly never: Project } | undefined;
    let job: Job | undefined;
    let isErased = false;
    for (let life = 0; !isErased; life++) {
      await using service = await startService({ env });
      const asked = askedOf(
        () => service.url,
        () => service.adminKey,
      );
      projects ??= { erased: await asked.makeProject("with"), never: await asked.makeProject("without") };
      if (job === undefined) {
        await asked.send(projects.never, others);
        await asked.send(projects.erased, events);
        // Much of it is in the spool alone.
        const begun = await asked.post<Job>("/v1/privacy/erase", {
          project: projects.erased.id,
          visitor_id: person.visitor_id,
        });
        job = begun.body;
      }
      if (life < 5) {
        await Bun.sleep(150 * (life + 1) ** 2);
        await service.kill();
        continue;
      }
      await asked.until(job, ["removing", "done"]);
      isErased = true;
      expect(await asked.answers(projects.erased)).toEqual(await asked.answers(projects.never));
      await service.kill();
    }
  },
  TIMEOUT_MS,
);
