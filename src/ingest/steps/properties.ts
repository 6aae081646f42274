import { limits } from "../../domain/event.ts";
import type { Drop, Step } from "../draft.ts";

interface Walk {
  keys: number;
  /** More than what the JSON text can take, in bytes. */
  most: number;
  drop: Drop | undefined;
}

/** A UTF-16 unit as JSON: an escape such as `\u0001`. */
const MOST_BYTES_PER_UNIT = 6;
/** A number, `true`, or the brackets, quotes, colon and comma around a value. */
const MOST_BYTES_OF_SCALAR = 32;

const tooLarge = (message: string): Drop => ({ code: "properties_too_large", message });

const fail = (walk: Walk, drop: Drop): boolean => {
  walk.drop = drop;
  return false;
};

// Depth counts the properties object itself as 1, so the recursion is bounded by the limit, not by the sender.
const fits = (value: unknown, depth: number, walk: Walk): boolean => {
  if (typeof value === "string") {
    walk.most += value.length * MOST_BYTES_PER_UNIT;
    return true;
  }
  walk.most += MOST_BYTES_OF_SCALAR;
  if (typeof value === "number") {
    if (!Number.isFinite(value)) {
      return fail(walk, {
        code: "number_not_exact",
        message: "properties hold a number beyond the range of a double.",
      });
    }
    // What JSON writes as a longer integer has lost its last digits by now: better no event than a wrong one.
    if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
      return fail(walk, {
        code: "number_not_exact",
        message:
          "properties hold a whole number beyond ±9007199254740991, which cannot be kept exactly; send it as a string.",
      });
    }
    return true;
  }
  if (typeof value !== "object" || value === null) return true;
  if (depth > limits.propertiesDepth) {
    return fail(walk, tooLarge(`properties are nested deeper than ${limits.propertiesDepth} levels.`));
  }
  if (Array.isArray(value)) {
    for (const entry of value) if (!fits(entry, depth + 1, walk)) return false;
    return true;
  }
  for (const key of Object.keys(value)) {
    walk.keys++;
    walk.most += key.length * MOST_BYTES_PER_UNIT + MOST_BYTES_OF_SCALAR;
    if (walk.keys > limits.propertiesKeys) {
      return fail(walk, tooLarge(`properties have more than ${limits.propertiesKeys} keys.`));
    }
    if (!fits((value as Record<string, unknown>)[key], depth + 1, walk)) return false;
  }
  return true;
};

/** Whether every string in a value can be stored: no NUL, no half of a surrogate pair. */
const hasStorableText = (value: unknown): boolean => {
  if (typeof value === "string") return value.isWellFormed() && !value.includes("\0");
  if (typeof value !== "object" || value === null) return true;
  return Array.isArray(value)
    ? value.every(hasStorableText)
    : Object.entries(value).every(([key, entry]) => hasStorableText(key) && hasStorableText(entry));
};

const safeId = (value: unknown): number =>
  typeof value === "number" && Number.isSafeInteger(value) && value > 0 ? value : 0;

/** Keeps the properties, and the ones that questions are asked of most as columns. */
export const putProperties: Step = (draft) => {
  const { properties } = draft.input;
  if (properties === undefined || properties === null) return undefined;
  const walk: Walk = { keys: 0, most: 0, drop: undefined };
  if (!fits(properties, 1, walk)) return walk.drop;
  // Most properties are far from the limit, and need no exact count.
  if (
    walk.most > limits.propertiesBytes &&
    Buffer.byteLength(JSON.stringify(properties)) > limits.propertiesBytes
  ) {
    return tooLarge(`properties are larger than ${limits.propertiesBytes} bytes of JSON.`);
  }
  draft.properties = properties;
  const { mapping_id, post_id, device_slug } = properties as Record<string, unknown>;
  draft.mappingId = safeId(mapping_id);
  draft.postId = safeId(post_id);
  draft.deviceSlug = typeof device_slug === "string" && device_slug.length <= 200 ? device_slug : "";
  return undefined;
};

/** After the properties are known to be shallow: no text that would change on its way into the store. */
export const dropUnstorableText: Step = ({ input }, context) => {
  if (!context.checkText) return undefined;
  for (const [field, value] of Object.entries(input)) {
    if (knownText.has(field) && !hasStorableText(value)) {
      return { code: "invalid_text", message: `${field} holds a NUL or half of a surrogate pair.` };
    }
  }
  return undefined;
};

const knownText = new Set([
  "event_id",
  "session_id",
  "visitor_id",
  "user_id",
  "user_agent",
  "source",
  "site_id",
  "page_url",
  "page_path",
  "page_title",
  "referrer",
  "referrer_domain",
  "screen",
  "language",
  "timezone",
  "properties",
]);
