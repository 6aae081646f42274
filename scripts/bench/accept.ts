import { makeBodies } from "./bodies.ts";
import { startChild, startService, temporaryDirectory } from "./child.ts";
import { type LoadResult, load } from "./load.ts";
import { median, type Row, thousands } from "./table.ts";

/** Events of one burst: what the queue holds by default. */
const BURST = 200_000;

/** Bursts before the measured ones, until the code of both servers is compiled. */
const WARM_UP_BURSTS = 3;
const BURSTS = 7;

/** The rate over several bursts. Between them `settled` waits for the one before to be dealt with. */
const burstRate = async (url: string, settled: () => Promise<void>) => {
  const bodies = makeBodies(400);
  const results: Array<LoadResult> = [];
  for (let burst = 0; burst < WARM_UP_BURSTS + BURSTS; burst++) {
    await settled();
    const result = await load(url, bodies, BURST);
    if (burst >= WARM_UP_BURSTS) results.push(result);
  }
  return {
    rate: median(results.map(({ accepted, seconds }) => accepted / seconds)),
    p99: median(results.map(({ p99 }) => p99)),
    refused: results.reduce((sum, { refused }) => sum + refused, 0),
  };
};

const queued = async (url: string): Promise<number> =>
  ((await (await fetch(`${url}/ready`)).json()) as { readonly queued: number }).queued;

/**
 * Events answered per second in a burst, against a server that only parses the same body. The writer stores what it can
 * beside it; load generator, server and engine share the machine.
 */
export const accept = async ({ rounds }: { readonly rounds: number }): Promise<Row> => {
  const bare: Array<number> = [];
  const own: Array<{ readonly rate: number; readonly p99: number; readonly refused: number }> = [];
  for (let round = 0; round < rounds; round++) {
    const server = await startChild("scripts/bench/bare-server.ts");
    bare.push((await burstRate(server.url, async () => {})).rate);
    await server.stop();

    const service = await startService({ DATA_DIR: temporaryDirectory(), MAX_QUEUE_SIZE: String(BURST * 2) });
    own.push(
      await burstRate(`${service.url}/v1/events`, async () => {
        while ((await queued(service.url)) > 0) await Bun.sleep(100);
      }),
    );
    await service.stop();
  }
  return {
    name: "accept",
    measured: `${thousands(median(own.map(({ rate }) => rate)))} answered, p99 ${median(own.map(({ p99 }) => p99)).toFixed(1)} ms`,
    against: `${thousands(median(bare))} parsed by a bare Bun.serve`,
    ratio: median(own.map(({ rate }, round) => rate / (bare[round] ?? Number.NaN))).toFixed(2),
  };
};
