import { makeBodies } from "./bodies.ts";
import { startChild, startService, temporaryDirectory } from "./child.ts";
import { load } from "./load.ts";
import { median, type Row, thousands } from "./table.ts";

/**
 * Events answered per second against a server that only parses the same body. A burst that the queue can hold, while the
 * writer stores what it can beside it; load generator, server and engine share the machine.
 */
export const accept = async ({
  events,
  rounds,
}: {
  readonly events: number;
  readonly rounds: number;
}): Promise<Row> => {
  const bodies = makeBodies(400);
  const bare: Array<number> = [];
  const own: Array<number> = [];
  const p99: Array<number> = [];
  for (let round = 0; round < rounds; round++) {
    const server = await startChild("scripts/bench/bare-server.ts");
    await load(server.url, bodies, events / 10);
    const parsed = await load(server.url, bodies, events);
    await server.stop();
    bare.push(parsed.accepted / parsed.seconds);

    const service = await startService({
      DATA_DIR: temporaryDirectory(),
      MAX_QUEUE_SIZE: String(events * 2),
    });
    const url = `${service.url}/v1/events`;
    await load(url, bodies, events / 10);
    const answered = await load(url, bodies, events);
    await service.stop();
    own.push(answered.accepted / answered.seconds);
    p99.push(answered.p99);
  }
  return {
    name: "accept",
    measured: `${thousands(median(own))} answered, p99 ${median(p99).toFixed(1)} ms`,
    against: `${thousands(median(bare))} parsed by a bare Bun.serve`,
    ratio: median(own.map((rate, round) => rate / (bare[round] ?? Number.NaN))).toFixed(2),
  };
};
