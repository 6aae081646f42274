import type { TSchema } from "@sinclair/typebox";
import { type TypeCheck, TypeCompiler } from "@sinclair/typebox/compiler";
import { EventInput, typedProperties } from "../../domain/event.ts";
import type { Drop, Step } from "../draft.ts";

// Compiled once: a check of a whole event is then some 30 ns, where an interpreted schema takes microseconds.
const eventCheck = TypeCompiler.Compile(EventInput);
const propertyChecks = new Map<string, TypeCheck<TSchema>>(
  Object.entries(typedProperties).map(([type, schema]) => [type, TypeCompiler.Compile(schema)]),
);

const kindOf = (value: unknown): string => {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  if (typeof value === "number") return `the number ${value}`;
  if (typeof value === "string")
    return value.length > 40 ? `a string of ${value.length} characters` : JSON.stringify(value);
  return String(value);
};

/** "`field` must be …, not …", from the first thing that does not fit. Runs only for an event that is rejected. */
const explain = (check: TypeCheck<TSchema>, value: unknown, prefix: string): string => {
  const error = check.Errors(value).First();
  if (error === undefined) return "The event does not fit.";
  const field = `${prefix}${error.path.slice(1).replaceAll("/", ".")}` || "An event";
  const expects: unknown = error.schema.expects;
  return error.value === undefined
    ? `${field} is missing; it must be ${String(expects)}.`
    : `${field} must be ${String(expects)}, not ${kindOf(error.value)}.`;
};

/** Whether a value is an event at all; what is not has no draft. */
export const isEventInput = (value: unknown): value is EventInput => eventCheck.Check(value);

export const explainEvent = (value: unknown): Drop => ({
  code: "invalid_event",
  message: explain(eventCheck, value, ""),
});

/** What the project does not take from this address or visitor. */
export const dropUnwanted: Step = (_, { privacy }) => privacy.drop;

/** Event types with a meaning of their own have properties that must fit it. */
export const dropMistypedProperties: Step = ({ input }) => {
  const check = propertyChecks.get(input.event_type);
  if (check === undefined) return undefined;
  const properties = input.properties ?? {};
  if (check.Check(properties)) return undefined;
  return { code: "invalid_properties", message: explain(check, properties, "properties.") };
};
