import { DEFAULT_PROJECT } from "../../src/domain/project.ts";
import { makeBodies } from "./bodies.ts";
import { type Child, startChild, startService, temporaryDirectory } from "./child.ts";
import { load } from "./load.ts";
import { median, type Row, thousands } from "./table.ts";

/** Events of one burst: what the queue holds by default. */
const BURST = 200_000;

/** The bare server is done with as many in a moment, too short to be measured well. */
const BARE_BURST = 3 * BURST;

/** Bursts before the measured ones, until the code of the servers is compiled. */
const WARM_UP_BURSTS = 3;
const BURSTS_PER_ROUND = 4;

const durabilities = ["fsync", "process", "none"] as const;
type Durability = (typeof durabilities)[number];

const names: Readonly<Record<Durability, string>> = {
  fsync: "accept",
  process: "accept, DURABILITY=process",
  none: "accept, spool off",
};

/** A merge that a burst has left to do would cost the next server's burst. */
const QUIET_MS = 1000;

const drained = async ({ url }: Child): Promise<void> => {
  const queued = async () =>
    ((await (await fetch(`${url}/ready`)).json()) as { readonly queued: number }).queued;
  while ((await queued()) > 0) await Bun.sleep(100);
  await Bun.sleep(QUIET_MS);
};

/** Events answered per second in one burst, as a page sends them. */
const burst = async ({ url }: Child, events: number, key?: string): Promise<number> => {
  const { accepted, seconds } = await load(`${url}/v1/events`, makeBodies(400, key), {
    events,
    headers: { origin: ORIGIN },
  });
  return accepted / seconds;
};

const ADMIN_KEY = "the key of the benchmark";
const ORIGIN = "https://site0.example";

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

interface Measured {
  readonly bare: Array<number>;
  readonly keyed: Array<number>;
  readonly own: Readonly<Record<Durability, Array<number>>>;
}

/** The median of what one burst was against the other of its turn. */
const ratio = (rates: ReadonlyArray<number>, others: ReadonlyArray<number>): string =>
  median(rates.map((rate, turn) => rate / (others[turn] ?? Number.NaN))).toFixed(2);

/**
 * Events answered per second in a burst, against a server that only parses the same body: with the answer waiting for
 * the disk, for the process's hand-over to the system, and for nothing; and with a write key against without. The writer stores what it can beside it; load
 * generator, server and engine share the machine. The servers take turns, burst by burst, because the speed of a machine
 * changes from minute to minute.
 */
export const accept = async ({ rounds }: { readonly rounds: number }): Promise<ReadonlyArray<Row>> => {
  const bare = await startChild("scripts/bench/bare-server.ts");
  const start = (durability: Durability) =>
    startService({
      DATA_DIR: temporaryDirectory(),
      MAX_QUEUE_SIZE: String(BURST * 2),
      DURABILITY: durability,
      ADMIN_API_KEY: ADMIN_KEY,
    });
  const services: Readonly<Record<Durability, Child>> = {
    fsync: await start("fsync"),
    process: await start("process"),
    none: await start("none"),
  };
  const key = await makeKey(services.fsync);
  const measured: Measured = { bare: [], keyed: [], own: { fsync: [], process: [], none: [] } };
  for (let turn = 0; turn < WARM_UP_BURSTS + rounds * BURSTS_PER_ROUND; turn++) {
    if (turn === WARM_UP_BURSTS) {
      measured.bare.length = 0;
      measured.keyed.length = 0;
      for (const durability of durabilities) measured.own[durability].length = 0;
    }
    measured.bare.push(await burst(bare, BARE_BURST));
    for (const durability of durabilities) {
      measured.own[durability].push(await burst(services[durability], BURST));
      await drained(services[durability]);
    }
    measured.keyed.push(await burst(services.fsync, BURST, key));
    await drained(services.fsync);
  }
  for (const child of [bare, ...Object.values(services)]) await child.stop();
  const rows = durabilities.map(
    (durability): Row => ({
      name: names[durability],
      measured: `${thousands(median(measured.own[durability]))} answered`,
      against: `${thousands(median(measured.bare))} parsed by a bare Bun.serve`,
      ratio: ratio(measured.own[durability], measured.bare),
    }),
  );
  return [
    ...rows,
    {
      name: "accept, with a write key",
      measured: `${thousands(median(measured.keyed))} answered`,
      against: `${thousands(median(measured.own.fsync))} without`,
      ratio: ratio(measured.keyed, measured.own.fsync),
    },
  ];
};
