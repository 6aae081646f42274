import { join } from "node:path";
import { makeBodies } from "./bodies.ts";
import { startService, temporaryDirectory } from "./child.ts";
import { load } from "./load.ts";
import { median, type Row, thousands } from "./table.ts";

/** Events before the measured ones, until the code is compiled. */
const WARM_UP = 200_000;

const engineAlone = async (events: number): Promise<number> => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "engine-alone.ts"), String(events)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return Number(await new Response(child.stdout).text());
};

const stored = async (url: string): Promise<number> => {
  const response = await fetch(`${url}/ready`);
  return ((await response.json()) as { readonly stored: number }).stored;
};

const service = async (events: number): Promise<number> => {
  const child = await startService({ DATA_DIR: temporaryDirectory() });
  const bodies = makeBodies(400);
  const url = `${child.url}/v1/events`;
  const warmedUp = (await load(url, bodies, { events: WARM_UP })).accepted;
  while ((await stored(child.url)) < warmedUp) await Bun.sleep(20);
  const started = performance.now();
  // The bounded queue holds the senders back, so that the backlog is flat for all but the first moments.
  const { accepted } = await load(url, bodies, { events });
  while ((await stored(child.url)) < warmedUp + accepted) await Bun.sleep(20);
  const seconds = (performance.now() - started) / 1000;
  await child.stop();
  return accepted / seconds;
};

/** Events per second from the request to the tables, against the rows per second of the engine alone. */
export const sustain = async ({
  events,
  rounds,
}: {
  readonly events: number;
  readonly rounds: number;
}): Promise<Row> => {
  const own: Array<number> = [];
  const alone: Array<number> = [];
  for (let round = 0; round < rounds; round++) {
    alone.push(await engineAlone(events));
    own.push(await service(events));
  }
  return {
    name: "sustain",
    measured: `${thousands(median(own))} from POST to queryable`,
    against: `${thousands(median(alone))} by the engine alone, same rows and views`,
    ratio: median(own.map((rate, round) => rate / (alone[round] ?? Number.NaN))).toFixed(2),
  };
};
