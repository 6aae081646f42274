import { DEFAULT_PROJECT } from "../../src/domain/project.ts";
import { makeBodies } from "./bodies.ts";
import { burst, drained } from "./burst.ts";
import { type Child, startService, temporaryDirectory } from "./child.ts";
import { quantile } from "./quantile.ts";
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

/**
 * Events answered per second with a write key against without, on one service, in pairs of bursts of which either kind
 * goes first by turns: what one leaves to do for the next would else count against one of them.
 */
export const keyed = async ({ rounds }: { readonly rounds: number }): Promise<Row> => {
  const service = await startService({ DATA_DIR: temporaryDirectory(), ADMIN_API_KEY: ADMIN_KEY });
  const bodies = { with: makeBodies(400, await makeKey(service)), without: makeBodies(400) };
  const rates = { with: [] as number[], without: [] as number[] };
  for (let pair = -WARM_UP_PAIRS; pair < rounds * PAIRS_PER_ROUND; pair++) {
    for (const kind of pair % 2 === 0 ? (["with", "without"] as const) : (["without", "with"] as const)) {
      const rate = await burst(service, bodies[kind], { events: BURST });
      if (pair >= 0) rates[kind].push(rate);
      await drained(service);
    }
  }
  await service.stop();
  const ratios = rates.with.map((rate, pair) => rate / (rates.without[pair] ?? Number.NaN));
  const [low, middle, high] = [0.25, 0.5, 0.75].map((q) => quantile(ratios, q).toFixed(2));
  return {
    name: "accept, with a write key",
    measured: `${thousands(median(rates.with))} answered; half of ${ratios.length} pairs within ${low} and ${high}`,
    against: `${thousands(median(rates.without))} without`,
    ratio: middle ?? "",
  };
};
