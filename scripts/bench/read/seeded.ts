import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "../child.ts";

/** Traffic as the goals suppose it: 20 sites, the largest with 40 % of the visits. */
const DAYS = 90;
const SITES = 20;
const SEED = 1;

const DAY_MS = 86_400_000;

/** Data that is kept for a while may be asked again later, and none of it may be gone then. */
export const childSettings = (dataDir: string): Record<string, string> => ({
  DATA_DIR: dataDir,
  RAW_RETENTION_DAYS: "365",
  ADMIN_API_KEY: "bench",
  MIMALLOC_PURGE_DELAY: "2000",
});

/** A data directory with so many events. */
export interface Seeded {
  readonly dataDir: string;
  /** The moment at which its traffic ends. */
  readonly untilMs: number;
  /** Undefined where it was there already. */
  readonly seedSeconds: number | undefined;
}

interface Mark {
  readonly events: number;
  readonly until: string;
}

// The last noon: half of the last day has happened, at whatever time the benchmark runs.
const lastNoon = (now: number): number => Math.floor((now - DAY_MS / 2) / DAY_MS) * DAY_MS + DAY_MS / 2;

/**
 * The directory of that size in `parent`, seeded unless it is already. Throws for a directory with something else in it,
 * such as data whose seeding was ended early.
 */
export const seeded = async (parent: string, events: number): Promise<Seeded> => {
  const dataDir = join(parent, String(events));
  const markFile = join(dataDir, "seeded.json");
  if (existsSync(markFile)) {
    const { until } = JSON.parse(readFileSync(markFile, "utf8")) as Mark;
    return { dataDir, untilMs: Date.parse(until), seedSeconds: undefined };
  }
  mkdirSync(dataDir, { recursive: true });
  if (readdirSync(dataDir).length > 0) {
    throw new Error(`${dataDir} has something in it that was not seeded to its end; remove it first.`);
  }
  const until = new Date(lastNoon(Date.now())).toISOString();
  const started = performance.now();
  await runChild(
    "scripts/seed.ts",
    ["--events", events, "--days", DAYS, "--sites", SITES, "--seed", SEED, "--until", until].map(String),
    { env: childSettings(dataDir), output: "progress" },
  );
  const mark: Mark = { events, until };
  writeFileSync(markFile, JSON.stringify(mark));
  return { dataDir, untilMs: Date.parse(until), seedSeconds: (performance.now() - started) / 1000 };
};
