import fc from "fast-check";
import { type DimensionName, dimensionNames, type Field } from "../catalogue/dimensions.ts";
import { type Condition, type Filter, type Operator, operators } from "./filter.ts";
import { fieldType, operatorsOf, valueKinds } from "./values.ts";

/** Texts in which something of the grammar, of SQL, JSON or of regular expressions stands, for tests. */
export const oddTexts = [
  "a,b;c|d(e)f",
  'say "hi"',
  "back\\slash\\",
  " blank ",
  "it's {filter:String}",
  "%_*",
  "a:b",
  "🦉 é ß",
  "\u202e\u00a0",
  "null",
  '{"a":1}',
  "1e3",
];

export interface AnyFilterRules {
  readonly fields?: ReadonlyArray<Field>;
  /** Values of a text field, which may be empty. */
  readonly texts?: (field: Field) => fc.Arbitrary<string>;
  readonly patterns?: fc.Arbitrary<string>;
}

const storable = fc
  .string({ unit: "grapheme", maxLength: 12 })
  .filter((text) => text.isWellFormed() && !/\p{Cc}/u.test(text));
const anyText = fc.oneof(fc.constantFrom("", ...oddTexts), storable);

const properties = [...oddTexts, "plan", "price", "", "a.b"].map((name): Field => `property:${name}`);

const number = fc.oneof(
  fc.constantFrom(0, 5, 23, 456, -1, 0.1, 1.5, 1000, 1e21, 5e-324, -1.7976931348623157e308),
  fc.integer(),
);

const conditionOn = (field: Field, operator: Operator, rules: AnyFilterRules): fc.Arbitrary<Condition> => {
  const several = (value: fc.Arbitrary<string>) => fc.array(value, { minLength: 1, maxLength: 4 });
  const kind = valueKinds[operator];
  const texts = rules.texts?.(field) ?? anyText;
  const id = fc.oneof(fc.integer({ min: 0, max: 24 }), fc.constantFrom(456, 9000, Number.MAX_SAFE_INTEGER));
  const values = {
    none: fc.constant([]),
    texts: several(fieldType(field) === "number" ? id.map(String) : texts),
    parts: several(texts.filter((text) => text !== "")),
    patterns: several(rules.patterns ?? fc.constantFrom("^/a", "b+$", "(?i)é|[ab]", "\\d\\.", 'say "')),
    number: number.map((value) => [String(value)]),
  }[kind];
  return values.map((list) => ({ kind: "condition", field, operator, values: list }));
};

/** Filters as `parseFilter` makes them: every operator with every field that takes it, groups of two and more. */
export const anyFilter = (rules: AnyFilterRules = {}): fc.Arbitrary<Filter> => {
  const fields = rules.fields ?? [...dimensionNames, ...properties];
  const condition = fc
    .constantFrom(...fields)
    .chain((field) =>
      fc
        .constantFrom(...(operatorsOf(field) ?? operators))
        .chain((operator) => conditionOn(field, operator, rules)),
    );
  const { filter } = fc.letrec<{ filter: Filter; group: Filter }>((tie) => ({
    filter: fc.oneof({ maxDepth: 3, withCrossShrink: true }, condition, tie("group")),
    group: fc.record({
      kind: fc.constantFrom("all" as const, "any" as const),
      filters: fc.array(tie("filter"), { minLength: 2, maxLength: 3 }),
    }),
  }));
  return filter;
};

/** The fields that single events have. */
export const eventFieldNames: ReadonlyArray<DimensionName> = dimensionNames.filter(
  (name) => name !== "entry_page" && name !== "exit_page",
);
