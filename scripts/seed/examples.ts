import { Effect } from "effect";
import { keepTaxFunnels } from "../../src/testing/tax/tax-funnels.ts";
import { expectedCounts, taxSteps, taxTypes } from "../../src/testing/tax/tax-plan.ts";
import { MINIMUM_DAYS, makeTaxTraffic } from "../../src/testing/tax/tax-traffic.ts";
import type { TrafficRequest } from "../../src/testing/traffic/visit.ts";
import { grouped } from "./progress.ts";

interface ExampleOptions {
  readonly seed: number;
  readonly days: number;
  readonly until: number;
}

/** Traffic of a certain kind, and what is kept to look at it. */
interface MadeExample {
  readonly traffic: Iterable<TrafficRequest>;
  readonly events: number;
  /** Keeps the example's funnels and says what they will find. */
  readonly keep: (project: string) => ReturnType<typeof keepTax>;
  /** What to look at, without the range. */
  readonly paths: ReadonlyArray<string>;
}

export interface Example {
  readonly minimumDays: number;
  readonly make: (options: ExampleOptions) => MadeExample;
}

const TAX_UNITS = 50;

const keepTax = (project: string) =>
  Effect.map(keepTaxFunnels(project), () =>
    [
      `Kept the funnels ${taxTypes.join(", ")}. Of the people of this run they find`,
      ...taxTypes.map((type) => {
        const counts = expectedCounts(type, TAX_UNITS);
        return `  ${type}: ${taxSteps[type].map((step, index) => `${step} ${grouped(counts[index] ?? 0)}`).join(", ")}`;
      }),
      "",
    ].join("\n"),
  );

const tax: Example = {
  minimumDays: MINIMUM_DAYS,
  make: (options) => {
    const traffic = makeTaxTraffic({ ...options, units: TAX_UNITS });
    return {
      traffic,
      events: traffic.reduce((sum, { events }) => sum + events.length, 0),
      keep: keepTax,
      paths: taxTypes.map((type) => `/v1/funnels/${type}/result`),
    };
  },
};

const examples: Readonly<Record<string, Example>> = { tax };

export const exampleNames = Object.keys(examples).join(" or ");

export const findExample = (name: string | undefined): Example | undefined =>
  name !== undefined && Object.hasOwn(examples, name) ? examples[name] : undefined;
