import { Either } from "effect";
import { InvalidParameter } from "../../domain/errors.ts";

/** A decoded value, or the parameter that is wrong and what it takes. */
export type Decoded<A> = Either.Either<A, InvalidParameter>;

export const invalid = (parameter: string, message: string) =>
  Either.left(new InvalidParameter({ parameter, message }));

/** Most values of one filter. */
const MAXIMUM_VALUES = 100;

/** Fails on a name that the route does not know, so that a misspelt filter is not taken for no filter. */
export const onlyKnown = (params: URLSearchParams, known: ReadonlyArray<string>): Decoded<void> => {
  for (const name of params.keys()) {
    if (!known.includes(name)) {
      const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
      return invalid(shown, `is not a parameter of this route, which takes ${known.join(", ")}.`);
    }
  }
  return Either.void;
};

/** A parameter that takes one value; undefined when it is absent. */
export const scalar = (params: URLSearchParams, name: string, takes: string): Decoded<string | undefined> => {
  const values = params.getAll(name);
  if (values.length > 1)
    return invalid(name, `is given ${values.length} times; it takes one value: ${takes}.`);
  if (values[0] === "") return invalid(name, `is empty; it takes ${takes}.`);
  return Either.right(values[0]);
};

export const choice = <const A extends string>(
  params: URLSearchParams,
  name: string,
  choices: ReadonlyArray<A>,
  fallback: NoInfer<A>,
): Decoded<A> => {
  const takes = `one of ${choices.join(", ")}`;
  return Either.flatMap(scalar(params, name, takes), (value) => {
    if (value === undefined) return Either.right(fallback);
    const found = choices.find((known) => known === value);
    return found === undefined ? invalid(name, `takes ${takes}.`) : Either.right(found);
  });
};

export const wholeNumber = (
  params: URLSearchParams,
  name: string,
  bounds: { readonly minimum: number; readonly maximum: number; readonly fallback: number },
): Decoded<number> => {
  const takes = `a whole number from ${bounds.minimum} to ${bounds.maximum}`;
  return Either.flatMap(scalar(params, name, takes), (value) => {
    if (value === undefined) return Either.right(bounds.fallback);
    const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
    return number >= bounds.minimum && number <= bounds.maximum
      ? Either.right(number)
      : invalid(name, `takes ${takes}.`);
  });
};

export interface ListRule<A> {
  /** What one value is, as the end of "takes …". */
  readonly takes: string;
  /** undefined for a text that is no such value. */
  readonly parse: (text: string) => A | undefined;
  /** Whether a comma separates values; otherwise it belongs to the value and the parameter is repeated. */
  readonly commas: boolean;
}

/** A parameter that takes several values, without duplicates and in their order; empty when it is absent. */
export const list = <A>(
  params: URLSearchParams,
  name: string,
  { takes, parse, commas }: ListRule<A>,
): Decoded<ReadonlyArray<A>> => {
  const texts = params.getAll(name).flatMap((text) => (commas ? text.split(",") : [text]));
  if (texts.length > MAXIMUM_VALUES) {
    return invalid(name, `has ${texts.length} values; it takes at most ${MAXIMUM_VALUES}.`);
  }
  const values = new Set<A>();
  for (const text of texts) {
    const value = text === "" ? undefined : parse(text);
    if (value === undefined) return invalid(name, `takes ${takes}.`);
    values.add(value);
  }
  return Either.right([...values]);
};

// Control characters never are part of a name, and a NUL would end a text early on its way to the engine.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
export const controlCharacter = /[\u0000-\u001f\u007f]/;

/** 1 to `maximum` characters, none of them a control character. */
export const plainText =
  (maximum: number) =>
  (text: string): string | undefined =>
    text.length <= maximum && !controlCharacter.test(text) ? text : undefined;

/** An id as events carry it: a whole number that a JSON number holds exactly. */
export const id = (text: string): number | undefined => {
  const number = /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
};
