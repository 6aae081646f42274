import { Either } from "effect";
import { dimensionNames, type Field } from "../catalogue/dimensions.ts";
import { closest } from "./closest.ts";
import { type Condition, type Operator, operators } from "./filter.ts";
import { fault, marks, type Parsed, type Scanner, shown } from "./scanner.ts";
import { conditionValues, operatorsOf, type PlacedValue, valueKinds } from "./values.ts";

const EXAMPLE = "a condition is field:operator:values, such as country:is:DE,FR";

/** What people write who know other tools, or the names of our own parameters and columns. */
const otherFields: Readonly<Record<string, Field>> = {
  site_id: "site",
  mapping_id: "widget",
  post_id: "post",
  path: "page",
  page_path: "page",
  url: "page",
  event: "event_type",
  type: "event_type",
  device_type: "device",
  hour: "hour_of_day",
  day_of_week: "weekday",
};
const otherOperators: Readonly<Record<string, Operator>> = {
  eq: "is",
  equals: "is",
  in: "is",
  ne: "is_not",
  not: "is_not",
  not_in: "is_not",
  includes: "contains",
  like: "contains",
  begins_with: "starts_with",
  prefix: "starts_with",
  regex: "matches",
  regexp: "matches",
  empty: "not_exists",
  ">": "gt",
  ">=": "gte",
  "<": "lt",
  "<=": "lte",
  "=": "is",
  "==": "is",
  "!=": "is_not",
  "~": "matches",
};

const own = <A>(names: Readonly<Record<string, A>>, name: string): A | undefined =>
  Object.hasOwn(names, name) ? names[name] : undefined;

const hint = (name: string | undefined): string => (name === undefined ? "" : ` Did you mean ${name}?`);

/** Reads the conditions of a filter's text. */
export class ConditionReader {
  readonly #scanner: Scanner;

  constructor(scanner: Scanner) {
    this.#scanner = scanner;
  }

  read(): Parsed<Condition> {
    const reader = this;
    const scanner = this.#scanner;
    return Either.gen(function* () {
      const field = yield* reader.#field();
      if (!scanner.take(":")) {
        return yield* fault(scanner.at, `expected a colon and an operator after ${field}; ${EXAMPLE}.`);
      }
      const operator = yield* reader.#operator(field);
      const values = yield* reader.#values(field, operator);
      return { kind: "condition", field, operator, values };
    });
  }

  #field(): Parsed<Field> {
    const scanner = this.#scanner;
    const start = scanner.at;
    const name = scanner.word(`:${marks}`);
    if (name === "") return fault(start, `expected a condition, found ${scanner.found}; ${EXAMPLE}.`);
    if (name === "property") return this.#property();
    const known = dimensionNames.find((dimension) => dimension === name);
    if (known !== undefined) return Either.right(known);
    const near = /^prop/i.test(name)
      ? "property"
      : (own(otherFields, name.toLowerCase()) ?? closest(name, dimensionNames));
    const meant = near === "property" ? "property:<name>" : near;
    return fault(
      start,
      `${shown(name)} is no field.${hint(meant)} ${near === undefined ? `Fields are ${dimensionNames.join(", ")} and property:<name>; ${EXAMPLE}.` : `In general ${EXAMPLE}.`}`,
    );
  }

  #property(): Parsed<Field> {
    const scanner = this.#scanner;
    if (!scanner.take(":")) {
      return fault(scanner.at, "expected a colon and a property's name, as in property:plan:is:free.");
    }
    if (scanner.next === '"') return Either.map(scanner.quoted(), (name): Field => `property:${name}`);
    const start = scanner.at;
    const name = scanner.word(`:${marks}`);
    if (name === "") return fault(start, `expected a property's name, found ${scanner.found}.`);
    return Either.right<Field>(`property:${name}`);
  }

  #operator(field: Field): Parsed<Operator> {
    const scanner = this.#scanner;
    const start = scanner.at;
    const name = scanner.word(`:${marks}`);
    const allowed = operatorsOf(field) ?? operators;
    if (name === "") {
      return fault(start, `expected an operator, found ${scanner.found}: any of ${allowed.join(", ")}.`);
    }
    const known = operators.find((operator) => operator === name);
    if (known !== undefined) {
      return allowed.includes(known)
        ? Either.right(known)
        : fault(start, `${field} does not take ${known}, but ${allowed.join(", ")}.`);
    }
    const near = own(otherOperators, name.toLowerCase()) ?? closest(name, allowed);
    const colon =
      field.startsWith("property:") && scanner.next === ":"
        ? ' A property\'s name that holds a colon is quoted, as in property:"a:b":exists.'
        : "";
    const rest = near === undefined ? ` Operators are ${allowed.join(", ")}; ${EXAMPLE}.` : "";
    return fault(start, `${shown(name)} is no operator.${hint(near)}${rest}${colon}`);
  }

  #values(field: Field, operator: Operator): Parsed<ReadonlyArray<string>> {
    const scanner = this.#scanner;
    if (valueKinds[operator] === "none") {
      return scanner.next === ":" ? fault(scanner.at, `${operator} takes no values.`) : Either.right([]);
    }
    if (!scanner.take(":")) {
      return fault(scanner.at, `expected a colon and a value after ${operator}, found ${scanner.found}.`);
    }
    const reader = this;
    return Either.gen(function* () {
      const values: Array<PlacedValue> = [];
      do values.push(yield* reader.#value());
      while (scanner.take(","));
      return yield* conditionValues(field, operator, values);
    });
  }

  #value(): Parsed<PlacedValue> {
    const scanner = this.#scanner;
    const at = scanner.at;
    if (scanner.next !== '"') {
      const text = scanner.word(marks);
      if (scanner.next === '"' || scanner.next === "(") {
        return fault(
          scanner.at,
          `a value that holds ${scanner.found} is quoted, with \\" for a quotation mark and \\\\ for a backslash.`,
        );
      }
      return text === ""
        ? fault(at, `expected a value, found ${scanner.found}; the empty text is "".`)
        : Either.right({ text, at });
    }
    return Either.flatMap(scanner.quoted(), (text) =>
      scanner.next === undefined || ",;|)".includes(scanner.next)
        ? Either.right({ text, at })
        : fault(scanner.at, `expected , ; | ) or the end after a quoted value, found ${scanner.found}.`),
    );
  }
}
