import { expect } from "bun:test";
import { Effect, Layer } from "effect";
import fc from "fast-check";
import { ClickHouse, type QueryParams } from "../../store/clickhouse.ts";
import { testClickHouse } from "../../testing/clickhouse.ts";
import { testsOn } from "../../testing/effect.ts";
import { testSettings } from "../../testing/settings.ts";
import type { TimeRange } from "../calendar/buckets.ts";
import { eventFields, type Field } from "../catalogue/dimensions.ts";
import { blankEvent, type EventRow, landingColumns, landingRow } from "../recount/event-row.ts";
import { valueOfEvent } from "../recount/field-value.ts";
import { matchesFilter } from "../recount/filtered.ts";
import { eventsWithIds, names, numberTexts, patterns, text, texts } from "./any-event.ts";
import { anyFilter, eventFieldNames } from "./any-filter.ts";
import { filterCondition } from "./condition.ts";
import { type Filter, fieldsOf, type Operator } from "./filter.ts";
import { writeFilter } from "./write.ts";

// Long enough that the days of 2024 with all their changes of clocks are kept.
const retention = { rawRetentionDays: 3650, rollupRetentionYears: 50 };
const { it } = testsOn(Layer.merge(testClickHouse(undefined, retention), testSettings(retention)));

let batches = 0;
const insert = (project: string, events: ReadonlyArray<EventRow>) =>
  Effect.gen(function* () {
    batches += 1;
    const rows = events.map((event) => landingRow(event, project, batches)).join("\n");
    const clickhouse = yield* ClickHouse;
    yield* clickhouse.insertRows({
      table: "landing",
      columns: landingColumns,
      rows: Buffer.from(rows),
      token: `batch ${batches}`,
    });
  });

const berlin: TimeRange = {
  fromMs: Date.parse("2024-03-01T00:00:00Z"),
  toMs: Date.parse("2024-12-01T00:00:00Z"),
  zone: "Europe/Berlin",
};

const someEvent: EventRow = { ...blankEvent, occurredAtMs: berlin.fromMs };

/** For every event by its id, which of the filters hold, asked in one statement. */
const verdicts = (project: string, filters: ReadonlyArray<Filter>) =>
  Effect.gen(function* () {
    const conditions = filters.map((filter, n) => filterCondition(filter, eventFields(berlin), `f${n}`));
    const params: QueryParams = Object.assign({ project }, ...conditions.map((one) => one.params));
    const columns = conditions.map(({ sql }) => `toUInt8(${sql})`).join(", ");
    const clickhouse = yield* ClickHouse;
    const rows = yield* clickhouse.query<{ event_id: string; holds: ReadonlyArray<number> }>(
      `SELECT event_id, [${columns}] AS holds FROM events AS t WHERE project_id = {project:String}`,
      params,
    );
    return new Map(rows.map(({ event_id, holds }) => [event_id, holds.map((one) => one === 1)]));
  });

/** The ids of the events that a filter selects, as a question asks for them. */
const selected = (project: string, filter: Filter) =>
  Effect.gen(function* () {
    const { sql, params } = filterCondition(filter, eventFields(berlin));
    const clickhouse = yield* ClickHouse;
    const rows = yield* clickhouse.query<{ event_id: string }>(
      `SELECT event_id FROM events AS t WHERE t.project_id = {project:String} AND ${sql} ORDER BY event_id`,
      { project, ...params },
    );
    return rows.map(({ event_id }) => event_id);
  });

const condition = (field: Field, operator: Operator, ...values: ReadonlyArray<string>): Filter => ({
  kind: "condition",
  field,
  operator,
  values,
});

const fields: ReadonlyArray<Field> = [
  ...eventFieldNames,
  ...names.flatMap((name): ReadonlyArray<Field> => [`property:${name}`, `property:${name}`]),
  "property:plan",
  "property:nothing has it",
];

it(
  "the rows that a filter selects are those that it holds for, whatever stands in them",
  () =>
    Effect.gen(function* () {
      // It is told when something is found.
      const seed = Math.floor(Math.random() * 2 ** 31);
      const [events = []] = fc.sample(eventsWithIds(berlin, 300), { numRuns: 1, seed });
      yield* insert("any", events);
      const someValue = (field: Field) =>
        fc.oneof(
          text,
          fc.nat(events.length - 1).map((n) => valueOfEvent(field, events[n] ?? someEvent, berlin.zone)),
        );
      const filters = fc.sample(anyFilter({ fields, texts: someValue, patterns }), { numRuns: 480, seed });
      for (let start = 0; start < filters.length; start += 60) {
        const part = filters.slice(start, start + 60);
        const holds = yield* verdicts("any", part);
        expect(holds.size).toBe(events.length);
        for (const [n, filter] of part.entries()) {
          const expected = events.filter((one) => matchesFilter(filter, one, berlin.zone));
          const found = events.filter(({ event_id }) => holds.get(event_id)?.[n]);
          const differing = events
            .filter((one) => expected.includes(one) !== found.includes(one))
            .map((one) => fieldsOf(filter).map((field) => valueOfEvent(field, one, berlin.zone)));
          expect([seed, writeFilter(filter), differing]).toEqual([seed, writeFilter(filter), []]);
        }
      }
      // In a WHERE the engine takes other ways: it looks at the key first, and at columns one by one.
      for (const filter of filters.slice(0, 50)) {
        const expected = events.filter((one) => matchesFilter(filter, one, berlin.zone));
        expect(yield* selected("any", filter)).toEqual(expected.map(({ event_id }) => event_id));
      }
    }),
  60_000,
);

it("a property is asked for as its text, or as the JSON that JavaScript writes", () =>
  Effect.gen(function* () {
    const stored = {
      text: 'Tom & "Jo"/é',
      one: 1,
      hundred: 100,
      tiny: 1e-7,
      half: -0.5,
      yes: true,
      none: null,
    };
    const nested = { list: [1, "a/b"], object: { b: 1, a: null }, "a.b": 2, a: { b: 3 } };
    yield* insert("property", [
      { ...someEvent, event_id: "it", properties: JSON.stringify({ ...stored, ...nested }) },
      { ...someEvent, event_id: "bare", properties: "" },
    ]);
    const is: ReadonlyArray<readonly [name: string, value: string, yes: boolean]> = [
      ["text", 'Tom & "Jo"/é', true],
      ["one", "1", true],
      ["one", "1.0", false],
      ["hundred", "100", true],
      ["hundred", "1e2", false],
      ["tiny", "1e-7", true],
      ["tiny", "0.0000001", false],
      ["half", "-0.5", true],
      ["yes", "true", true],
      ["list", '[1,"a/b"]', true],
      ["object", '{"b":1,"a":null}', true],
      ["a.b", "2", true],
      ["object.b", "1", false],
    ];
    const filters = is.map(([name, value]) => condition(`property:${name}`, "is", value));
    expect((yield* verdicts("property", filters)).get("it")).toEqual(is.map(([, , yes]) => yes));
    for (const name of ["none", "nothing", "object.b"] as const) {
      expect(yield* selected("property", condition(`property:${name}`, "exists"))).toEqual([]);
      expect(yield* selected("property", condition(`property:${name}`, "is", ""))).toEqual(["bare", "it"]);
    }
  }));

it("only texts that are a finite number in decimal notation are compared", () =>
  Effect.gen(function* () {
    const written = (value: string) => ({
      ...someEvent,
      event_id: value,
      browser_version: value,
      page_title: value,
    });
    yield* insert("numbers", [...numberTexts, "", "five", "5,3", "--5", "٣", "true"].map(written));
    const numbers = ["+5", "-5", ".5", "007", "1e3", "5", "5."];
    for (const field of ["browser_version", "title"] as const) {
      expect(yield* selected("numbers", condition(field, "gte", "-1e300"))).toEqual(numbers);
      expect(yield* selected("numbers", condition(field, "lte", "1e300"))).toEqual(numbers);
      expect(yield* selected("numbers", condition(field, "gt", "5"))).toEqual(["007", "1e3"]);
      expect(yield* selected("numbers", condition(field, "lt", "0.5"))).toEqual(["-5"]);
    }
  }));

it(
  "as many values and conditions as a filter may have are one statement",
  () =>
    Effect.gen(function* () {
      const values = Array.from({ length: 100 }, (_, n) => `${n}'"\\${"é".repeat(20)}`);
      const last = values.at(-1) ?? "";
      yield* insert("many", [
        { ...someEvent, event_id: "yes", page_path: last, properties: JSON.stringify({ a: last }) },
        { ...someEvent, event_id: "no", page_path: "é", properties: '{"a":"é"}' },
      ]);
      for (const field of ["page", "property:a"] as const) {
        for (const operator of ["is", "contains", "starts_with", "matches"] as const) {
          const asked = values.map((value) =>
            operator === "matches" ? value.replaceAll("\\", "\\\\") : value,
          );
          const one = condition(field, operator, ...asked);
          const filter: Filter = { kind: "all", filters: Array.from({ length: 5 }, () => one) };
          expect([operator, yield* selected("many", filter)]).toEqual([operator, ["yes"]]);
        }
        for (const operator of ["is_not", "not_contains"] as const) {
          expect(yield* selected("many", condition(field, operator, ...values))).toEqual(["no"]);
        }
      }
    }),
  60_000,
);

it("conditions on the key find their rows by it", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    yield* clickhouse.command(
      `INSERT INTO landing (project_id, site_id, event_type, occurred_at, visitor_id)
       SELECT 'key', concat('site ', toString(number % 10)), ['a', 'b', 'c', 'd'][intDiv(number, 10) % 4 + 1],
              toDateTime64('2024-06-01 00:00:00', 3, 'UTC') + intDiv(number, 100), number FROM numbers(400000)`,
    );
    yield* clickhouse.command("OPTIMIZE TABLE events FINAL");
    const granules = (filter: Filter) =>
      Effect.gen(function* () {
        const { sql, params } = filterCondition(filter, eventFields(berlin));
        const plan = yield* clickhouse.query<{ explain: string }>(
          `EXPLAIN indexes = 1 SELECT count() FROM events AS t WHERE t.project_id = 'key' AND ${sql}`,
          params,
        );
        const counts = plan.flatMap(({ explain }) => /Granules: (\d+)\/(\d+)/.exec(explain)?.slice(1) ?? []);
        return Number(counts.at(-2)) / Number(counts[1]);
      });
    const site = condition("site", "is", "site 3");
    expect(yield* granules(site)).toBeLessThan(0.2);
    expect(yield* granules(condition("site", "is", "site 3", ...texts))).toBeLessThan(0.2);
    expect(yield* granules(condition("site", "starts_with", "site 3"))).toBeLessThan(0.2);
    expect(yield* granules(condition("site", "matches", "^site 3"))).toBeLessThan(0.2);
    expect(yield* granules(condition("event_type", "is", "a"))).toBeLessThan(0.6);
    expect(yield* granules({ kind: "any", filters: [site, condition("site", "is", "site 4")] })).toBeLessThan(
      0.3,
    );
    expect(
      yield* granules({ kind: "all", filters: [site, condition("event_type", "is", "a")] }),
    ).toBeLessThan(0.15);
    expect(yield* granules(condition("page", "is", "a"))).toBeGreaterThan(0.5);
  }));

it("two parts of a statement that ask for different properties do not get in each other's way", () =>
  Effect.gen(function* () {
    const one = filterCondition(condition("property:one", "is", "1"), eventFields(berlin), "one");
    const two = filterCondition(condition("property:two", "is", "2"), eventFields(berlin), "two");
    yield* insert("parts", [{ ...someEvent, properties: '{"one":1,"two":2}' }]);
    const clickhouse = yield* ClickHouse;
    const rows = yield* clickhouse.query(
      `SELECT toUInt8(${one.sql}) AS one, toUInt8(${two.sql}) AS two FROM events AS t WHERE project_id = 'parts'`,
      { ...one.params, ...two.params },
    );
    expect(rows).toEqual([{ one: 1, two: 1 }]);
  }));
