import { makeBodies } from "../bench/bodies.ts";
import { startService } from "../bench/child.ts";
import { load } from "../bench/load.ts";
import { median } from "../bench/table.ts";
import { askOnAndOn } from "./queries.ts";
import { type Sample, sampleOf } from "./sample.ts";

export interface SoakOptions {
  readonly seconds: number;
  /** Events per second. */
  readonly rate: number;
  readonly dataDir: string;
  readonly progress: (line: string) => void;
}

/** What was measured over a stretch of time: medians of what was sampled in it. */
export interface Stretch {
  readonly residentBytes: number;
  readonly idBytes: number;
  readonly handles: number;
  readonly parts: ReadonlyMap<string, number>;
  /** Time of an answer to a batch, milliseconds from when it was due. */
  readonly p50: number;
  readonly p99: number;
  /** Longest answer to a question, milliseconds. */
  readonly query: number;
  readonly waiting: number;
}

export interface SoakReport {
  readonly start: Stretch;
  readonly middle: Stretch;
  readonly end: Stretch;
  readonly sent: number;
  readonly refused: number;
  /** What the service itself has counted, once all was stored. */
  readonly accepted: number;
  readonly stored: number;
  /** What got worse from the middle to the end, in words. */
  readonly notFlat: ReadonlyArray<string>;
}

interface Window extends Sample {
  readonly p50: number;
  readonly p99: number;
  readonly query: number;
}

const stretchOf = (windows: ReadonlyArray<Window>): Stretch => {
  const of = (value: (window: Window) => number) => median(windows.map(value));
  const tables = [...new Set(windows.flatMap(({ parts }) => [...parts.keys()]))].sort();
  return {
    residentBytes: of(({ residentBytes }) => residentBytes),
    idBytes: of(({ idBytes }) => idBytes),
    handles: of(({ handles }) => handles),
    parts: new Map(tables.map((table) => [table, of(({ parts }) => parts.get(table) ?? 0)])),
    p50: of(({ p50 }) => p50),
    p99: of(({ p99 }) => p99),
    query: of(({ query }) => query),
    waiting: of(({ waiting }) => waiting),
  };
};

const MIB = 1024 * 1024;

// A quarter more may be the moment of a merge, and small figures vary by more than they weigh.
const grew = (from: number, to: number, slack: number): boolean => to > from * 1.25 + slack;

const growth = (middle: Stretch, end: Stretch): ReadonlyArray<string> => {
  const found: Array<string> = [];
  const own = ({ residentBytes, idBytes }: Stretch) => residentBytes - idBytes;
  if (grew(own(middle), own(end), 64 * MIB)) found.push("memory");
  if (grew(middle.handles, end.handles, 50)) found.push("file handles");
  for (const [table, parts] of end.parts) {
    if (grew(middle.parts.get(table) ?? 0, parts, 10)) found.push(`parts of ${table}`);
  }
  if (grew(middle.p99, end.p99, 10)) found.push("p99 of the answer");
  if (grew(middle.waiting, end.waiting, 20_000)) found.push("backlog");
  return found;
};

const ADMIN_KEY = "the key of the soak";

/**
 * Sends events at one rate for a time, while questions are asked, and measures the service window by window. Start,
 * middle and end are a sixth of the windows each.
 */
export const soak = async ({ seconds, rate, dataDir, progress }: SoakOptions): Promise<SoakReport> => {
  const service = await startService({ DATA_DIR: dataDir, ADMIN_API_KEY: ADMIN_KEY });
  const bodies = makeBodies(400);
  const questions = askOnAndOn(service.url, ADMIN_KEY);
  const windowSeconds = Math.min(10, seconds / 6);
  const windows: Array<Window> = [];
  let sent = 0;
  let refused = 0;
  const startedAt = performance.now();
  while (performance.now() - startedAt < seconds * 1000) {
    const loaded = load(`${service.url}/v1/events`, bodies, {
      events: rate * windowSeconds,
      perSecond: rate,
    });
    await Bun.sleep(windowSeconds * 500);
    const sample = await sampleOf(service, dataDir);
    const result = await loaded;
    sent += result.accepted;
    refused += result.refused;
    const { p50, p99 } = result;
    windows.push({ ...sample, p50, p99, query: Math.max(0, ...questions.takeTimes()) });
    const passed = Math.round((performance.now() - startedAt) / 1000);
    progress(
      `${passed} s: ${sent} events, ${Math.round(sample.residentBytes / MIB)} MiB, p99 ${p99.toFixed(1)} ms, ${sample.waiting} waiting`,
    );
  }
  await questions.stop();
  let last = await sampleOf(service, dataDir);
  for (const deadline = Date.now() + 60_000; last.stored < last.accepted && Date.now() < deadline; ) {
    await Bun.sleep(100);
    last = await sampleOf(service, dataDir);
  }
  await service.stop();

  const sixth = Math.max(1, Math.floor(windows.length / 6));
  const middleAt = Math.floor((windows.length - sixth) / 2);
  const start = stretchOf(windows.slice(0, sixth));
  const middle = stretchOf(windows.slice(middleAt, middleAt + sixth));
  const end = stretchOf(windows.slice(-sixth));
  const { accepted, stored } = last;
  return { start, middle, end, sent, refused, accepted, stored, notFlat: growth(middle, end) };
};
