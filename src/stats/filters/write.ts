import type { Filter } from "./filter.ts";
import { valueKinds } from "./values.ts";

const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`;

const writeValue = (text: string): string => (/^$|^ | $|[,;|()"]/.test(text) ? quoted(text) : text);

const writeField = (field: string): string => {
  if (!field.startsWith("property:")) return field;
  const name = field.slice("property:".length);
  return `property:${/^$|^ | $|[:,;|()"]/.test(name) ? quoted(name) : name}`;
};

// Every event and every session has a site or has none.
const always = "(site:exists|site:not_exists)";
const never = "(site:exists;site:not_exists)";

const write = (filter: Filter, within: "nothing" | "all" | "any"): string => {
  if (filter.kind === "condition") {
    const { operator, values } = filter;
    if (values.length === 0 && valueKinds[operator] !== "none") {
      return operator === "is_not" || operator === "not_contains" ? always : never;
    }
    const start = `${writeField(filter.field)}:${operator}`;
    return valueKinds[operator] === "none" ? start : `${start}:${values.map(writeValue).join(",")}`;
  }
  const [first, second] = filter.filters;
  if (first === undefined) return filter.kind === "all" ? always : never;
  if (second === undefined) return write(first, within);
  const text = filter.filters.map((part) => write(part, filter.kind)).join(filter.kind === "all" ? ";" : "|");
  return within === "nothing" || (within === "any" && filter.kind === "all") ? text : `(${text})`;
};

/**
 * The text that `parseFilter` makes the same filter of. Groups of one part are left out, and what holds always or never
 * (an empty group, a condition without values) becomes conditions that do. A filter that holds for everything is the
 * empty text: a request leaves the parameter out. Not percent-encoded. The bounds of `parseFilter` are not looked at, nor
 * what no text can hold, such as control characters.
 */
export const writeFilter = (filter: Filter): string =>
  filter.kind === "all" && filter.filters.length === 0 ? "" : write(filter, "nothing");
