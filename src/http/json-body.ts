import { Effect, Either } from "effect";
import {
  type BodyTooLarge,
  type IntakeFull,
  InvalidParameter,
  type RequestTimeout,
} from "../domain/errors.ts";
import { type Decoded, invalid } from "../stats/parameters/reader.ts";
import { Arrivals } from "./arrivals.ts";
import { readBody } from "./body.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** Far above what ten steps with long filters come to. */
export const MAXIMUM_BODY_BYTES = 64 * 1024;

/** Bodies of people who ask questions: few, small, and soon there. */
const arrivals = new Arrivals({ deadlineMs: 15_000, maxBytes: 16 * 1024 * 1024 });

const takesObject = "a JSON object";

/** The JSON object of a request's body, of at most 64 KiB. */
export const readJsonObject = (
  request: Request,
): Effect.Effect<JsonObject, BodyTooLarge | IntakeFull | InvalidParameter | RequestTimeout> =>
  Effect.gen(function* () {
    const bytes = yield* Effect.promise(() => readBody(request, MAXIMUM_BODY_BYTES, arrivals));
    if (!(bytes instanceof Uint8Array)) {
      return bytes._tag === "MalformedBatch"
        ? yield* new InvalidParameter({
            parameter: "body",
            message: `takes ${takesObject}. ${bytes.message}`,
          })
        : yield* bytes;
    }
    const value = yield* Effect.try({
      try: (): unknown => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)),
      catch: () =>
        new InvalidParameter({ parameter: "body", message: `takes ${takesObject}; this is no JSON.` }),
    });
    return yield* jsonObject(value, "body", takesObject);
  });

const shown = (name: string): string => (name.length > 64 ? `${name.slice(0, 64)}…` : name);
const path = (within: string | undefined, key: string): string =>
  within === undefined ? key : `${within}.${key}`;

export const jsonObject = (value: unknown, name: string, takes: string): Decoded<JsonObject> =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Either.right(value as JsonObject)
    : invalid(name, `takes ${takes}.`);

/** Fails on a key that is not known, so that a misspelt one is not taken for none. */
export const knownKeys = (
  object: JsonObject,
  known: ReadonlyArray<string>,
  within?: string,
): Decoded<void> => {
  const key = Object.keys(object).find((each) => !known.includes(each));
  return key === undefined
    ? Either.void
    : invalid(path(within, shown(key)), `is not known here; known are ${known.join(", ")}.`);
};

/** A text that may be left out. */
export const jsonText = (
  object: JsonObject,
  key: string,
  takes: string,
  within?: string,
): Decoded<string | undefined> => {
  const value = object[key];
  return value === undefined || (typeof value === "string" && value !== "")
    ? Either.right(value)
    : invalid(path(within, key), `takes ${takes}.`);
};

export const oneOf = <const A extends string>(
  object: JsonObject,
  key: string,
  choices: ReadonlyArray<A>,
  fallback: NoInfer<A>,
): Decoded<A> => {
  const value = object[key];
  if (value === undefined) return Either.right(fallback);
  const found = choices.find((known) => known === value);
  return found === undefined ? invalid(key, `takes one of ${choices.join(", ")}.`) : Either.right(found);
};

export const wholeNumberOf = (
  object: JsonObject,
  key: string,
  bounds: { readonly minimum: number; readonly maximum: number; readonly fallback: number },
  unit = "",
): Decoded<number> => {
  const value = object[key];
  if (value === undefined) return Either.right(bounds.fallback);
  return typeof value === "number" &&
    Number.isInteger(value) &&
    value >= bounds.minimum &&
    value <= bounds.maximum
    ? Either.right(value)
    : invalid(
        key,
        `takes a whole number ${unit}${unit === "" ? "" : " "}from ${bounds.minimum} to ${bounds.maximum}.`,
      );
};
