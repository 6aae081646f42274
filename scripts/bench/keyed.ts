import { readFileSync } from "node:fs";
import { DEFAULT_PROJECT } from "../../src/domain/project.ts";
import { EVENTS_PER_REQUEST, makeBodies } from "./bodies.ts";
import { burst, drained } from "./burst.ts";
import { type Child, startService, temporaryDirectory } from "./child.ts";
import { median, type Row, thousands } from "./table.ts";

/** Shorter than what the queue holds: many bursts tell a small difference, long ones do not. */
const BURST = 100_000;

/** Pairs of bursts before the measured ones, until the code of the service is compiled. */
const WARM_UP_PAIRS = 4;
const PAIRS_PER_ROUND = 8;

const ADMIN_KEY = "the key of the benchmark";

/** A write key of the project that takes events without one too, so that nothing but the key differs. */
const makeKey = async ({ url }: Child): Promise<string> => {
  const answer = await fetch(`${url}/v1/projects/${DEFAULT_PROJECT}/keys`, {
    method: "POST",
    headers: { "x-admin-key": ADMIN_KEY },
    body: JSON.stringify({ kind: "write", label: "Benchmark" }),
  });
  if (!answer.ok) throw new Error(`A key was refused: ${answer.status}`);
  return ((await answer.json()) as { readonly key: string }).key;
};

/** Processor time so far of the thread that answers, in milliseconds. Linux alone tells; it counts in steps of 10. */
const answeringMs = ({ pid }: Child): number => {
  const fields = readFileSync(`/proc/${pid}/task/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) * 10;
};

interface Bursts {
  /** Events answered per second. */
  readonly rates: Array<number>;
  /** Microseconds of the answering thread per request. */
  readonly costs: Array<number>;
}

/**
 * What a request costs with a write key against one without, on one service, in pairs of bursts of which either kind goes
 * first by turns: what one leaves to do for the next would else count against one of them. Bursts of one kind differ more
 * among themselves than the kinds do; the processor time of the thread that answers differs less, and is compared.
 */
export const keyed = async ({ rounds }: { readonly rounds: number }): Promise<Row> => {
  const service = await startService({ DATA_DIR: temporaryDirectory(), ADMIN_API_KEY: ADMIN_KEY });
  const bodies = { with: makeBodies(400, await makeKey(service)), without: makeBodies(400) };
  const measured: Readonly<Record<keyof typeof bodies, Bursts>> = {
    with: { rates: [], costs: [] },
    without: { rates: [], costs: [] },
  };
  for (let pair = -WARM_UP_PAIRS; pair < rounds * PAIRS_PER_ROUND; pair++) {
    for (const kind of pair % 2 === 0 ? (["with", "without"] as const) : (["without", "with"] as const)) {
      const before = answeringMs(service);
      const rate = await burst(service, bodies[kind], { events: BURST });
      const cost = ((answeringMs(service) - before) * 1000) / (BURST / EVENTS_PER_REQUEST);
      if (pair >= 0) {
        measured[kind].rates.push(rate);
        measured[kind].costs.push(cost);
      }
      await drained(service);
    }
  }
  await service.stop();
  const said = ({ rates, costs }: Bursts) =>
    `${median(costs).toFixed(0)} µs of the answering thread per request, ${thousands(median(rates))}`;
  return {
    name: "accept, with a write key",
    measured: said(measured.with),
    against: `${said(measured.without)} without`,
    ratio: (median(measured.without.costs) / median(measured.with.costs)).toFixed(2),
  };
};
