import { startService } from "../../testing/service/child.ts";
import { openStorage } from "../../testing/service/storage.ts";
import { settled } from "../settled.ts";
import { makeCase } from "./cases.ts";
import { type Outcome, sendCases } from "./sender.ts";
import { type StoredRow, Verdict } from "./verdict.ts";

export interface FuzzOptions {
  readonly bodies: number;
  readonly seed: number;
  readonly connections?: number;
  /** Further settings of the service. */
  readonly env?: Readonly<Record<string, string>>;
  /** Told now and then how far it is. */
  readonly progress?: (line: string) => void;
}

/** Memory of the service, bytes. */
export interface Memory {
  readonly start: number;
  readonly middle: number;
  readonly end: number;
  readonly most: number;
}

export interface FuzzReport {
  readonly seed: number;
  readonly bodies: number;
  readonly seconds: number;
  /** Cases by kind, each with what became of them: statuses, or how the connection ended. */
  readonly byKind: ReadonlyMap<string, ReadonlyMap<string, number>>;
  readonly slowest: { readonly ms: number; readonly number: number; readonly kind: string };
  readonly memory: Memory;
  /** Events stored, answered as accepted (without duplicates), and stored of cases that got no answer. */
  readonly events: { readonly stored: number; readonly answered: number; readonly open: number };
  readonly findings: ReadonlyArray<string>;
}

const CONNECTIONS = 8;
const MIB = 1024 * 1024;

/** The service may settle at a higher level than it starts at, but not climb. */
const MEMORY_CLIMB_BYTES = 160 * MIB;

/** The first part of a run fills caches and compiles code. */
const WARM_UP_SHARE = 0.05;

const SETTLE_DEADLINE_MS = 60_000;

const resultOf = ({ answer }: Outcome): string =>
  typeof answer === "string" ? answer : String(answer.status);

const counted = (byKind: Map<string, Map<string, number>>, outcome: Outcome): void => {
  const { kind } = outcome.sent;
  const results = byKind.get(kind) ?? new Map<string, number>();
  byKind.set(kind, results);
  const result = resultOf(outcome);
  results.set(result, (results.get(result) ?? 0) + 1);
};

/** What the service says of itself that may not be: events put aside or lost, errors in its log. */
const ownFindings = (metrics: string, output: string): ReadonlyArray<string> => {
  const counters = ["footfall_events_dead_letter_total", "footfall_events_lost_total"].flatMap((name) => {
    const value = new RegExp(`^${name} (\\d+)$`, "m").exec(metrics)?.[1];
    return value === "0" ? [] : [`${name} is ${value}`];
  });
  const logged = output.split("\n").filter((line) => /level=(ERROR|FATAL)|panic|Segmentation/.test(line));
  return [...counters, ...logged.slice(0, 5).map((line) => `logged: ${line.slice(0, 300)}`)];
};

/**
 * Sends random and mutated requests to a service in a process of its own, over kept connections, and holds what it
 * answered against what it stored.
 */
export const fuzz = async (options: FuzzOptions): Promise<FuzzReport> => {
  const { bodies, seed, connections = CONNECTIONS, env = {}, progress = () => {} } = options;
  const now = Date.now();
  const verdict = new Verdict(seed);
  const findings: Array<string> = [];
  const byKind = new Map<string, Map<string, number>>();
  const memory = { start: 0, middle: 0, end: 0, most: 0 };
  let slowest = { ms: 0, number: 0, kind: "" };
  let next = 0;
  let done = 0;
  await using storage = await openStorage("embedded");
  await using service = await startService({
    // Forwarded headers are looked at only where they are believed.
    env: {
      ...storage.env,
      TRUSTED_PROXIES: "loopback",
      UV_THREADPOOL_SIZE: "16",
      MIMALLOC_PURGE_DELAY: "2000",
      ...env,
    },
  });

  const look = (): void => {
    const resident = service.residentBytes();
    memory.most = Math.max(memory.most, resident);
    if (done >= bodies * WARM_UP_SHARE && memory.start === 0) memory.start = resident;
    if (done >= bodies / 2 && memory.middle === 0) memory.middle = resident;
    memory.end = resident;
  };

  const startedAt = performance.now();
  const step = Math.max(1, Math.floor(bodies / 40));
  try {
    await sendCases({
      url: new URL(service.url),
      connections,
      next: () => (next < bodies ? makeCase(seed, now, next++) : undefined),
      onOutcome: (outcome) => {
        verdict.add(outcome);
        counted(byKind, outcome);
        const { ms, sent } = outcome;
        if (ms > slowest.ms && typeof outcome.answer !== "string") {
          slowest = { ms, number: sent.number, kind: sent.kind };
        }
        if (++done % step !== 0) return;
        look();
        progress(
          `${done} of ${bodies}, ${verdict.findings.length} findings, ${Math.round(memory.end / MIB)} MiB`,
        );
      },
    });
    if (!(await settled(service.url, SETTLE_DEADLINE_MS)))
      findings.push("not everything that was answered is stored after a minute");
    findings.push(...ownFindings(await (await fetch(`${service.url}/metrics`)).text(), service.output()));
    look();
  } catch (error) {
    findings.push(`The service is gone: ${String(error)}\n${service.output().slice(-2000)}`);
  }
  const seconds = (performance.now() - startedAt) / 1000;
  const exitCode = await service.stop();
  if (exitCode !== 0) findings.push(`The service ended with exit status ${exitCode}`);
  if (memory.end - memory.middle > MEMORY_CLIMB_BYTES) findings.push("Its memory climbs");

  const rows = await storage.rows<StoredRow>("SELECT event_id, user_id, page_title, site_id FROM events");
  const { stored, open } = verdict.compare(rows);
  const [totals] = await storage.rows<{ raw: number; rollup: number }>(
    "SELECT (SELECT countIf(NOT is_bot) FROM events) AS raw, (SELECT sum(events) FROM hourly_event_stats) AS rollup",
  );
  if (totals?.raw !== totals?.rollup) findings.push(`${totals?.raw} events, ${totals?.rollup} in the rollup`);
  findings.push(
    ...verdict.findings.map(({ number, what }) => (number === undefined ? what : `case ${number}: ${what}`)),
  );
  const events = { stored, answered: verdict.answered, open };
  return { seed, bodies: done, seconds, byKind, slowest, memory, events, findings };
};
