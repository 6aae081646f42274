import { expect, setDefaultTimeout } from "bun:test";
import { Effect } from "effect";
import { ClickHouse, type ClickHouseShape } from "../../store/clickhouse.ts";
import { ClickHouseError } from "../../store/clickhouse-error.ts";
import { testClickHouse } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { completeBatch } from "./recovery.ts";
import {
  allSlices,
  fingerprints,
  firstInsert,
  insertSlices,
  sampleBatch,
  writersTables,
} from "./sample-batches.ts";

setDefaultTimeout(60_000);

// On a server, faults of the network do the same.
const { it } = testsOn(testClickHouse());

/** The store of a process that ends after its n-th statement. */
const dyingAfter = (clickhouse: ClickHouseShape, last: number) => {
  let statements = 0;
  const gone = new ClickHouseError({
    failure: "unavailable",
    retryable: true,
    code: undefined,
    message: "gone",
  });
  const dying = <A>(statement: Effect.Effect<A, ClickHouseError>): Effect.Effect<A, ClickHouseError> =>
    Effect.suspend(() => {
      statements++;
      if (statements < last) return statement;
      return statements === last ? Effect.zipRight(statement, Effect.fail(gone)) : Effect.fail(gone);
    });
  const store: ClickHouseShape = {
    ...clickhouse,
    query: (...read) => dying(clickhouse.query(...read)),
    command: (...change) => dying(clickhouse.command(...change)),
    insertRows: (insert) => dying(clickhouse.insertRows(insert)),
  };
  return { store, reached: () => statements >= last };
};

it("may be cut off at any of its statements and goes on from there", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    yield* firstInsert(sampleBatch({ project: "plain", number: 1 }));
    const projects: Array<string> = [];
    for (let last = 1; ; last++) {
      const project = `cut off after ${last}`;
      const batch = sampleBatch({ project, number: last + 1 });
      const arrived = allSlices.filter((_, n) => n % 5 === last % 5);
      yield* insertSlices(batch, arrived);
      const { store, reached } = dyingAfter(clickhouse, last);
      yield* Effect.ignore(Effect.provideService(completeBatch(batch), ClickHouse, store));
      yield* completeBatch(batch);
      projects.push(project);
      if (!reached()) break;
    }
    expect(projects.length).toBeGreaterThan(10);
    const found = yield* fingerprints;
    for (const project of projects) expect([project, found[project]]).toEqual([project, found.plain]);
    expect(yield* writersTables).toEqual([]);
  }));
