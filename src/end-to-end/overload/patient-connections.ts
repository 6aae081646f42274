import { Wire } from "../wire.ts";

const OPENED_AT_ONCE = 200;

/** Files and connections of everything else in the process that holds the clients, and in the service. */
const SPARE_DESCRIPTORS = 2000;

/** So many connections as are wanted, or as many as the machine lets one process have. */
export const connectionsAllowed = (wanted: number): number => {
  const limit = Bun.spawnSync(["sh", "-c", "ulimit -n"]).stdout.toString().trim();
  return limit === "unlimited" ? wanted : Math.max(100, Math.min(wanted, Number(limit) - SPARE_DESCRIPTORS));
};

/** Opens connections, each of which says `first` and nothing else. */
export const openMany = async (url: URL, count: number, first = ""): Promise<ReadonlyArray<Wire>> => {
  const wires: Array<Wire> = [];
  while (wires.length < count) {
    const group = Math.min(OPENED_AT_ONCE, count - wires.length);
    wires.push(...(await Promise.all(Array.from({ length: group }, () => Wire.open(url)))));
  }
  if (first !== "") for (const wire of wires) wire.write(first);
  return wires;
};

/** Says the same few bytes on every connection each second, until it is told to stop. */
export const trickle = (wires: ReadonlyArray<Wire>, bytes: string): (() => void) => {
  const timer = setInterval(() => {
    for (const wire of wires) wire.write(bytes);
  }, 1000);
  return () => clearInterval(timer);
};
