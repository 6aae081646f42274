import { dimensionNames, dimensions } from "../catalogue/dimensions.ts";
import { type Operator, operators } from "./filter.ts";
import { filterLimits } from "./parse.ts";
import { MAXIMUM_PATTERN_LENGTH, MAXIMUM_VALUES } from "./values.ts";

const meanings: Readonly<Record<Operator, string>> = {
  is: "The value is one of these.",
  is_not: "The value is none of these.",
  contains: "One of these stands somewhere in the value.",
  not_contains: "None of these stands in the value.",
  starts_with: "The value starts with one of these.",
  matches: "One of these regular expressions (RE2) finds something in the value.",
  exists: "The value is not empty, a number not 0. Takes no values.",
  not_exists: "The value is empty, a number 0; the event has no such property. Takes no values.",
  gt: "The value is a number greater than this one.",
  gte: "The value is a number greater than this one, or equal.",
  lt: "The value is a number less than this one.",
  lte: "The value is a number less than this one, or equal.",
};

export const filterExample = "country:is:DE,FR;page:contains:/post/;property:plan:is_not:free";

const numbers = dimensionNames.filter((name) => dimensions[name].type === "number");

/** The grammar of filters as the API document explains it. */
export const filterDescription = `Only what these conditions hold for. A condition is \`field:operator:values\`, the values separated by commas: \`${filterExample}\`. \`;\` is "and", \`|\` is "or"; "and" binds tighter, and parentheses group: \`country:is:DE;(device:is:mobile|device:is:tablet)\`. A value stands in double quotes when it is empty, holds any of \`, ; | ( ) "\`, or begins or ends with a blank; in quotes \`"\` and \`\\\` are written \`\\"\` and \`\\\\\`. Given again, all of them have to hold. Percent-encode it: a bare \`+\` is a blank, and \`;\` or \`|\` may not reach the service.

| Operator | Holds where |
| --- | --- |
${operators.map((operator) => `| \`${operator}\` | ${meanings[operator]} |`).join("\n")}

Fields are ${dimensionNames.map((name) => `\`${name}\``).join(", ")} and \`property:<name>\` (\`property:"a:b"\` when its name holds a colon). ${numbers.map((name) => `\`${name}\``).join(", ")} are whole numbers and take neither parts of texts nor patterns. Texts are compared as they are, capital letters apart. A property is one of the top level: a text is compared as it is, a number, true or false as JSON has it (\`100\`, not \`1e2\` or \`100.0\`), a list or an object as its JSON without blanks; null is empty. \`gt\`, \`gte\`, \`lt\` and \`lte\` take one number, and hold for no text that is not a number in decimal notation.

At most ${filterLimits.characters} characters, ${filterLimits.conditions} conditions, ${MAXIMUM_VALUES} values in one and ${filterLimits.values} in all, ${filterLimits.depth} levels of parentheses; patterns of at most ${MAXIMUM_PATTERN_LENGTH} characters, with ${filterLimits.patternWeight} places in all that are not plain characters, \`{n}\` counting n times.`;
