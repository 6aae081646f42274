import { Effect } from "effect";
import type { FunnelDefinition } from "../../stats/funnels/definition.ts";
import { replaceFunnel } from "../../stats/funnels/saved-funnels.ts";
import { type TaxType, taxSteps, taxTypes } from "./tax-plan.ts";

/** From the checked form to the end within a day; the kind of return tells the events of the three apart. */
export const taxFunnel = (type: TaxType): FunnelDefinition => ({
  steps: taxSteps[type].map((step) => ({ event_type: step, filter: `property:tax_type:is:${type}` })),
  window: 86_400,
  by: "visitor",
  order: "ordered",
  bots: "exclude",
  limit: 10,
});

/** Keeps the funnels MRI, TOT and NIL in a project, in the place of those that have these names. */
export const keepTaxFunnels = (project: string) =>
  Effect.forEach(taxTypes, (type) => replaceFunnel(project, type, taxFunnel(type)), { discard: true });
