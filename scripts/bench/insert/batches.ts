import { DEFAULT_PROJECT } from "../../../src/domain/project.ts";
import { trafficRows } from "../../../src/testing/traffic/rows.ts";
import { makeTraffic } from "../../../src/testing/traffic/traffic.ts";

export const BATCH_ROWS = 100_000;

/** Batches that differ; they come again under another number, as other events would. */
const DISTINCT_BATCHES = 4;

const SEED = 1;
const SITES = 20;

/** A day of the traffic that seeding makes, in batches of the order in which it came, as the service encodes it. */
export const dayInBatches = (): ReadonlyArray<Buffer> => {
  const traffic = makeTraffic({
    seed: SEED,
    events: BATCH_ROWS * DISTINCT_BATCHES,
    days: 1,
    until: Date.now(),
    sites: SITES,
  });
  const batches: Array<Buffer> = [];
  let parts: Array<Buffer> = [];
  let count = 0;
  for (const chunk of trafficRows(traffic, { seed: SEED, project: DEFAULT_PROJECT, chunkRows: 2_500 })) {
    parts.push(chunk.rows);
    count += chunk.count;
    if (count < BATCH_ROWS) continue;
    batches.push(Buffer.concat(parts));
    parts = [];
    count = 0;
  }
  if (count > 0) batches.push(Buffer.concat(parts));
  return batches;
};
