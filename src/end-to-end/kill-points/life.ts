import { join } from "node:path";
import { type RunningService, startService } from "../../testing/service/child.ts";
import { type Call, watchCalls } from "./call-watch.ts";
import { concerns } from "./concern.ts";
import type { CallKind } from "./system-calls.ts";

/** A moment in the life of the service: before its call number `before` (from 1) of that kind, or of any. */
export interface KillPoint {
  readonly before: number;
  readonly kind?: CallKind | undefined;
}

export interface WatchedLife {
  /** Those of the data directory from the first that counts on; the one before which it was killed is the last. */
  readonly calls: ReadonlyArray<Call>;
  readonly killed: boolean;
  /** Whether the request was answered with 200. */
  readonly answered: boolean;
}

const DEADLINE_MS = 30_000;
const ASK_AGAIN_MS = 5;

const settings = {
  UV_THREADPOOL_SIZE: "16",
  // A segment grows to an eighth of it, and a few events are enough for one that is worth keeping for the next ones.
  SPOOL_MAX_BYTES: "1048576",
};

export interface Answer {
  readonly status: number;
  readonly body: { readonly accepted?: number; readonly duplicates?: number };
}

/** Sends a request once; undefined when the connection ends without an answer. */
export const post = async (url: string, body: string): Promise<Answer | undefined> => {
  try {
    const response = await fetch(`${url}/v1/events`, { method: "POST", body, keepalive: false });
    const text = await response.text().catch(() => "{}");
    return { status: response.status, body: JSON.parse(text) as Answer["body"] };
  } catch {
    return undefined;
  }
};

/** Throws where a request was not taken as a whole. */
export const requireTaken = (answer: Answer | undefined): void => {
  if (answer?.status !== 200) throw new Error(`A request was answered with ${JSON.stringify(answer)}`);
};

/** Resolves when nothing waits to be stored, or the service has ended as `hasEnded` says. */
const stored = async (url: string, hasEnded: () => boolean): Promise<void> => {
  const until = performance.now() + DEADLINE_MS;
  while (!hasEnded()) {
    const state = await fetch(`${url}/ready`, { keepalive: false }).then(
      (response) => response.json() as Promise<{ readonly queued?: number }>,
      () => undefined,
    );
    if (state?.queued === 0) return;
    if (performance.now() > until) throw new Error(`Never stored: ${JSON.stringify(state)}`);
    await Bun.sleep(ASK_AGAIN_MS);
  }
};

/** A life as any other: starts, stores what waits, does as it is told, and stops. */
export const plainLife = async <A>(
  dataDir: string,
  use: (service: RunningService) => Promise<A>,
): Promise<A> => {
  await using service = await startService({ env: { DATA_DIR: dataDir, ...settings } });
  await stored(service.url, () => false);
  const result = await use(service);
  await stored(service.url, () => false);
  const exitCode = await service.stop();
  if (exitCode !== 0) throw new Error(`The service ended with ${exitCode}:\n${service.output()}`);
  return result;
};

export interface WatchedLifeOptions {
  readonly dataDir: string;
  /** Sent first; what it brings is stored before anything counts. */
  readonly earlier?: string | undefined;
  /** Sent when the service is ready, and calls count from then on; without it they count from its start. */
  readonly request?: string | undefined;
  /** Without it the service lives on until everything is stored, and stops. */
  readonly killPoint?: KillPoint | undefined;
}

/** Days are sealed beside a batch, whenever there is time for it: src/sealing/service.test.ts kills that. */
const sealingTables: ReadonlyArray<string> = ["sessions", "daily_field_stats", "sealed_days"];

/** The engine tries out in the background, when it comes to it, whether the file system tells capitals from small letters. */
const isEnginesProbe = (path: string): boolean => path.includes("/clickhouse_case_sensitivity_check_");

/** A life that ends before a certain call. Calls of sealing do not count. */
export const watchedLife = async (options: WatchedLifeOptions): Promise<WatchedLife> => {
  const { dataDir, earlier, request, killPoint } = options;
  const calls: Array<Call> = [];
  const concernOf = concerns(dataDir);
  let counting = request === undefined;
  let left = killPoint?.before ?? Number.POSITIVE_INFINITY;
  let killed = false;
  const watch = watchCalls((describe) => {
    if (!counting) return "go on";
    const call = describe();
    if (!call.path.startsWith(`${dataDir}/`) || isEnginesProbe(call.path)) return "go on";
    if (sealingTables.includes(concernOf(call))) return "go on";
    calls.push(call);
    if (killPoint?.kind === undefined || killPoint.kind === call.kind) left--;
    killed = left <= 0;
    return killed ? "kill" : "go on";
  });
  const starting = startService({
    env: { DATA_DIR: dataDir, ...settings },
    launcher: { script: join(import.meta.dir, "launcher.ts"), descriptor: watch.launcherEnd },
  });
  const watching = watch.run();
  const lived = (async () => {
    const service = await starting.catch((error: unknown) => {
      if (killed) return undefined;
      throw error;
    });
    if (service === undefined) return false;
    await using _ = service;
    if (earlier !== undefined) {
      requireTaken(await post(service.url, earlier));
      await stored(service.url, () => false);
    }
    counting = true;
    const answer = request === undefined ? undefined : await post(service.url, request);
    if (!killed && request !== undefined) requireTaken(answer);
    await stored(service.url, () => killed);
    if (!killed) await service.stop();
    return answer?.status === 200;
  })();
  const [life, watched] = await Promise.allSettled([lived, watching]);
  if (life.status === "rejected" || watched.status === "rejected") {
    const reasons = [life, watched].flatMap((one) => (one.status === "rejected" ? [one.reason] : []));
    throw new AggregateError(reasons, reasons.map(String).join("\n"));
  }
  return { calls, killed, answered: life.value };
};
