import type { QueryParams } from "./clickhouse.ts";

type QueryParam = NonNullable<QueryParams[string]>;

const escapes: Readonly<Record<string, string>> = {
  "\\": "\\\\",
  "'": "\\'",
  "\0": "\\0",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
};

const escapeText = (text: string): string =>
  text.replaceAll(/[\\'\0\b\f\n\r\t]/g, (char) => escapes[char] ?? char);

/** A string as a literal in SQL. */
export const stringLiteral = (text: string): string => `'${escapeText(text)}'`;

/** The text of a parameter as ClickHouse's HTTP interface takes it in `param_name`; the placeholder gives its type. */
const paramText = (value: QueryParam): string => {
  if (typeof value === "string") return escapeText(value);
  if (typeof value === "boolean") return value ? "1" : "0";
  if (typeof value === "number") return String(value);
  return `[${value.map((entry) => (typeof entry === "string" ? stringLiteral(entry) : String(entry))).join(",")}]`;
};

/** The statement that gives a session its parameters, or undefined where there are none. */
export const setParamsStatement = (params: QueryParams): string | undefined => {
  const assignments = Object.entries(params).flatMap(([name, value]) =>
    value === undefined ? [] : [`param_${name} = ${stringLiteral(paramText(value))}`],
  );
  return assignments.length === 0 ? undefined : `SET ${assignments.join(", ")}`;
};
