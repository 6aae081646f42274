import { runChild, temporaryDirectory } from "../child.ts";
import type { Outcome } from "../outcome.ts";
import { reportOf, sizeName } from "./report.ts";
import type { SealingResult, ServiceResult, SizeResult } from "./result.ts";
import { childSettings, seeded } from "./seeded.ts";

const measuredSize = async (parent: string, events: number): Promise<SizeResult> => {
  console.error(` ${sizeName(events)} events:`);
  const { dataDir, untilMs, seedSeconds } = await seeded(parent, events);
  const inChild = async <Result>(script: string): Promise<Result> => {
    const options = { env: childSettings(dataDir), output: "result" } as const;
    return JSON.parse(await runChild(`scripts/bench/read/${script}`, [String(untilMs)], options)) as Result;
  };
  const sealing = await inChild<SealingResult>("seal.ts");
  const service = await inChild<ServiceResult>("service.ts");
  for (const { name, route } of service.questions) {
    console.error(`  ${name}: p95 ${route.p95.toFixed(1)} ms, p50 ${route.p50.toFixed(1)} ms`);
  }
  return { events, seedSeconds, sealing, ...service };
};

export interface ReadOptions {
  /** Numbers of events. */
  readonly sizes: ReadonlyArray<number>;
  /** Where data of each size is, or is put and stays; without it the data is gone afterwards. */
  readonly parent: string | undefined;
}

/**
 * Every default question of a dashboard to the service, on data whose days are sealed: over HTTP, its own statements
 * straight on the engine, and the same question to single events.
 */
export const read = async ({ sizes, parent }: ReadOptions): Promise<Outcome> => {
  const directory = parent ?? temporaryDirectory();
  const results: Array<SizeResult> = [];
  for (const events of sizes) results.push(await measuredSize(directory, events));
  return reportOf(results);
};
