import { readdirSync, readFileSync } from "node:fs";
import type { Child } from "../bench/child.ts";
import { partsOf } from "./parts.ts";

/** How the service stands at a moment. */
export interface Sample {
  readonly residentBytes: number;
  /** Memory of the ids by which duplicates are found: it grows for 48 hours by design. */
  readonly idBytes: number;
  readonly handles: number;
  readonly parts: ReadonlyMap<string, number>;
  readonly accepted: number;
  readonly stored: number;
  readonly waiting: number;
}

const metricsOf = async (url: string): Promise<(name: string) => number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  return (name) => {
    const line = new RegExp(`^footfall_${name} (\\S+)$`, "m").exec(text);
    if (line === null) throw new Error(`/metrics has no footfall_${name}`);
    return Number(line[1]);
  };
};

export const sampleOf = async ({ url, pid }: Child, dataDir: string): Promise<Sample> => {
  const metric = await metricsOf(url);
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return {
    residentBytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1024,
    idBytes: metric("duplicate_ids_bytes"),
    handles: readdirSync(`/proc/${pid}/fd`).length,
    parts: partsOf(dataDir),
    accepted: metric("events_accepted_total"),
    stored: metric("events_stored_total"),
    waiting: metric("spool_events"),
  };
};
