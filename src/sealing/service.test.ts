import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { type RunningService, startService } from "../testing/service/child.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import { serviceForTests } from "../testing/service/in-process.ts";
import { openStorage } from "../testing/service/storage.ts";
import { DAY_MS } from "./sealed-days.ts";

const TIMEOUT_MS = 240_000;

const today = Math.floor(Date.now() / DAY_MS);
const date = (ago: number): string => new Date((today - ago) * DAY_MS).toISOString().slice(0, 10);

/** Page views of a visitor two minutes long, on a day that is over. */
const visit = (ago: number, visitor: number, site = "example.org", hour = "10") =>
  ["00:00", "01:00", "02:00"].map((time, index) => ({
    event_type: "page_view",
    event_id: `${site} ${ago} ${visitor} ${hour} ${index}`,
    occurred_at: `${date(ago)}T${hour}:${time}Z`,
    visitor_id: `visitor ${visitor}`,
    site_id: site,
    page_url: `https://${site}/${index === 0 ? "entry" : "page"}`,
  }));

const levelOf = (metrics: string, name: string): number =>
  Number(new RegExp(`^footfall_${name} (\\S+)$`, "m").exec(metrics)?.[1]);

describe("the service", () => {
  const service = serviceForTests({ ground: fastClock(20) });

  const ask = async (path: string) => {
    const { status, body } = await service.read<object>(`/v1/stats/${path}&from=${date(5)}&to=${date(0)}`);
    expect(status).toBe(200);
    return body;
  };
  const questions = [
    "metrics?compare=none",
    "breakdown?dimension=page&metric=visitors,pageviews,sessions",
    "breakdown?dimension=entry_page&metric=sessions,visitors",
    "timeseries?metric=visitors,sessions,avg_duration",
  ];
  const asked = () => Promise.all(questions.map(ask));
  const metrics = async () => await (await fetch(`${service.url()}/metrics`)).text();

  test(
    "answers are the same before a day is sealed, after it, and when a late event has come",
    async () => {
      await service.post({ events: [...visit(2, 1), ...visit(2, 2), ...visit(3, 1), ...visit(4, 1)] });
      await service.settled();
      const before = await asked();
      expect(before[0]).toMatchObject({
        metrics: {
          visitors: { value: 2 },
          sessions: { value: 4 },
          pageviews: { value: 12 },
          avg_duration: { value: 120 },
        },
      });
      let levels = await metrics();
      for (let i = 0; i < 500 && levelOf(levels, "days_sealed") < 3; i++) {
        await Bun.sleep(20);
        levels = await metrics();
      }
      expect([levelOf(levels, "days_sealed"), levelOf(levels, "days_open")]).toEqual([3, 0]);
      expect(levelOf(levels, "seal_seconds_count")).toBeGreaterThanOrEqual(3);
      expect(await asked()).toEqual(before);

      await service.post({ events: visit(2, 3, "example.org", "11") });
      await service.settled();
      const [whole] = await asked();
      expect(whole).toMatchObject({
        metrics: { visitors: { value: 3 }, sessions: { value: 5 }, pageviews: { value: 15 } },
      });
      levels = await metrics();
      expect(levelOf(levels, "days_open")).toBe(1);
    },
    TIMEOUT_MS,
  );
});

const SITES = 4;
const DAYS = 6;

const get = async (service: RunningService, path: string) => {
  const response = await fetch(`${service.url}${path}`, { headers: { "x-admin-key": service.adminKey } });
  expect(response.status).toBe(200);
  return await response.text();
};

test(
  "a service that is killed while it seals many days answers exactly after its start, and at last all are sealed",
  async () => {
    await using storage = await openStorage("embedded");
    const range = `from=${date(DAYS)}&to=${date(0)}`;
    // Of every site so many visitors a day as its number says, the same each day.
    const answered = async (service: RunningService) => {
      const [metrics, breakdown] = await Promise.all([
        get(service, `/v1/stats/metrics?${range}`),
        get(service, `/v1/stats/breakdown?dimension=site&metric=visitors,sessions,pageviews&${range}`),
      ]);
      const sum = (SITES * (SITES + 1)) / 2;
      expect(JSON.parse(metrics)).toMatchObject({
        metrics: {
          visitors: { value: SITES },
          sessions: { value: sum * DAYS },
          pageviews: { value: sum * DAYS * 3 },
          avg_duration: { value: 120 },
        },
      });
      expect(JSON.parse(breakdown)).toMatchObject({
        data: Array.from({ length: SITES }, (_, index) => ({
          dimension: `site-${SITES - index}.example`,
          visitors: SITES - index,
          sessions: (SITES - index) * DAYS,
          pageviews: (SITES - index) * DAYS * 3,
        })),
      });
    };
    const sealed = async (service: RunningService) => levelOf(await get(service, "/metrics"), "days_sealed");

    let wanted = 0;
    for (const life of [1, 2, 3, 4]) {
      await using service = await startService({ env: { ...storage.env, FLUSH_INTERVAL_MS: "100" } });
      if (life === 1) {
        const events = Array.from({ length: DAYS }, (_, day) =>
          Array.from({ length: SITES }, (_, site) =>
            Array.from({ length: site + 1 }, (_, visitor) =>
              visit(day + 1, visitor, `site-${site + 1}.example`),
            ),
          ),
        ).flat(3);
        const response = await fetch(`${service.url}/v1/events`, {
          method: "POST",
          body: JSON.stringify({ events }),
        });
        expect(await response.json()).toMatchObject({ accepted: events.length });
        while (JSON.parse(await get(service, "/ready")).queued > 0) await Bun.sleep(20);
      }
      await answered(service);
      expect(await sealed(service)).toBeGreaterThanOrEqual(wanted);
      wanted = life === 4 ? SITES * DAYS : wanted + 3;
      // Yesterday is not sealed in the first hour of a day.
      const most = SITES * (DAYS - (Date.now() % DAY_MS < 2 * 3_600_000 ? 1 : 0));
      while ((await sealed(service)) < Math.min(wanted, most)) await Bun.sleep(20);
      await answered(service);
      if (life < 4) await service.kill();
      else await service.stop();
    }
    const verify = Bun.spawn({
      cmd: [process.execPath, "scripts/verify.ts"],
      cwd: join(import.meta.dir, "../.."),
      env: { PATH: process.env.PATH ?? "", DATA_DIR: storage.env.DATA_DIR ?? "" },
      stdout: "pipe",
      stderr: "inherit",
    });
    const [out, status] = await Promise.all([new Response(verify.stdout).text(), verify.exited]);
    expect(out).toMatch(/\n\d+ sealed days of sites: all agree with the raw events\.\n$/);
    expect(status).toBe(0);
    expect(
      await storage.rows(
        "SELECT project_id, site_id, date, count() AS seals FROM sealed_days GROUP BY ALL HAVING seals > 1",
      ),
    ).toEqual([]);
  },
  TIMEOUT_MS,
);
