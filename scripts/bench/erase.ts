import { cpSync } from "node:fs";
import { join } from "node:path";
import { makeBodies } from "./bodies.ts";
import { type Child, startService, temporaryDirectory } from "./child.ts";
import { load } from "./load.ts";
import { childSettings, seeded } from "./read/seeded.ts";
import type { Row } from "./table.ts";

/** What the person did: a visit on each of so many days. */
const DAYS = 30;
const EVENTS_A_DAY = 10;

/** What comes in meanwhile, in slices of so many seconds. */
const PER_SECOND = 2000;
const SLICE_SECONDS = 5;

const POLL_MS = 200;
const DAY_MS = 86_400_000;

interface Erasure {
  readonly id: string;
  readonly state: string;
}

const asked = ({ url }: Child, adminKey: string) => {
  const request = async <Body>(path: string, init: RequestInit = {}): Promise<Body> => {
    const answer = await fetch(`${url}${path}`, { ...init, headers: { "x-admin-key": adminKey } });
    if (!answer.ok) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
    return (await answer.json()) as Body;
  };
  return {
    get: <Body>(path: string) => request<Body>(path),
    post: <Body>(path: string, body: object) =>
      request<Body>(path, { method: "POST", body: JSON.stringify(body) }),
  };
};

const visitOf = (visitor: string, site: string, startMs: number) =>
  Array.from({ length: EVENTS_A_DAY }, (_, index) => ({
    event_type: "page_view",
    occurred_at: startMs + index * 60_000,
    site_id: site,
    page_url: `https://${site}/${index}`,
    visitor_id: visitor,
  }));

/** 99th percentile of the time of an answer in ms, while events come in evenly. */
const slice = async ({ url }: Child): Promise<number> => {
  const events = PER_SECOND * SLICE_SECONDS;
  const { p99 } = await load(`${url}/v1/events`, makeBodies(200), { events, perSecond: PER_SECOND });
  return p99;
};

/**
 * How long it takes until no answer knows of a person any more, on a copy of the data that `read` asks, and what others
 * notice of it: the time of an answer, and whether a rollup ever says something else meanwhile.
 */
export const erase = async (events: number, parent: string | undefined): Promise<Row> => {
  const { dataDir, untilMs } = await seeded(parent ?? temporaryDirectory(), events);
  const copy = join(temporaryDirectory(), "data");
  cpSync(dataDir, copy, { recursive: true });
  const settings = childSettings(copy);
  const service = await startService(settings);
  const { get, post } = asked(service, settings.ADMIN_API_KEY ?? "");
  const range = [DAYS, 1].map((ago) => new Date(untilMs - ago * DAY_MS).toISOString().slice(0, 10));
  const ofRange = `from=${range[0]}&to=${range[1]}&limit=1`;
  const sites = await get<{ data: ReadonlyArray<{ dimension: string }> }>(
    `/v1/stats/breakdown?dimension=site&metric=pageviews&${ofRange}`,
  );
  const site = sites.data[0]?.dimension;
  if (site === undefined) throw new Error("There are no events.");
  for (let ago = 1; ago <= DAYS; ago++) {
    await post("/v1/events", { events: visitOf("the person", site, untilMs - ago * DAY_MS) });
  }
  while ((await get<{ queued: number }>("/ready")).queued > 0) await Bun.sleep(POLL_MS);

  const widgets = () => get<unknown>(`/v1/stats/widgets?site_id=${site}&${ofRange}`);
  const expected = JSON.stringify(await widgets());
  let seconds: number | undefined;
  let answers = 0;
  let wrong = 0;
  const ask = async () => {
    while (seconds === undefined) {
      if (JSON.stringify(await widgets()) !== expected) wrong++;
      answers++;
      await Bun.sleep(POLL_MS);
    }
  };
  const asking = ask();
  // The first one is answered while the code is compiled.
  await slice(service);
  const before = await slice(service);
  const started = performance.now();
  const { id } = await post<Erasure>("/v1/privacy/erase", { project: "default", visitor_id: "the person" });
  const erased = async () => {
    for (;;) {
      const { state } = await get<Erasure>(`/v1/privacy/erasures/${id}`);
      if (state !== "waiting" && state !== "erasing") break;
      await Bun.sleep(POLL_MS);
    }
    seconds = (performance.now() - started) / 1000;
  };
  const p99s: Array<number> = [];
  const others = async () => {
    while (seconds === undefined) p99s.push(await slice(service));
  };
  await Promise.all([erased(), asking, others()]);
  await service.stop();
  const slowest = Math.max(...p99s);
  return {
    name: "erase a person",
    measured: `${(seconds ?? Number.NaN).toFixed(1)} s for ${DAYS * EVENTS_A_DAY} events on ${DAYS} days of ${events / 1e6} M; p99 of an answer at ${PER_SECOND}/s up to ${slowest.toFixed(0)} ms; ${wrong} of ${answers} answers of a rollup differed`,
    against: `p99 ${before.toFixed(0)} ms before`,
    ratio: (slowest / before).toFixed(1),
  };
};
