import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { Call } from "./kill-points/call-watch.ts";
import { callText, concerns, isOfSpool } from "./kill-points/concern.ts";
import { openPlace, type Place } from "./kill-points/place.ts";
import { makeScenario } from "./kill-points/scenario.ts";
import { spread, trySeries } from "./kill-points/series.ts";
import { prepareStages, type Stage, type Stages, undisturbed } from "./kill-points/stages.ts";
import { differencesFrom, readTables } from "./kill-points/verdict.ts";

/** `bun run kill-points` tries every point. */
const IN_A_BATCH = 3;
const IN_THE_RECOVERY = 3;
/** Until the event is durable. */
const IN_THE_SPOOL = 4;
const JOBS = 2;

const numbers = (list: ReadonlyArray<unknown>) => list.map((_, i) => i + 1);

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
    calls = await callsOf("first");
  }, 60_000);
  afterAll(() => place[Symbol.asyncDispose]());

  // Merges come when they like.
  const callsOf = async (stage: Stage) =>
    (await undisturbed(place, stages[stage])).filter(({ path }) => !path.includes("/tmp_merge_"));
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
    const tables = await readTables(place.copy(place.prepared));
    const differences = await differencesFrom(scenario.events, stages.first.stored, tables);
    expect(differences.join("\n")).toContain(`${scenario.batch.numbers.length} events lost`);
  });

  test("counts the batch exactly once, whatever it was doing", async () => {
    const [later, recovery] = [await callsOf("later"), await callsOf("recovery")];
    const beginning = later.findIndex((call) => !isOfSpool(call));
    // The segment of the batch before.
    expect(later[0]).toMatchObject({ kind: "rename", to: expect.stringMatching(/spool\/\d+\.log$/) });
    const point = (stage: Stage) => (before: number) => ({ stage, killPoint: { before } });
    const renames = numbers(calls.filter(({ kind }) => kind === "rename"));
    const trials = await trySeries({
      scenario,
      place,
      stages,
      jobs: JOBS,
      points: [
        ...renames.map((before) => ({
          stage: "first" as const,
          killPoint: { kind: "rename" as const, before },
        })),
        ...spread(numbers(calls), IN_A_BATCH).map(point("first")),
        ...numbers(later.slice(0, beginning)).slice(0, IN_THE_SPOOL).map(point("later")),
        ...spread(numbers(recovery), IN_THE_RECOVERY).map(point("recovery")),
      ],
    });
    expect(trials.flatMap(({ differences }) => differences)).toEqual([]);
    expect(trials.filter(({ call }) => call !== undefined).length).toBeGreaterThanOrEqual(20);
    // Most of the trials were of the kind that matters.
    expect(trials.filter(({ finding }) => finding === "completed").length).toBeGreaterThan(renames.length);
  }, 600_000);
});
