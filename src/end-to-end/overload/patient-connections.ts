import { Wire } from "../wire.ts";

const OPENED_AT_ONCE = 200;

/** What is left for the other files and connections of a process, at most. */
const SPARE_DESCRIPTORS = 2000;

/** So many connections as are wanted, or as many as the machine lets one process have. */
export const connectionsAllowed = (wanted: number): number => {
  const limit = Number(Bun.spawnSync(["sh", "-c", "ulimit -n"]).stdout.toString());
  // Not a number where there is no limit.
  return limit > 0 ? Math.min(wanted, Math.floor(limit - Math.min(SPARE_DESCRIPTORS, limit / 4))) : wanted;
};

/** Opens connections, each of which says `first` and nothing else. */
export const openMany = async (url: URL, count: number, first = ""): Promise<ReadonlyArray<Wire>> => {
  const wires: Array<Wire> = [];
  while (wires.length < count) {
    const group = Math.min(OPENED_AT_ONCE, count - wires.length);
    wires.push(...(await Promise.all(Array.from({ length: group }, () => Wire.open(url)))));
  }
  const bytes = Buffer.from(first);
  if (bytes.length > 0) for (const wire of wires) wire.write(bytes);
  return wires;
};

/** Says the same few bytes on every connection each second, until it is told to stop. */
export const trickle = (wires: ReadonlyArray<Wire>, bytes: string): (() => void) => {
  const timer = setInterval(() => {
    for (const wire of wires) wire.write(bytes);
  }, 1000);
  return () => clearInterval(timer);
};
