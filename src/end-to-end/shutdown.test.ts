import { describe, expect, test } from "bun:test";
import { startService } from "../testing/service/child.ts";
import { openStorage, type Storage } from "../testing/service/storage.ts";
import { startSender } from "./sender.ts";

/** `FOOTFALL_ROUNDS=20 bun test src/end-to-end/shutdown.test.ts` is the long version. */
const rounds = Number(process.env.FOOTFALL_ROUNDS ?? 2);
const LOAD_MS = 1500;
const EVENTS_PER_SECOND = 5000;

interface StoredIds {
  readonly event_id: string;
  readonly times: number;
}

const round = async (storage: Storage, number: number, signal: NodeJS.Signals) => {
  await using service = await startService({ env: storage.env });
  const sender = startSender({
    url: service.url,
    eventsPerSecond: EVENTS_PER_SECOND,
    connections: 8,
    eventsPerRequest: 25,
    pauseMs: 10,
    prefix: `round${number}`,
  });
  // The moment of the signal falls anywhere in the writer's rhythm.
  await Bun.sleep(LOAD_MS + Math.random() * 1000);
  const signalledAt = performance.now();
  const exitCode = await service.stop(signal);
  const stoppedWithinMs = performance.now() - signalledAt;
  sender.stop();
  return { exitCode, stoppedWithinMs, output: service.output(), ...(await sender.report()) };
};

describe.each(["embedded", "server"] as const)("a stop under load, ClickHouse %s", (engine) => {
  test(
    `every answered event is stored once, ${rounds} rounds`,
    async () => {
      await using storage = await openStorage(engine);
      for (let number = 1; number <= rounds; number++) {
        const { sent, answered, ...ended } = await round(
          storage,
          number,
          number % 2 === 0 ? "SIGINT" : "SIGTERM",
        );
        expect(ended).toMatchObject({ exitCode: 0, otherStatuses: {} });
        expect(ended.output).not.toContain("could not be stored");
        const stored = await storage.rows<StoredIds>(
          `SELECT event_id, count() AS times FROM events WHERE startsWith(event_id, 'round${number}-') GROUP BY event_id`,
        );
        const ids = new Set(stored.map(({ event_id }) => event_id));
        expect([...answered].filter((id) => !ids.has(id))).toEqual([]);
        expect([...ids].filter((id) => !sent.has(id))).toEqual([]);
        expect(stored.filter(({ times }) => times !== 1)).toEqual([]);
        // There was load, however busy the machine is.
        expect(answered.size).toBeGreaterThan((EVENTS_PER_SECOND * LOAD_MS * 0.2) / 1000);
        if (rounds > 2) {
          console.log(
            `${engine} round ${number}: ${sent.size} sent, ${answered.size} answered, ${ids.size} stored, stopped in ${Math.round(ended.stoppedWithinMs)} ms`,
          );
        }
      }
      const [totals] = await storage.rows<{ raw: number; rollup: number }>(
        "SELECT (SELECT count() FROM events) AS raw, (SELECT sum(events) FROM hourly_event_stats) AS rollup",
      );
      expect(totals?.rollup).toBe(totals?.raw as number);
    },
    20_000 + rounds * 15_000,
  );
});
