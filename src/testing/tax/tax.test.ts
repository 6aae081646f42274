import { expect, test } from "bun:test";
import { Effect, Layer } from "effect";
import { answerFunnel } from "../../stats/funnels/answer-funnel.ts";
import { decodeResultQuery } from "../../stats/funnels/query.ts";
import { getFunnel, listFunnels } from "../../stats/funnels/saved-funnels.ts";
import { ClickHouse } from "../../store/clickhouse.ts";
import { eventColumns, numberRows } from "../../store/event-row.ts";
import { testClickHouse } from "../clickhouse.ts";
import { testsOn } from "../effect.ts";
import { testSettings } from "../settings.ts";
import { trafficRows } from "../traffic/rows.ts";
import { keepTaxFunnels } from "./tax-funnels.ts";
import { expectedCounts, type TaxType, taxSteps, taxTypes } from "./tax-plan.ts";
import { makeTaxTraffic } from "./tax-traffic.ts";

const { it } = testsOn(Layer.merge(testClickHouse(), testSettings()));

const DAY_MS = 86_400_000;
const options = { seed: 3, units: 2, days: 20, until: Date.now() };
const traffic = makeTaxTraffic(options);

const typeOf = (properties: object | null | undefined): unknown =>
  new Map<string, unknown>(Object.entries(properties ?? {})).get("tax_type");

/** The furthest step of each person, found by following what they did. */
const recount = (type: TaxType): ReadonlyArray<number> => {
  const people = Map.groupBy(
    traffic
      .filter(({ isCrawler }) => !isCrawler)
      .flatMap(({ events }) => events)
      .filter(({ properties }) => typeOf(properties) === type),
    ({ visitor_id }) => visitor_id,
  );
  const furthest = [...people.values()].map((events) => {
    const done = events
      .map(({ event_type, occurred_at }) => ({
        step: taxSteps[type].indexOf(event_type),
        at: Number(occurred_at),
      }))
      .sort((a, b) => a.at - b.at);
    const attempts = done
      .filter(({ step }) => step === 0)
      .map(({ at: start }) => {
        let next = 0;
        for (const { step, at } of done) if (step === next && at >= start && at <= start + DAY_MS) next++;
        return next;
      });
    return Math.max(0, ...attempts);
  });
  return taxSteps[type].map((_, index) => furthest.filter((steps) => steps > index).length);
};

it("the kept funnels find at each step the people of the plan", () =>
  Effect.gen(function* () {
    const clickhouse = yield* ClickHouse;
    const rows = [...trafficRows(traffic, { seed: options.seed, project: "default", chunkRows: 5000 })];
    const bytes = Buffer.concat(rows.map((chunk) => chunk.rows));
    numberRows(bytes, 1);
    yield* clickhouse.insertRows({ table: "landing", columns: eventColumns, rows: bytes, token: "tax" });
    yield* keepTaxFunnels("default");
    // Again, as a second run of the example does.
    yield* keepTaxFunnels("default");
    expect((yield* listFunnels("default")).map(({ name }) => name)).toEqual(["MRI", "NIL", "TOT"]);

    const from = new Date(options.until - options.days * DAY_MS).toISOString();
    const { project, queryOf } = yield* decodeResultQuery(
      new URLSearchParams({ from, to: new Date(options.until + 1).toISOString() }),
    );
    for (const type of taxTypes) {
      const { steps } = yield* answerFunnel(yield* queryOf(yield* getFunnel(project, type)));
      const counts = steps.map(({ count }) => count);
      expect([type, ...counts]).toEqual([type, ...expectedCounts(type, options.units)]);
      expect([type, ...counts]).toEqual([type, ...recount(type)]);
      expect(steps.map(({ event_type }) => event_type)).toEqual([...taxSteps[type]]);
      for (const { median_seconds } of steps.slice(1)) expect(median_seconds).toBeGreaterThan(1);
    }
  }));

test.each([1, 2, 99])(
  "seed %d: the plan comes out, nothing happens outside of the time, and again the same",
  (seed) => {
    const made = makeTaxTraffic({ ...options, seed });
    const times = made.flatMap(({ events, receivedAt }) => [
      ...events.map((event) => Number(event.occurred_at)),
      receivedAt,
    ]);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(options.until - options.days * DAY_MS);
    expect(Math.max(...times)).toBeLessThanOrEqual(options.until);
    expect(makeTaxTraffic({ ...options, seed })).toEqual(made);
    const validated = made
      .filter(({ isCrawler }) => !isCrawler)
      .flatMap(({ events }) => events)
      .filter(
        ({ event_type, properties }) => event_type === "validation_success" && typeOf(properties) === "MRI",
      );
    expect(new Set(validated.map(({ visitor_id }) => visitor_id)).size).toBe(
      expectedCounts("MRI", 2)[0] ?? 0,
    );
  },
);
