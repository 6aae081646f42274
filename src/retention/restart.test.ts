import { expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Effect, Redacted } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { migrate } from "../store/migrator.ts";
import { makeServer } from "../store/server.ts";
import { startClickHouseHttp } from "../testing/clickhouse-http/start.ts";
import { deleteExpired } from "./delete-expired.ts";

const TIMEOUT_MS = 120_000;
const today = Math.floor(Date.now() / 86_400_000);
const expired = [{ project: "own", rawBefore: today - 30, rollupsBefore: undefined }];

const on = <A, E>(url: string, effect: Effect.Effect<A, E, ClickHouse>): Promise<A> =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(
        makeServer({ url, database: "analytics", username: "default", password: Redacted.make("") }),
        (clickhouse) => Effect.provideService(effect, ClickHouse, clickhouse),
      ),
    ),
  );

const counts = Effect.flatMap(ClickHouse, ({ query }) =>
  query<{ project: string; events: number; old: number }>(
    `SELECT project_id AS project, count() AS events, countIf(toDate(occurred_at) < today() - 30) AS old
     FROM events GROUP BY project ORDER BY project`,
  ),
);

test(
  "an engine that is killed while rows go deletes them to the last after its start, and no other",
  async () => {
    const path = mkdtempSync(join(tmpdir(), "footfall-retention-"));
    try {
      const first = await startClickHouseHttp({ path });
      await on(
        first.url,
        Effect.gen(function* () {
          yield* migrate({ rawRetentionDays: 90, rollupRetentionYears: 2 });
          const { command } = yield* ClickHouse;
          for (const project of ["other", "own"]) {
            yield* command(
              `INSERT INTO landing (project_id, site_id, event_type, event_id, occurred_at, visitor_id, batch)
               SELECT {project:String}, 'example.org', 'page_view', toString(number), now() - INTERVAL number % 60 DAY, number, 1
               FROM numbers(120000)`,
              { project },
            );
          }
          expect(yield* counts).toMatchObject([{ events: 120_000 }, { events: 120_000 }]);
          expect((yield* deleteExpired(expired))[0]?.table).toBe("events");
        }),
      );
      await first.kill();
      const second = await startClickHouseHttp({ path });
      try {
        await on(
          second.url,
          Effect.gen(function* () {
            const { query } = yield* ClickHouse;
            for (;;) {
              const left = yield* query("SELECT 1 FROM system.mutations WHERE NOT is_done");
              if (left.length === 0) break;
              yield* Effect.sleep("50 millis");
            }
            const [other, own] = yield* counts;
            expect(other?.events).toBe(120_000);
            expect(own?.old).toBe(0);
            expect(own?.events).toBe(120_000 - (other?.old ?? 0));
            expect(yield* deleteExpired(expired)).toEqual([]);
          }),
        );
      } finally {
        await second.stop();
      }
    } finally {
      rmSync(path, { recursive: true, force: true });
    }
  },
  TIMEOUT_MS,
);
