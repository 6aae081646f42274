import type { End, Fault, PlannedFault } from "../plan.ts";
import type { EngineProcess } from "../processes/engine.ts";
import { ask } from "../processes/engine.ts";
import type { ServiceProcess } from "../processes/service.ts";
import type { Disk } from "./disk.ts";
import { failFor, removeViews } from "./failing-view.ts";
import type { Network } from "./network.ts";
import { nextChange, nextPart } from "./part-watch.ts";

/** Everything that can be made to fail. */
export interface Ground {
  readonly service: ServiceProcess;
  /** Directory of ClickHouse's tables, whoever has them open. */
  readonly clickhouse: string;
  /** Directory in which the service keeps what it has answered for. */
  readonly spool: string;
  readonly server: { readonly engine: EngineProcess; readonly network: Network } | undefined;
  readonly disk: Disk | undefined;
  /** Resolves with the next answer that a client gets. */
  readonly nextAnswer: () => Promise<void>;
  readonly note: (kind: string, detail: string) => void;
}

/** A moment that does not come is not waited for longer. */
const MOMENT_DEADLINE_MS = 1000;
const STOP_DEADLINE_MS = 40_000;

const within = (promise: Promise<unknown>, ms: number) => Promise.race([promise, Bun.sleep(ms)]);

const freeze = async ({ service, note }: Ground, forMs: number) => {
  const generation = service.generation();
  note("freeze", `SIGSTOP for ${Math.round(forMs)} ms`);
  service.signal("SIGSTOP");
  await Bun.sleep(forMs);
  if (service.generation() === generation) service.signal("SIGCONT");
};

const fillDisk = async ({ disk, server, note }: Ground, forMs: number, bytesLeft: number) => {
  if (disk === undefined) return;
  if (disk.fill(bytesLeft)) note("disk_full", `${bytesLeft} bytes left for ${Math.round(forMs)} ms`);
  await Bun.sleep(forMs);
  disk.empty();
  // A merge that met the full disk may have left a part that the engine cannot read before its next start. Embedded it
  // starts with the service.
  await server?.engine.kill();
  await server?.engine.start();
};

const failView = async ({ server, note }: Ground, fault: Fault & { readonly kind: "failing_view" }) => {
  if (server === undefined) return;
  const { view, forMs } = fault;
  try {
    await failFor(server.engine.url(), view, forMs);
    note("failing_view", `${view.name} fails for one row in ${view.oneIn} for ${Math.round(forMs)} ms`);
    await Bun.sleep(forMs);
    for (const sql of removeViews) await ask(server.engine.url(), sql);
  } catch {
    // The engine crashed meanwhile; the view heals by itself and goes with the next one.
  }
};

const crashEngine = async (ground: Ground, fault: Fault & { readonly kind: "engine_crash" }) => {
  const { server, clickhouse, note } = ground;
  if (server === undefined) return;
  const { moment, forMs } = fault;
  const seen = moment !== undefined && (await nextPart(clickhouse, moment, 0, MOMENT_DEADLINE_MS));
  note(
    "engine_crash",
    `SIGKILL, back after ${Math.round(forMs)} ms${seen ? `; on a ${moment.what} of ${moment.table}` : ""}`,
  );
  await server.engine.kill();
  await Bun.sleep(forMs);
  await server.engine.start();
};

const freezeEngine = async ({ server, note }: Ground, forMs: number) => {
  if (server === undefined || !server.engine.isUp()) return;
  const pid = server.engine.pid();
  note("engine_freeze", `SIGSTOP for ${Math.round(forMs)} ms`);
  try {
    process.kill(pid, "SIGSTOP");
    await Bun.sleep(forMs);
    process.kill(pid, "SIGCONT");
  } catch {
    // It crashed meanwhile.
  }
};

/** Lets one thing go wrong and resolves when it is over. */
const inject = async (ground: Ground, fault: Fault): Promise<void> => {
  switch (fault.kind) {
    case "freeze":
      return freeze(ground, fault.forMs);
    case "disk_full":
      return fillDisk(ground, fault.forMs, fault.bytesLeft);
    case "failing_view":
      return failView(ground, fault);
    case "engine_crash":
      return crashEngine(ground, fault);
    case "engine_freeze":
      return freezeEngine(ground, fault.forMs);
    default: {
      const { kind, times, insertsOnly, delayMs } = fault;
      ground.note(
        kind,
        `the next ${times} ${insertsOnly ? "inserts" : "statements"}, ${Math.round(delayMs)} ms`,
      );
      ground.server?.network.arm({ fault: kind, times, insertsOnly, delayMs });
    }
  }
};

/** Lets all that was planned from a moment on go wrong; resolves when it is over. */
export const injectFrom = async (
  ground: Ground,
  from: PlannedFault["from"],
  faults: ReadonlyArray<PlannedFault>,
): Promise<void> => {
  await Promise.all(
    faults
      .filter((planned) => planned.from === from)
      .map(async ({ fault, afterMs }) => {
        await Bun.sleep(afterMs);
        await inject(ground, fault);
      }),
  );
};

/** Ends a life of the service. */
export const endLife = async (ground: Ground, end: End): Promise<void> => {
  const { service, server, clickhouse, note } = ground;
  switch (end.kind) {
    case "kill_on_answer":
      await within(ground.nextAnswer(), MOMENT_DEADLINE_MS);
      break;
    case "kill_on_commit":
      await nextChange(() => ground.spool, end.skip, MOMENT_DEADLINE_MS);
      break;
    case "kill_on_write":
      await nextPart(clickhouse, end.moment, end.skip, MOMENT_DEADLINE_MS);
      break;
    case "kill_on_insert":
      await within(server?.network.nextInsert(end.moment) ?? Bun.sleep(0), MOMENT_DEADLINE_MS);
      if (end.delayMs > 0) await Bun.sleep(end.delayMs);
      break;
    case "stop": {
      note("stop", "SIGTERM");
      // A stopped process does not see the signal; whoever stopped it lets it go on.
      const code = await service.terminate(STOP_DEADLINE_MS);
      if (code !== 0) note("stop", `ended with ${code ?? "a SIGKILL after the deadline"}`);
      return;
    }
    case "stop_and_kill":
      service.signal("SIGTERM");
      await Bun.sleep(end.afterMs);
      break;
    case "kill_both":
      await Promise.all([service.kill(), server?.engine.kill()]);
      note(end.kind, "SIGKILL to the service and the engine");
      await server?.engine.start();
      return;
    case "kill":
  }
  const killed = service.kill();
  note(end.kind, Object.keys(end).length > 1 ? `SIGKILL, ${JSON.stringify(end)}` : "SIGKILL");
  await killed;
};
