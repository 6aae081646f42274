import { join } from "node:path";
import { makeBodies } from "./bodies.ts";
import { startService, temporaryDirectory } from "./child.ts";
import { load } from "./load.ts";
import { median, type Row, thousands } from "./table.ts";

/** Events before the measured ones, until the code is compiled. */
const WARM_UP = 400_000;

/** Events that wait to be stored: a few batches. */
const BACKLOG = 300_000;

const LOOK_INTERVAL_MS = 20;
const HALF_LOAD_SECONDS = 10;

const engineAlone = async (events: number): Promise<number> => {
  const child = Bun.spawn([process.execPath, join(import.meta.dir, "engine-alone.ts"), String(events)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  return Number(await new Response(child.stdout).text());
};

const ready = async (url: string): Promise<{ readonly stored: number; readonly queued: number }> =>
  (await fetch(`${url}/ready`)).json() as Promise<{ stored: number; queued: number }>;

interface Sustained {
  /** Events per second. */
  readonly rate: number;
  /** Of an answer, in milliseconds, while half of that rate comes evenly. */
  readonly p99: number;
}

const drained = async (url: string): Promise<void> => {
  while ((await ready(url)).queued > 0) await Bun.sleep(LOOK_INTERVAL_MS);
};

/**
 * Events per second that are stored while as many come in: senders are held back so that the backlog stays at its size,
 * and the time runs from the end of one batch to the end of another.
 */
const service = async (events: number): Promise<Sustained> => {
  const child = await startService({ DATA_DIR: temporaryDirectory() });
  const url = `${child.url}/v1/events`;
  const bodies = makeBodies(400);
  const progress: Array<{ readonly at: number; readonly stored: number }> = [];
  let queued = 0;
  let isOver = false;
  const watch = async () => {
    while (!isOver) {
      const state = await ready(child.url);
      queued = state.queued;
      if (state.stored !== progress.at(-1)?.stored)
        progress.push({ at: performance.now(), stored: state.stored });
      await Bun.sleep(LOOK_INTERVAL_MS);
    }
  };
  const watching = watch();
  await load(url, bodies, { events: WARM_UP + events + BACKLOG, isHeld: () => queued >= BACKLOG });
  isOver = true;
  await watching;
  const first = progress.find(({ stored }) => stored >= WARM_UP);
  const last = progress.at(-1);
  if (first === undefined || last === undefined || last.stored === first.stored)
    throw new Error("Too few events to tell a rate; give more with --events.");
  const rate = (last.stored - first.stored) / ((last.at - first.at) / 1000);
  await drained(child.url);
  const perSecond = rate / 2;
  const { p99 } = await load(url, bodies, { events: perSecond * HALF_LOAD_SECONDS, perSecond });
  await child.stop();
  return { rate, p99 };
};

/** Events per second from the request to the tables, against the rows per second of the engine alone. */
export const sustain = async ({
  events,
  rounds,
}: {
  readonly events: number;
  readonly rounds: number;
}): Promise<Row> => {
  const own: Array<Sustained> = [];
  const alone: Array<number> = [];
  for (let round = 0; round < rounds; round++) {
    alone.push(await engineAlone(events));
    own.push(await service(events));
  }
  return {
    name: "sustain",
    measured: `${thousands(median(own.map(({ rate }) => rate)))} from POST to queryable; p99 of an answer ${median(own.map(({ p99 }) => p99)).toFixed(0)} ms at half of it`,
    against: `${thousands(median(alone))} by the engine alone, same rows and views`,
    ratio: median(own.map(({ rate }, round) => rate / (alone[round] ?? Number.NaN))).toFixed(2),
  };
};
