import { Effect } from "effect";
import { ClickHouse } from "../../src/store/clickhouse.ts";
import { makeEmbedded } from "../../src/store/embedded.ts";
import { eventColumns, numberRows } from "../../src/store/event-row.ts";
import { migrate } from "../../src/store/migrator.ts";
import { temporaryDirectory } from "./child.ts";
import { encodedRows } from "./encoded.ts";

// What sustaining is measured against: the engine given the same rows, encoded already, with the same tables and views.
const BATCH = 100_000;
const DISTINCT_BATCHES = 4;

const events = Number(process.argv[2]);
const batches = Array.from({ length: DISTINCT_BATCHES }, () => encodedRows(BATCH));

const rowsPerSecond = await Effect.runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const clickhouse = yield* makeEmbedded(temporaryDirectory(), "analytics");
      yield* Effect.provideService(
        migrate({ rawRetentionDays: 90, rollupRetentionYears: 2 }),
        ClickHouse,
        clickhouse,
      );
      const started = performance.now();
      for (let sent = 0, batch = 1; sent < events; sent += BATCH, batch++) {
        const rows = batches[batch % DISTINCT_BATCHES] as Buffer;
        numberRows(rows, batch);
        yield* clickhouse.insertRows({
          table: "landing",
          columns: eventColumns,
          rows,
          token: `bench:${batch}`,
        });
      }
      return (Math.ceil(events / BATCH) * BATCH) / ((performance.now() - started) / 1000);
    }),
  ),
);
console.log(rowsPerSecond);
process.exit(0);
