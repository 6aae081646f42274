import { makeRandom } from "../../src/testing/traffic/random.ts";
import { startClients } from "./clients/clients.ts";
import { makeEvents } from "./clients/events.ts";
import { Journal } from "./clients/journal.ts";
import { missingFrom, readEffects } from "./effects.ts";
import { failFor } from "./faults/failing-view.ts";
import { endLife, type Ground, injectFrom } from "./faults/injections.ts";
import { openPlace } from "./place.ts";
import { type Cycle, drawCycle, type EngineKind } from "./plan.ts";
import { watchCounters } from "./processes/counters.ts";
import { withTables } from "./processes/engine.ts";
import { type ChaosReport, describeFindings, type Injection } from "./report.ts";
import { readStored } from "./verdict/stored.ts";
import { failures, judge, type Verdict } from "./verdict/verdict.ts";

export interface ChaosOptions {
  readonly engine: EngineKind;
  readonly cycles: number;
  readonly seed: number;
  readonly eventsPerCycle: number;
  /** Looks at the tables after so many cycles as well and ends with the first finding; only at the end if missing. */
  readonly checkEvery?: number | undefined;
  /** `plain`: the data lies on the disk of the temporary directory, and that is never full. */
  readonly disk?: "own" | "plain";
  /** Further settings of the service. */
  readonly env?: Readonly<Record<string, string>>;
  readonly progress?: (line: string) => void;
}

const CLIENTS = 12;
const START_DEADLINE_MS = 60_000;
const ANSWERS_DEADLINE_MS = 45_000;
const SETTLE_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 40_000;

/**
 * Runs the service through cycles of load and injuries on one data directory, and compares what lies in the tables
 * afterwards with what its clients were told. The data and the logs are kept when something was found.
 */
export const chaos = async (options: ChaosOptions): Promise<ChaosReport> => {
  const { engine, cycles, seed, eventsPerCycle, progress = () => {} } = options;
  const startedAt = performance.now();
  const place = await openPlace(engine, options.disk !== "plain", options.env ?? {});
  const { service, server } = place;
  if (place.noDisk !== undefined) progress(`no full disk: ${place.noDisk}`);
  const journal = new Journal();
  const events = makeEvents(seed, Date.now());
  const injections: Array<Injection> = [];
  const troubles: Array<string> = [];
  let onAnswer: Array<() => void> = [];
  const ground: Ground = {
    ...place,
    nextAnswer: () => new Promise((resolve) => void onAnswer.push(resolve)),
    note: (kind, detail) => {
      injections.push({ at: journal.now(), generation: service.generation(), kind, detail });
    },
  };
  const counters = watchCounters(`http://127.0.0.1:${service.port}`, service.generation);
  const clients = startClients({
    port: service.port,
    seed,
    clients: CLIENTS,
    events,
    journal,
    generation: service.generation,
    onAnswer: () => {
      for (const resolve of onAnswer) resolve();
      onAnswer = [];
    },
  });

  /** What is still going wrong: a cycle does not wait for it, so that it reaches into the next. */
  let underWay: ReadonlyArray<Promise<void>> = [];
  const inject = (from: "start" | "ready", cycle: Cycle): void => {
    const injected = injectFrom(ground, from, cycle.faults).catch((error) => {
      troubles.push(`an injection failed: ${String(error)}`);
    });
    underWay = [...underWay, injected];
  };

  // Before the first start there are no tables yet, and with a full disk they cannot be opened.
  const prepareView = async ({ view }: Cycle): Promise<void> => {
    if (view === undefined) return;
    const { forMs } = view;
    const { name, oneIn } = view.view;
    // On a full disk an engine may leave an empty definition, and not start with it.
    await Promise.all(underWay);
    await withTables(place.clickhouse, async (url) => {
      await failFor(url, view.view, forMs);
      ground.note("failing_view", `${name} fails for one row in ${oneIn} for ${Math.round(forMs)} ms`);
    }).catch(() => {});
  };

  const runCycle = async (cycle: Cycle): Promise<void> => {
    await prepareView(cycle);
    for (const afterMs of cycle.startKills) {
      service.start(cycle.settings);
      await Bun.sleep(afterMs);
      ground.note("kill_at_start", `SIGKILL ${Math.round(afterMs)} ms after the start`);
      await service.kill();
    }
    service.start(cycle.settings);
    inject("start", cycle);
    await service.ready(START_DEADLINE_MS);
    clients.resume((eventsPerCycle * 1000) / cycle.loadMs);
    inject("ready", cycle);
    await Bun.sleep(cycle.loadMs);
    await endLife(ground, cycle.end);
  };

  /** Lets everything heal, lets the service store all that it answered, and compares. */
  const check = async (): Promise<Verdict> => {
    await Promise.all(underWay);
    underWay = [];
    server?.network.disarm();
    service.start({});
    await service.ready(START_DEADLINE_MS);
    if (!(await clients.pause(ANSWERS_DEADLINE_MS))) {
      troubles.push(`a client got no answer from a healthy service for ${ANSWERS_DEADLINE_MS / 1000} s`);
    }
    if (!(await service.settled(SETTLE_DEADLINE_MS))) {
      troubles.push(`a healthy service had not stored everything after ${SETTLE_DEADLINE_MS / 1000} s`);
    }
    const code = await service.terminate(STOP_DEADLINE_MS);
    if (code !== 0) troubles.push(`a healthy service ended with ${code ?? "a SIGKILL after the deadline"}`);
    const compare = async (url: string) => judge(journal, events, await readStored(url));
    return server === undefined ? withTables(place.clickhouse, compare) : compare(server.engine.url());
  };

  const random = makeRandom(seed, "plan");
  let verdict: Verdict | undefined;
  let done = 0;
  try {
    while (done < cycles && (verdict === undefined || failures(verdict) === 0)) {
      const cycle = drawCycle(engine, place.disk !== undefined, random);
      const [began, seen] = [performance.now(), injections.length];
      await runCycle(cycle);
      done++;
      progress(
        `cycle ${done}/${cycles}: ${((performance.now() - began) / 1000).toFixed(1)} s, ${journal.answeredEvents} of ${journal.events} events answered; ${injections
          .slice(seen)
          .map(({ kind }) => kind)
          .join(", ")}`,
      );
      if (done < cycles && (options.checkEvery === undefined || done % options.checkEvery !== 0)) continue;
      verdict = await check();
      progress(`after cycle ${done}: ${failures(verdict)} findings in ${verdict.storedRows} stored rows`);
    }
  } catch (error) {
    troubles.push(error instanceof Error ? error.message : String(error));
  }
  await clients.stop();
  await counters.stop();
  const effects = readEffects(counters, place.log(), server?.network.met ?? new Map());
  const injected = new Set(injections.map(({ kind }) => kind));
  for (const missing of missingFrom(engine, place.disk !== undefined, done, injected, effects)) {
    troubles.push(`never in this run: ${missing}`);
  }
  const report = {
    cycles: done,
    seed,
    engine,
    journal,
    injections,
    effects,
    troubles,
    verdict,
    failedStarts: service.failedStarts(),
    unexpectedEnds: service.unexpectedEnds,
    seconds: (performance.now() - startedAt) / 1000,
    noDisk: place.noDisk,
    failed: verdict === undefined || failures(verdict) > 0 || troubles.length > 0,
  };
  const keptIn = await place.close(report.failed, describeFindings(report, Number.POSITIVE_INFINITY));
  return { ...report, keptIn };
};
