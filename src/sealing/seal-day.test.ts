import { describe, expect } from "bun:test";
import { Effect } from "effect";
import { testClickHouse, testEngines } from "../testing/clickhouse.ts";
import { testsOn } from "../testing/effect.ts";
import {
  at,
  buildsOf,
  DAY,
  expectExact,
  keptLong,
  lastBatch,
  onSealedDays,
  openDays,
  SITE,
  seal,
  sealHolds,
  store,
  visits,
} from "./sample.ts";
import { layerSealedDays, SealedDays } from "./sealed-days.ts";

const TIMEOUT_MS = 60_000;

describe.each(testEngines)("sealing on $engine", ({ layer }) => {
  const { it } = testsOn(onSealedDays(layer(undefined, keptLong)));

  it(
    "names are values, whatever they look like",
    () =>
      Effect.gen(function* () {
        const sites = [
          "it's \\ \"quoted\"\\'",
          "{site:String}",
          "tab\tand\nline\r\0end",
          "zażółć 🦊 \u202e\u2028",
          "",
          "x' OR 1=1 --",
          "\ufffd\uffff",
          "%27%5C",
        ];
        const projects = ["it's \\ \"quoted\"\\'", "{site:String}", "zażółć 🦊"];
        for (const project of projects) {
          yield* store(
            project,
            sites.flatMap((site_id, index) => visits(index % 3, ["10:00", "10:05"], index, { site_id })),
          );
          const sealed = yield* SealedDays;
          yield* sealed.refresh;
          const open = sealed.open(0, 65_535).filter((day) => day.project === project);
          expect(open.map(({ siteId }) => siteId).sort()).toEqual([...sites].sort());
          for (const { siteId, day } of open) yield* seal(project, day - DAY, siteId);
          expect(yield* openDays(project)).toEqual([]);
          yield* expectExact(project);
        }
        // As a start reads them back.
        const again = yield* Effect.provide(
          Effect.map(SealedDays, (sealed) => sealed.open(0, 65_535)),
          layerSealedDays,
        );
        expect(again.filter(({ project }) => projects.includes(project))).toEqual([]);
      }),
    TIMEOUT_MS,
  );
});

describe("sealing", () => {
  const { it } = testsOn(onSealedDays(testClickHouse(undefined, keptLong)));

  it(
    "while a batch is on its way a day waits",
    () =>
      Effect.gen(function* () {
        yield* store("way", visits(0, ["08:00"]));
        yield* store("way", visits(0, ["09:00"]));
        expect(yield* seal("way", 0, SITE, lastBatch() - 1)).toBe("arriving");
        expect(yield* buildsOf("way")).toBe(0);
        expect(yield* seal("way", 0)).toMatchObject({ watermark: lastBatch() });
      }),
    TIMEOUT_MS,
  );

  it(
    "a day stays open while a session that began on it goes on, and no other day does",
    () =>
      Effect.gen(function* () {
        const all = (day: number) =>
          Array.from({ length: 72 }, (_, i) => ({ occurredAtMs: at(day, "00:00") + i * 20 * 60_000 }));
        yield* store("kiosk", [0, 1, 2, 3].flatMap(all));
        expect(yield* seal("kiosk", 0)).toBe("endless");
        for (const day of [1, 2, 3])
          expect(yield* seal("kiosk", day)).toMatchObject({ watermark: lastBatch() });
        expect(yield* openDays("kiosk")).toEqual([0]);
        yield* expectExact("kiosk");
        // Nothing was written of what does not count.
        expect(yield* buildsOf("kiosk")).toBe(3);
      }),
    TIMEOUT_MS,
  );

  it(
    "a session of up to a day after is waited for",
    () =>
      Effect.gen(function* () {
        const long = Array.from({ length: 60 }, (_, i) => ({
          occurredAtMs: at(0, "12:00") + i * 29 * 60_000,
        }));
        yield* store("long", long);
        expect(yield* seal("long", 0)).toMatchObject({ nextHours: 18 });
        yield* seal("long", 1);
        yield* expectExact("long");
        yield* store("long", visits(1, ["17:00"], 2));
        expect(yield* sealHolds("long", 0)).toBe(false);
        yield* expectExact("long");
      }),
    TIMEOUT_MS,
  );
});

describe("two databases", () => {
  const first = testsOn(onSealedDays(testClickHouse(undefined, keptLong)));
  const second = testsOn(onSealedDays(testClickHouse(undefined, keptLong)));

  first.it(
    "the sealed days of one are none of the other",
    () =>
      Effect.gen(function* () {
        yield* store("default", visits(0, ["08:00"]));
        yield* Effect.promise(() => second.runtime.runPromise(store("default", visits(0, ["08:00"]))));
        yield* seal("default", 0);
        expect(yield* openDays("default")).toEqual([]);
        expect(yield* Effect.promise(() => second.runtime.runPromise(openDays("default")))).toEqual([0]);
      }),
    TIMEOUT_MS,
  );
});
