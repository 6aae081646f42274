import { expect, test } from "bun:test";
import { Clock, Effect, Layer } from "effect";
import { Projects } from "../projects/projects.ts";
import { fastClock } from "../testing/service/fast-clock.ts";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";
import { verified } from "../verify/sample.ts";
import { expire } from "./expiry.ts";

const TIMEOUT_MS = 120_000;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const service = serviceForTests({ ground: fastClock(20) });

const today = Math.floor(Date.now() / DAY_MS);
const date = (ago: number): string => new Date((today - ago) * DAY_MS).toISOString().slice(0, 10);

/** So much later, for what runs with it alone. */
const later = (ms: number) => {
  const live = Clock.make();
  return Layer.setClock({
    ...live,
    [Clock.ClockTypeId]: Clock.ClockTypeId,
    sleep: (duration) => live.sleep(duration),
    unsafeCurrentTimeMillis: () => live.unsafeCurrentTimeMillis() + ms,
    currentTimeMillis: Effect.map(live.currentTimeMillis, (now) => now + ms),
    currentTimeNanos: live.currentTimeNanos,
    unsafeCurrentTimeNanos: () => live.unsafeCurrentTimeNanos(),
  });
};

const events = (project: string, ago: number, visitors = 2) =>
  Array.from({ length: visitors * 3 }, (_, n) => ({
    event_type: "page_view",
    event_id: `${project} ${ago} ${n}`,
    occurred_at: `${date(ago)}T10:0${n % 3}:00Z`,
    visitor_id: `visitor ${Math.floor(n / 3)}`,
    site_id: "example.org",
    page_url: `https://example.org/${n % 3 === 0 ? "entry" : "page"}`,
  }));

const change = (path: string, method: string, body: object) =>
  service.request<{
    id: string;
    key: string;
    retention: object;
    parameter: string;
    detail: string;
  }>(path, {
    method,
    body: JSON.stringify(body),
    headers: { "x-admin-key": ADMIN_KEY, "content-type": "application/json" },
  });

const ask = (project: string, question: string, from: number) =>
  service.read<{ detail: string; parameter: string }>(
    `/v1/stats/${question}&project=${project}&from=${date(from)}&to=${date(0)}`,
  );

const questions = [
  "metrics?compare=none",
  "breakdown?dimension=page&metric=visitors,pageviews",
  "breakdown?dimension=entry_page&metric=sessions,visitors,bounce_rate",
  "timeseries?metric=visitors,sessions",
];

const stored = (table: string, time: string, count: string) =>
  service.rows<{ project: string; ago: number; n: number }>(
    `SELECT project_id AS project, ${today} - toUInt16(toDate(${time})) AS ago, ${count} AS n FROM ${table}
     GROUP BY ALL ORDER BY ALL`,
  );

const metric = async (name: string): Promise<number> => {
  const text = await (await fetch(`${service.url()}/metrics`)).text();
  return Number(new RegExp(`^footfall_${name.replace(/[{}]/g, "\\$&")} (\\S+)$`, "m").exec(text)?.[1]);
};

const settled = async () => {
  while ((await service.rows("SELECT 1 FROM system.mutations WHERE NOT is_done")).length > 0) {
    await Bun.sleep(20);
  }
};

const verifies = async () => {
  const result = await service.run(verified({ live: true }));
  expect(result).toMatchObject({ agrees: true, differing: 0, unsettled: 0 });
  return result;
};

test(
  "a project that keeps its events for 30 days has their numbers for as long as others, and nothing else of them",
  async () => {
    const { id } = (await change("/v1/projects", "POST", { name: "Own", allow_missing_origin: true })).body;
    const { key } = (await change(`/v1/projects/${id}/keys`, "POST", { label: "k", kind: "secret" })).body;
    const post = (own: boolean, ago: number, visitors?: number) =>
      service.post<{ accepted: number; errors?: ReadonlyArray<{ code: string; message: string }> }>(
        { events: events(own ? id : "default", ago, visitors) },
        own ? { "x-api-key": key } : {},
      );
    for (const ago of [40, 20, 2]) for (const own of [true, false]) await post(own, ago);
    await service.settled();
    while ((await metric("days_sealed")) < 6) await Bun.sleep(20);
    const asked = (project: string) =>
      Promise.all(questions.map(async (question) => (await ask(project, question, 45)).body));
    const before = [await asked(id), await asked("default")];
    const rollup = await stored("hourly_event_stats", "hour", "sum(events)");

    // Its wish counts at once, and nothing is deleted within the first hour.
    const tooLong = await change(`/v1/projects/${id}`, "PATCH", { retention: { raw_days: 91 } });
    expect([tooLong.status, tooLong.body.parameter]).toEqual([400, "retention.raw_days"]);
    const patched = await change(`/v1/projects/${id}`, "PATCH", { retention: { raw_days: 30 } });
    expect(patched.body.retention).toEqual({ raw_days: 30, rollup_years: null });
    expect(await service.run(expire)).toBe(0);
    await verifies();

    const expireLater = (ms: number) => service.run(Effect.provide(expire, later(ms)));
    expect(await expireLater(2 * HOUR_MS)).toBe(6);
    await verifies();
    await settled();
    await verifies();
    const six = (project: string, ...agos: ReadonlyArray<number>) =>
      agos.map((ago) => ({ project, ago, n: 6 }));
    const raw = await stored("events", "occurred_at", "count()");
    expect(raw).toEqual(
      [...six(id, 2, 20), ...six("default", 2, 20, 40)].toSorted((a, b) => (a.project < b.project ? -1 : 1)),
    );
    expect(await stored("hourly_event_stats", "hour", "sum(events)")).toEqual(rollup);
    expect([await asked(id), await asked("default")]).toEqual(before);
    expect(await metric('retention_rows_deleted_total{table="events"}')).toBe(6);
    expect(await expireLater(2 * HOUR_MS)).toBe(0);

    // What only single events can answer is refused, with the project's own days.
    const single = "breakdown?dimension=page&metric=visitors&filter=country:is:DE";
    const refused = await ask(id, single, 45);
    expect([refused.status, refused.body.parameter]).toEqual([400, "from"]);
    expect(refused.body.detail).toContain(`kept for 30 days: ask from ${date(29)} on`);
    expect((await ask("default", single, 45)).status).toBe(200);
    expect((await ask(id, single, 29)).status).toBe(200);

    // An old event is refused, with the same days; elsewhere it is taken.
    expect((await post(true, 35)).body).toMatchObject({
      accepted: 0,
      errors: [
        { code: "too_old", message: "occurred_at is older than the 30 days that events are kept." },
        ...Array.from({ length: 5 }, () => ({})),
      ],
    });
    expect((await post(false, 35)).body).toMatchObject({ accepted: 6 });

    // Kept for longer again: what is gone does not come back, and nobody is told otherwise.
    const keepFor = (rawDays: number | undefined, ms: number) =>
      service.run(
        Effect.provide(
          Effect.flatMap(Projects, ({ update }) => update(id, { retention: { rawDays } })),
          later(ms),
        ),
      );
    await keepFor(undefined, 3 * HOUR_MS);
    expect(await expireLater(5 * HOUR_MS)).toBe(0);
    const still = await ask(id, single, 45);
    expect([still.status, still.body.detail]).toEqual([
      400,
      expect.stringContaining(`kept for 90 days: ask from ${date(29)} on`),
    ]);
    expect((await post(true, 35)).body).toMatchObject({ accepted: 0 });
    expect((await post(true, 25)).body).toMatchObject({ accepted: 6 });
    await service.settled();
    expect((await ask(id, single, 29)).status).toBe(200);
    expect((await asked(id))[1]).toMatchObject({ total: { pageviews: 6 * 4, visitors: 2 } });
    await verifies();

    // And for a day only.
    await keepFor(1, 6 * HOUR_MS);
    expect(await expireLater(8 * HOUR_MS)).toBe(6 * 3);
    await settled();
    await verifies();
    expect(
      (await stored("events", "occurred_at", "count()")).filter(({ project }) => project === id),
    ).toEqual([]);
    expect(await asked("default")).toHaveLength(4);

    const log = await service.read<{ data: ReadonlyArray<{ action: string; details: object }> }>(
      `/v1/audit?project=${id}`,
    );
    expect(JSON.stringify(log.body)).toContain('"retention":{"raw_days":30,"rollup_years":null}');
  },
  TIMEOUT_MS,
);
