import { expect } from "bun:test";
import { Effect } from "effect";
import { ClickHouse } from "../store/clickhouse.ts";
import { testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import { completeBatch } from "../writer/recovery/recovery.ts";
import { sampleBatch } from "../writer/recovery/sample-batches.ts";
import { deleteExpired } from "./delete-expired.ts";

const TIMEOUT_MS = 60_000;
const kept = { rawRetentionDays: 3650, rollupRetentionYears: 50 };

const today = Math.floor(Date.now() / 86_400_000);
/** The samples lie in this month and the two before; these days take the last of them as a whole. */
const expired = (project: string) => [{ project, rawBefore: today - 40, rollupsBefore: today - 40 }];

const stored = (project: string) =>
  Effect.flatMap(ClickHouse, ({ query }) =>
    query<object>(
      `SELECT * FROM (
       SELECT 'events' AS name, toDate(occurred_at) AS day, count() AS n FROM events WHERE project_id = {project:String} GROUP BY day
       UNION ALL SELECT 'hourly', toDate(hour) AS day, sum(events) FROM hourly_event_stats WHERE project_id = {project:String} GROUP BY day
       UNION ALL SELECT 'widgets', date AS day, sum(impressions) FROM daily_widget_stats WHERE project_id = {project:String} GROUP BY day
       ) ORDER BY ALL`,
      { project },
    ),
  );

for (const { engine, layer } of testEngines) {
  const { it } = testsOn(layer(undefined, kept));

  it(
    `${engine}: a batch of which rows were deleted is not stored again where others tell that it came`,
    () =>
      Effect.gen(function* () {
        const [own, other] = [
          sampleBatch({ project: "own", number: 7 }),
          sampleBatch({ project: "other", number: 7 }),
        ];
        const batch = { ...own, rows: Buffer.concat([own.rows, other.rows]) };
        yield* completeBatch(batch);
        const others = yield* stored("other");
        expect((yield* deleteExpired(expired("own"), { wait: true })).length).toBeGreaterThan(3);
        const left = yield* stored("own");
        expect(left.length).toBeGreaterThan(0);
        expect((yield* completeBatch(batch)).written).toBe(0);
        expect(yield* stored("own")).toEqual(left);
        expect(yield* stored("other")).toEqual(others);
      }),
    TIMEOUT_MS,
  );

  it(
    `${engine}: where all rows of it were deleted only these come again, and go the next time`,
    () =>
      Effect.gen(function* () {
        const batch = sampleBatch({ project: "alone", number: 8 });
        yield* completeBatch(batch);
        const before = yield* stored("alone");
        yield* deleteExpired(expired("alone"), { wait: true });
        const left = yield* stored("alone");
        expect(left.length).toBeLessThan(before.length);
        expect((yield* completeBatch(batch)).written).toBeGreaterThan(0);
        expect(yield* stored("alone")).toEqual(before);
        yield* deleteExpired(expired("alone"), { wait: true });
        expect(yield* stored("alone")).toEqual(left);
      }),
    TIMEOUT_MS,
  );
}
