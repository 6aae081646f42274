import { describe, expect } from "bun:test";
import { writeFileSync } from "node:fs";
import { Effect, Layer, Option } from "effect";
import { ClickHouse } from "../../store/clickhouse.ts";
import { testDataDirectory, testEngines } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import { readFile, rowGroupsOf } from "../testing/read-file.ts";
import {
  inOrder,
  SAMPLE_FROM,
  SAMPLE_TO,
  type SampleEvent,
  sampleEvent,
  sampleEvents,
  seen,
  storeEvents,
} from "../testing/sample-events.ts";
import { ExportTurns, openExport } from "./export-file.ts";
import { decodeExportQuery, exportFormats } from "./query.ts";
import { type SliceSizes, usualSizes } from "./slices.ts";

const RANGE = `from=${SAMPLE_FROM}&to=${SAMPLE_TO}&bots=include`;
const sample = sampleEvents(3000);
const turns = new ExportTurns();

/** Some dozen slices of the sample. */
const small: SliceSizes = {
  ...usualSizes,
  targetBytes: 64 * 1024,
  firstRows: 11,
  mostRows: 100,
  fewestRows: 5,
};

const exported = (query: string, sizes?: SliceSizes) =>
  Effect.scoped(
    Effect.gen(function* () {
      const file = yield* openExport(yield* decodeExportQuery(new URLSearchParams(query)), turns, sizes);
      const parts = [...file.beginning];
      for (;;) {
        const more = yield* file.next;
        if (Option.isNone(more)) return { bytes: Buffer.concat(parts), parts: parts.length };
        parts.push(...more.value);
      }
    }),
  );

const oldestFirst = (events: ReadonlyArray<SampleEvent>) => inOrder(events).map(seen);

describe.each(testEngines)("a file of events on $engine", ({ engine, layer }) => {
  const { it } = testsOn(Layer.merge(layer(), testSettings()));

  for (const format of exportFormats) {
    it(`${format} holds exactly the stored events of the project in order, in however many slices`, () =>
      Effect.gen(function* () {
        yield* storeEvents(sample, format);
        yield* storeEvents(sample.slice(0, 300), `not ${format}`);
        const query = `${RANGE}&format=${format}&project=${format}`;
        const whole = yield* exported(query);
        expect(yield* Effect.promise(() => readFile(format, whole.bytes))).toEqual(oldestFirst(sample));
        const sliced = yield* exported(query, small);
        expect(sliced.parts).toBeGreaterThan(20);
        expect(yield* Effect.promise(() => readFile(format, sliced.bytes))).toEqual(oldestFirst(sample));
        if (format === "parquet") expect(rowGroupsOf(sliced.bytes)).toBeGreaterThan(20);
      }));

    it(`${format} of nothing is a file without events`, () =>
      Effect.gen(function* () {
        const { bytes } = yield* exported(`${RANGE}&format=${format}&project=nobody`);
        expect(yield* Effect.promise(() => readFile(format, bytes))).toEqual([]);
      }));
  }

  it("what the filters and bots let through, from the first instant to the last", () =>
    Effect.gen(function* () {
      yield* storeEvents(sample, "filtered");
      const range =
        "from=2026-11-03T00:00Z&to=2026-11-05T12:00:00.123Z&project=filtered&site_id=site-2.example";
      const { bytes } = yield* exported(`${range}&format=ndjson`, small);
      const inside = sample.filter(
        ({ occurred_at, is_bot, site_id }) =>
          occurred_at >= Date.parse("2026-11-03") &&
          occurred_at < Date.parse("2026-11-05T12:00:00.123Z") &&
          site_id === "site-2.example" &&
          !is_bot,
      );
      expect(inside.length).toBeGreaterThan(50);
      expect(yield* Effect.promise(() => readFile("ndjson", bytes))).toEqual(oldestFirst(inside));
    }));

  it("slices too large for their budget are made smaller until they fit", () =>
    Effect.gen(function* () {
      const thin = (n: number) =>
        sampleEvent({ event_id: `thin-${n}`, occurred_at: Date.parse("2026-11-02") + n });
      const fat = (n: number) =>
        sampleEvent({
          event_id: `fat-${String(n).padStart(3, "0")}`,
          occurred_at: Date.parse("2026-11-02T00:01Z"),
          properties: JSON.stringify({ n, text: "y".repeat(30_000) }),
        });
      const events = [
        ...Array.from({ length: 2000 }, (_, n) => thin(n)),
        ...Array.from({ length: 200 }, (_, n) => fat(n)),
      ];
      yield* storeEvents(events, "fat");
      const sizes = {
        ...usualSizes,
        fewestRows: 10,
        budget: { ...usualSizes.budget, maxResultBytes: 1_000_000 },
      };
      for (const format of exportFormats) {
        const { bytes } = yield* exported(`${RANGE}&project=fat&format=${format}`, sizes);
        expect(yield* Effect.promise(() => readFile(format, bytes))).toEqual(oldestFirst(events));
      }
      const hopeless = { ...sizes, budget: { ...sizes.budget, maxResultBytes: 1000 } };
      const error = yield* Effect.flip(exported(`${RANGE}&project=fat`, hopeless));
      expect(error).toMatchObject({ failure: "over_budget" });
    }));

  it("a formula is only a text in a spreadsheet, and a number is a number", () =>
    Effect.gen(function* () {
      const titles = ["=1+1", "+1", "-1", "@a", "\tx", "\rx", "\nx", "'=1", "''@", "it's", "a=1", "'quoted'"];
      const events = titles.map((page_title, n) =>
        sampleEvent({
          event_id: `f-${n}`,
          occurred_at: Date.parse("2026-11-02") + n,
          page_title,
          post_id: 7,
        }),
      );
      yield* storeEvents(events, "formulas");
      const { bytes } = yield* exported(`${RANGE}&project=formulas`);
      const cells = bytes.toString().split("\r\n").slice(1, -1);
      expect(cells.map((line) => /,"([^"]*[^",]+)","","","","","",/.exec(line)?.[1])).toEqual([
        ...titles.slice(0, 9).map((title) => `'${title}`),
        ...titles.slice(9),
      ]);
      expect(cells[0]).toContain(",0,7,");
    }));

  if (engine === "embedded")
    it("ClickHouse reads a Parquet file that was joined", () =>
      Effect.gen(function* () {
        const clickhouse = yield* ClickHouse;
        yield* storeEvents(sample, "again");
        const { bytes } = yield* exported(`${RANGE}&project=again&format=parquet`, small);
        const path = `${yield* testDataDirectory}/joined.parquet`;
        writeFileSync(path, bytes);
        yield* clickhouse.command(
          `CREATE TABLE joined ENGINE = MergeTree ORDER BY tuple() AS SELECT * FROM file('${path}', Parquet)`,
        );
        const columns =
          "event_id, toUnixTimestamp64Milli(occurred_at), visitor_id, session_id, page_title, is_bot, properties";
        const sum = (from: string) =>
          clickhouse.query(
            `SELECT count() AS n, toString(sum(cityHash64(${columns}))) AS hash, any(toTypeName(occurred_at)) AS type FROM ${from}`,
          );
        const [joined] = yield* sum("joined");
        const [stored] = yield* sum("events WHERE project_id = 'again'");
        expect(joined).toEqual(stored);
      }).pipe(Effect.scoped));
});
