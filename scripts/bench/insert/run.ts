import { Effect } from "effect";
import type { ClickHouseShape } from "../../../src/store/clickhouse.ts";
import { eventColumns, numberRows } from "../../../src/store/event-row.ts";
import { temporaryDirectory } from "../child.ts";
import { mergesEnded } from "../merges.ts";
import { BATCH_ROWS, dayInBatches } from "./batches.ts";
import type { InsertTurn } from "./insert.ts";
import { openTarget, type TargetName } from "./targets.ts";

// Inserts the same batches into every target in turn, in one process with the engine, and prints what each turn took.
const [rounds, batchesPerRound] = process.argv.slice(2, 4).map(Number) as [number, number];
const names = process.argv.slice(4) as ReadonlyArray<TargetName>;

const MERGES_SECONDS = 120;

const batches = dayInBatches();
let batch = 0;

const insertRound = (clickhouse: ClickHouseShape) =>
  Effect.gen(function* () {
    for (let sent = 0; sent < batchesPerRound; sent++) {
      batch++;
      const rows = batches[sent % batches.length] as Buffer;
      numberRows(rows, batch);
      const token = `bench:${batch}`;
      yield* clickhouse.insertRows({ table: "landing", columns: eventColumns, rows, token });
    }
  });

const turnOn = (name: TargetName, clickhouse: ClickHouseShape) =>
  Effect.gen(function* () {
    const cpuBefore = process.cpuUsage();
    const started = performance.now();
    yield* insertRound(clickhouse);
    const seconds = (performance.now() - started) / 1000;
    // What an insert leaves to merge is its cost too.
    yield* mergesEnded(clickhouse, MERGES_SECONDS);
    const { user, system } = process.cpuUsage(cpuBefore);
    const rows = batchesPerRound * BATCH_ROWS;
    return { name, rowsPerSecond: rows / seconds, cpuMicros: (user + system) / rows } satisfies InsertTurn;
  });

const measured = Effect.gen(function* () {
  const directory = temporaryDirectory();
  const targets: Array<readonly [TargetName, ClickHouseShape]> = [];
  for (const name of names) targets.push([name, yield* openTarget(directory, name)]);
  // The first round warms up.
  const turns: Array<InsertTurn> = [];
  for (let round = 0; round <= rounds; round++) {
    console.error(round === 0 ? "  warm-up" : `  round ${round} of ${rounds}`);
    for (const [name, clickhouse] of targets) {
      const turn = yield* turnOn(name, clickhouse);
      if (round > 0) turns.push(turn);
    }
  }
  return turns;
});

console.log(JSON.stringify(await Effect.runPromise(Effect.scoped(measured))));
process.exit(0);
