import { makeBodies } from "./bodies.ts";
import { burst, drained } from "./burst.ts";
import { type Child, startChild, startService, temporaryDirectory } from "./child.ts";
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

interface Measured {
  readonly bare: Array<number>;
  readonly own: Readonly<Record<Durability, Array<number>>>;
}

/** The median of what one burst was against the other of its turn. */
const ratio = (rates: ReadonlyArray<number>, others: ReadonlyArray<number>): string =>
  median(rates.map((rate, turn) => rate / (others[turn] ?? Number.NaN))).toFixed(2);

/**
 * Events answered per second in a burst, against a server that only parses the same body: with the answer waiting for
 * the disk, for the process's hand-over to the system, and for nothing. The writer stores what it can beside it; load
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
    });
  const services: Readonly<Record<Durability, Child>> = {
    fsync: await start("fsync"),
    process: await start("process"),
    none: await start("none"),
  };
  const bodies = makeBodies(400);
  const measured: Measured = { bare: [], own: { fsync: [], process: [], none: [] } };
  for (let turn = 0; turn < WARM_UP_BURSTS + rounds * BURSTS_PER_ROUND; turn++) {
    if (turn === WARM_UP_BURSTS) {
      measured.bare.length = 0;
      for (const durability of durabilities) measured.own[durability].length = 0;
    }
    measured.bare.push(await burst(bare, bodies, { events: BARE_BURST }));
    for (const durability of durabilities) {
      measured.own[durability].push(await burst(services[durability], bodies, { events: BURST }));
      await drained(services[durability]);
    }
  }
  for (const child of [bare, ...Object.values(services)]) await child.stop();
  return durabilities.map(
    (durability): Row => ({
      name: names[durability],
      measured: `${thousands(median(measured.own[durability]))} answered`,
      against: `${thousands(median(measured.bare))} parsed by a bare Bun.serve`,
      ratio: ratio(measured.own[durability], measured.bare),
    }),
  );
};
