import { Either } from "effect";
import { controlCharacter, type Decoded, invalid } from "../parameters/reader.ts";
import { ConditionReader } from "./condition-reader.ts";
import { both, type Condition, everything, type Filter, type Group } from "./filter.ts";
import { patternWeight } from "./pattern-weight.ts";
import { type Fault, fault, type Parsed, Scanner } from "./scanner.ts";

/** Bounds of all texts of one request together. */
export const filterLimits = {
  characters: 8192,
  conditions: 50,
  values: 500,
  depth: 10,
  patternWeight: 100,
} as const;

/** What the texts of a request have used up of the limits. */
class Usage {
  conditions = 0;
  values = 0;
  patternWeight = 0;

  add({ operator, values }: Condition, at: number): Parsed<void> {
    this.conditions += 1;
    if (this.conditions > filterLimits.conditions) {
      return fault(at, `a filter has at most ${filterLimits.conditions} conditions.`);
    }
    this.values += values.length;
    if (this.values > filterLimits.values) {
      return fault(at, `a filter has at most ${filterLimits.values} values in all its conditions.`);
    }
    if (operator === "matches") for (const pattern of values) this.patternWeight += patternWeight(pattern);
    return this.patternWeight > filterLimits.patternWeight
      ? fault(
          at,
          `the regular expressions of a filter may have ${filterLimits.patternWeight} characters that are not plain, a repetition {n} counting n times; ask for less of it, or with starts_with or contains.`,
        )
      : Either.void;
  }
}

const parseText = (text: string, usage: Usage): Parsed<Filter> => {
  const scanner = new Scanner(text);
  const conditions = new ConditionReader(scanner);

  const joined = (kind: Group["kind"], mark: string, part: () => Parsed<Filter>): Parsed<Filter> =>
    Either.gen(function* () {
      const first = yield* part();
      const filters = [first];
      while (scanner.take(mark)) filters.push(yield* part());
      return filters.length === 1 ? first : { kind, filters };
    });

  const alternatives = (depth: number): Parsed<Filter> =>
    joined("any", "|", () => joined("all", ";", () => part(depth)));

  const part = (depth: number): Parsed<Filter> =>
    Either.gen(function* () {
      const start = scanner.at;
      if (!scanner.take("(")) {
        const condition = yield* conditions.read();
        yield* usage.add(condition, start);
        return condition;
      }
      if (depth === filterLimits.depth) {
        return yield* fault(start, `parentheses are at most ${filterLimits.depth} deep.`);
      }
      const inner = yield* alternatives(depth + 1);
      if (!scanner.take(")")) {
        return yield* fault(scanner.at, `expected ; or | or the end of the group, found ${scanner.found}.`);
      }
      return inner;
    });

  return Either.gen(function* () {
    const wrong = text.search(controlCharacter);
    if (wrong >= 0) return yield* fault(wrong, "there is a control character.");
    if (!text.isWellFormed()) return yield* fault(0, "it holds half of a surrogate pair.");
    const filter = yield* alternatives(0);
    if (scanner.next === ")") return yield* fault(scanner.at, '")" closes nothing that is open.');
    if (scanner.next !== undefined) {
      return yield* fault(scanner.at, `expected ; or | or the end, found ${scanner.found}.`);
    }
    return filter;
  });
};

/**
 * The filter that holds where those of all texts hold. The limits are for all of them together. `parameter` names them
 * in errors, which tell the place by its character, counted from 1.
 */
export const parseFilters = (texts: ReadonlyArray<string>, parameter: string): Decoded<Filter> =>
  Either.gen(function* () {
    const characters = texts.reduce((sum, text) => sum + text.length, 0);
    if (characters > filterLimits.characters) {
      return yield* invalid(
        parameter,
        `has ${characters} characters; it takes at most ${filterLimits.characters}.`,
      );
    }
    const usage = new Usage();
    let filter = everything;
    for (const [index, text] of texts.entries()) {
      if (text.trim() === "") {
        return yield* invalid(parameter, "is empty; it takes conditions such as country:is:DE,FR.");
      }
      const place = ({ at }: Fault) =>
        `character ${[...text.slice(0, at)].length + 1}${texts.length === 1 ? "" : ` of number ${index + 1}`}`;
      filter = both(
        filter,
        yield* Either.orElse(parseText(text, usage), (wrong) =>
          invalid(parameter, `is wrong at ${place(wrong)}: ${wrong.message}`),
        ),
      );
    }
    return filter;
  });

/**
 * The filter that a text stands for, as `country:is:DE,FR;page:contains:/post/;property:plan:is_not:free`.
 *
 * ```
 * filter    = all *("|" all)                     one of them holds
 * all       = part *(";" part)                   every one holds; ";" binds tighter than "|", as "and" does elsewhere
 * part      = condition / "(" filter ")"
 * condition = field ":" operator [":" value *("," value)]
 * field     = a name of the catalogue / "property:" (name / quoted)
 * value     = text without , ; | ( ) " / quoted
 * quoted    = a text in double quotes, with \" for a quotation mark and \\ for a backslash
 * ```
 *
 * Blanks around names, values and marks do not count; in quotes they do. `""` is the empty text. A colon in a value, and
 * a backslash outside of quotes, stand for themselves. Only names of properties that hold a colon need quotes for it.
 * `exists` and `not_exists` take no values. See `filterLimits` and `values.ts` for the bounds, and `writeFilter` for the
 * way back.
 */
export const parseFilter = (text: string, parameter: string): Decoded<Filter> =>
  parseFilters([text], parameter);
