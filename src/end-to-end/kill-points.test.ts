import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Call } from "./kill-points/call-watch.ts";
import { callText, concerns } from "./kill-points/concern.ts";
import { openPlace, type Place } from "./kill-points/place.ts";
import { makeScenario } from "./kill-points/scenario.ts";
import { prepareStages, type Stages, spread, trySeries } from "./kill-points/series.ts";
import { differencesFrom, readTables } from "./kill-points/verdict.ts";

/** `bun run kill-points` tries every point. */
const ANYWHERE = 5;
const IN_THE_RECOVERY = 4;
const JOBS = 2;

const TABLES = ["events", "daily_widget_stats", "daily_post_stats", "hourly_event_stats"];

// Asking the kernel about a process's calls is Linux's, and their numbers are the architecture's.
describe.skipIf(process.platform !== "linux" || process.arch !== "x64")("a service that is killed", () => {
  const scenario = makeScenario(Date.now());
  let place: Place;
  let stages: Stages;
  let calls: ReadonlyArray<Call>;
  beforeAll(async () => {
    place = await openPlace(scenario);
    stages = await prepareStages(scenario, place);
    // Merges come when they like.
    calls = (await stages.calls("batch")).filter(({ path }) => !path.includes("/tmp_merge_"));
  }, 60_000);
  afterAll(() => place[Symbol.asyncDispose]());

  const text = () => calls.map(callText).join("\n");
  const count = (kind: Call["kind"], concern: string) => {
    const concernOf = concerns(place.prepared);
    return calls.filter((call) => call.kind === kind && concernOf(call) === concern).length;
  };

  test("would be killed before any call that makes an event durable, or a batch known", () => {
    expect(calls.slice(0, 4).map(({ kind }) => kind)).toEqual(["create", "sync", "write", "sync"]);
    expect([count("write", "segment"), count("sync", "segment")]).toEqual([1, 1]);
    expect(count("write", "ledger")).toBeGreaterThanOrEqual(2);
    expect(count("sync", "ledger")).toBeGreaterThanOrEqual(2);
    expect(text()).toMatch(
      /write spool\/ledger.sqlite-wal[\s\S]*rename clickhouse[\s\S]*write spool\/ledger.sqlite-wal/,
    );
  });

  test.each(TABLES)("would be killed before any call by which a month of the batch gets into %s", (table) => {
    const { months } = scenario;
    expect(count("rename", table)).toBe(months.length);
    expect(count("directory", table)).toBe(months.length);
    expect(count("write", table)).toBeGreaterThan(8 * months.length);
    const concernOf = concerns(place.prepared);
    const renamed = calls.filter((call) => call.kind === "rename" && concernOf(call) === table);
    expect(renamed.map(({ path }) => /tmp_insert_(\d+)_/.exec(path)?.[1] ?? path).sort()).toEqual([
      ...months,
    ]);
  });

  test("is missed by the comparison as long as the batch is", async () => {
    const differences = await differencesFrom(scenario, await readTables(place.copy(place.prepared)));
    expect(differences.join("\n")).toContain(`${scenario.batch.numbers.length} events lost`);
  });

  test("counts the batch exactly once, whatever it was doing", async () => {
    const renames = calls.filter(({ kind }) => kind === "rename").length;
    const recovery = (await stages.calls("recovery")).length;
    const trials = await trySeries({
      scenario,
      place,
      stages,
      jobs: JOBS,
      points: [
        ...spread(renames, renames).map((before) => ({
          stage: "batch" as const,
          killPoint: { kind: "rename" as const, before },
        })),
        ...spread(calls.length, ANYWHERE).map((before) => ({
          stage: "batch" as const,
          killPoint: { before },
        })),
        ...spread(recovery, IN_THE_RECOVERY).map((before) => ({
          stage: "recovery" as const,
          killPoint: { before },
        })),
      ],
    });
    expect(trials.flatMap(({ differences }) => differences)).toEqual([]);
    expect(trials.filter(({ call }) => call !== undefined).length).toBeGreaterThanOrEqual(20);
    // Most of the trials were of the kind that matters.
    expect(trials.filter(({ finding }) => finding === "completed").length).toBeGreaterThan(renames);
  }, 300_000);
});
