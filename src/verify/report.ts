import type { Difference } from "./comparison.ts";

/** Text of senders as JSON, so that it can neither end a line nor steer a terminal. */
export const quoted = (value: unknown): string =>
  JSON.stringify(value).replaceAll(
    /[\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );

const kinds = {
  changed: "differs",
  missing: "is missing",
  unfounded: "has no raw events",
} as const;

/** One line: the table, the bucket, what it holds and what the raw events say. */
export const differenceLine = ({ table, key, kind, values }: Difference): string => {
  const numbers = values.map(({ name, found, expected }) =>
    found === expected ? `${name} ${found}, as many as raw but others` : `${name} ${found}, raw ${expected}`,
  );
  return [
    `${table} ${quoted(key)} ${kinds[kind]}`,
    ...(numbers.length === 0 ? [] : [numbers.join("; ")]),
  ].join(": ");
};
