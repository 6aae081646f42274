/** Prints how many bytes the runtime counts for tables that grow to 2 M ids and shrink again. */
import { RecentIds, TABLES } from "../recent-ids.ts";
import { hashesOf } from "./hashes.ts";

const HOUR = 3_600_000;

const occupied = (): number => {
  Bun.gc(true);
  return process.memoryUsage().external;
};

let time = Date.parse("2026-11-21T12:34:56Z");
const before = occupied();
const recent = new RecentIds(() => time, undefined);
const nextHash = hashesOf(7);
const reading = () => ({ ids: recent.size, bytes: occupied() - before });

const readings = [1_000, 100_000, 2_000_000].map((size) => {
  while (recent.size < size) recent.addHash(...nextHash());
  return reading();
});
time += 24 * HOUR;
for (let n = 0; n < 100_000; n++) recent.addHash(...nextHash());
time += 30 * HOUR;
for (let n = 0; n < TABLES; n++) recent.tidy();
console.log(JSON.stringify([...readings, reading()]));
