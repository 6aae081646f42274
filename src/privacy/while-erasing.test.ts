import { describe, expect, test } from "bun:test";
import { fastClock } from "../testing/service/fast-clock.ts";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import { askedOf, type Job } from "./testing/asking.ts";
import { crowd, person } from "./testing/crowd.ts";

const TIMEOUT_MS = 240_000;

const noLimits = { rateLimitPerMinute: 0, rateLimitEventsPerMinute: 0 };

describe("while a person is erased", () => {
  const service = serviceForTests({ ground: fastClock(20), settings: noLimits });
  const { post, request, makeProject, send, until } = askedOf(service.url, () => ADMIN_KEY);

  const columns = { widgets: "impressions", posts: "widget_impressions", timeseries: "count" } as const;
  type Route = keyof typeof columns;
  const routes = Object.keys(columns) as ReadonlyArray<Route>;

  test(
    "no answer has less than what is left, nor more than there was",
    async () => {
      const project = await makeProject("being erased");
      await send(project, crowd(7, 3000, Date.now()));
      await service.settled();
      const [from, to] = [5, -1].map((ago) =>
        new Date(Date.now() - ago * 86_400_000).toISOString().slice(0, 10),
      );
      const total = async (route: Route): Promise<number> => {
        const { body } = await request<{ data: ReadonlyArray<Record<string, number>> }>(
          `/v1/stats/${route}?project=${project.id}&from=${from}&to=${to}${route === "timeseries" ? "&interval=day" : "&limit=1000"}`,
        );
        return body.data.reduce((sum, row) => sum + (row[columns[route]] ?? Number.NaN), 0);
      };
      const before = await Promise.all(routes.map(total));
      const job = (await post<Job>("/v1/privacy/erase", { project: project.id, user_id: person.user_id }))
        .body;
      let isErased = false;
      const seen = routes.map(async (route) => {
        const found: Array<number> = [];
        while (!isErased) found.push(await total(route));
        return found;
      });
      await until(job, ["removing", "done"]);
      isErased = true;
      const meanwhile = await Promise.all(seen);
      const after = await Promise.all(routes.map(total));
      for (const [index, found] of meanwhile.entries()) {
        expect(after[index]).toBeLessThan(before[index] ?? 0);
        expect(found.length).toBeGreaterThan(2);
        expect(Math.min(...found)).toBeGreaterThanOrEqual(after[index] ?? 0);
        expect(Math.max(...found)).toBeLessThanOrEqual(before[index] ?? 0);
      }
    },
    TIMEOUT_MS,
  );
});
