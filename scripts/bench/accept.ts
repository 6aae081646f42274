import { makeBodies } from "./bodies.ts";
import { type Child, startChild, startService, temporaryDirectory } from "./child.ts";
import { type LoadResult, load } from "./load.ts";
import { median, type Row, thousands } from "./table.ts";

/** Events of one burst: what the queue holds by default. */
const BURST = 200_000;

/** Bursts before the measured ones, until the code of both servers is compiled. */
const WARM_UP_BURSTS = 3;
const BURSTS = 7;

const HALF_LOAD_SECONDS = 10;

const durabilities = ["fsync", "process", "none"] as const;
type Durability = (typeof durabilities)[number];

const names: Readonly<Record<Durability, string>> = {
  fsync: "accept",
  process: "accept, DURABILITY=process",
  none: "accept, spool off",
};

interface Rate {
  /** Events per second. */
  readonly rate: number;
  /** Milliseconds. */
  readonly p99: number;
}

/** The rate over several bursts. Between them `settled` waits for the one before to be dealt with. */
const burstRate = async (url: string, settled: () => Promise<void>): Promise<Rate> => {
  const bodies = makeBodies(400);
  const results: Array<LoadResult> = [];
  for (let burst = 0; burst < WARM_UP_BURSTS + BURSTS; burst++) {
    await settled();
    const result = await load(url, bodies, { events: BURST });
    if (burst >= WARM_UP_BURSTS) results.push(result);
  }
  return {
    rate: median(results.map(({ accepted, seconds }) => accepted / seconds)),
    p99: median(results.map(({ p99 }) => p99)),
  };
};

const queued = async (url: string): Promise<number> =>
  ((await (await fetch(`${url}/ready`)).json()) as { readonly queued: number }).queued;

const drained = async ({ url }: Child): Promise<void> => {
  while ((await queued(url)) > 0) await Bun.sleep(100);
};

const bareRate = async (): Promise<Rate> => {
  const server = await startChild("scripts/bench/bare-server.ts");
  const measured = await burstRate(server.url, async () => {});
  await server.stop();
  return measured;
};

/** The rate in bursts, and the time of an answer while half of that rate comes evenly. */
const ownRate = async (durability: Durability): Promise<Rate & { readonly halfLoad: LoadResult }> => {
  const service = await startService({
    DATA_DIR: temporaryDirectory(),
    MAX_QUEUE_SIZE: String(BURST * 2),
    DURABILITY: durability,
  });
  const url = `${service.url}/v1/events`;
  const measured = await burstRate(url, () => drained(service));
  await drained(service);
  const perSecond = measured.rate / 2;
  const halfLoad = await load(url, makeBodies(400), { events: perSecond * HALF_LOAD_SECONDS, perSecond });
  await service.stop();
  return { ...measured, halfLoad };
};

/**
 * Events answered per second in a burst, against a server that only parses the same body: with the answer waiting for
 * the disk, for the process's hand-over to the system, and for nothing. The writer stores what it can beside it; load
 * generator, server and engine share the machine.
 */
export const accept = async ({ rounds }: { readonly rounds: number }): Promise<ReadonlyArray<Row>> => {
  const bare: Array<number> = [];
  const own: Array<Readonly<Record<Durability, Awaited<ReturnType<typeof ownRate>>>>> = [];
  for (let round = 0; round < rounds; round++) {
    bare.push((await bareRate()).rate);
    own.push({
      fsync: await ownRate("fsync"),
      process: await ownRate("process"),
      none: await ownRate("none"),
    });
  }
  return durabilities.map((durability) => {
    const measured = own.map((round) => round[durability]);
    const rate = thousands(median(measured.map(({ rate }) => rate)));
    const half = measured.map(({ halfLoad }) => halfLoad);
    const p99 = `p99 ${median(half.map(({ p99 }) => p99)).toFixed(1)} ms at half of it`;
    return {
      name: names[durability],
      measured: `${rate} answered, ${p99}`,
      against: `${thousands(median(bare))} parsed by a bare Bun.serve`,
      ratio: median(measured.map(({ rate }, round) => rate / (bare[round] ?? Number.NaN))).toFixed(2),
    };
  });
};
