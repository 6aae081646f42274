import { type EventInput, limits } from "../../domain/event.ts";
import { maskEmails } from "../steps/path-mask.ts";

// Deeper ones are rejected later; going on would take as much stack as a sender likes.
const mostDepth = limits.propertiesDepth + 1;

const maskedObject = (value: object, depth: number): object =>
  // Made of entries, because an assignment to "__proto__" would be no property.
  Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [maskEmails(key), masked(entry, depth + 1)]),
  );

const masked = (value: unknown, depth: number): unknown => {
  if (typeof value === "string") return maskEmails(value);
  if (typeof value !== "object" || value === null || depth > mostDepth) return value;
  return Array.isArray(value) ? value.map((entry) => masked(entry, depth + 1)) : maskedObject(value, depth);
};

const maskedText = (text: string | null | undefined): string | null => (text ? maskEmails(text) : null);

/** An id that has to stay what it is to tell one from another: its keyed hash where it holds an e-mail address. */
export const withoutEmail = (id: string, hash: (text: string) => string): string =>
  maskEmails(id) === id ? id : hash(id);

/**
 * An event without e-mail addresses in what is stored as it was sent: its title, its properties, and the short texts. Its
 * id and its user's, which have to stay what they are to tell one from another, become keyed hashes where they hold one.
 * Pages, referrers and the visitor's ids are cleaned or hashed anyway.
 */
export const withoutEmails = (input: EventInput, hash: (text: string) => string): EventInput => {
  const { event_id, user_id, properties } = input;
  const hashed = <Id>(id: Id) => (typeof id === "string" ? withoutEmail(id, hash) : (id ?? null));
  return {
    ...input,
    event_id: hashed(event_id),
    user_id: hashed(user_id),
    page_title: maskedText(input.page_title),
    site_id: maskedText(input.site_id),
    source: maskedText(input.source),
    screen: maskedText(input.screen),
    language: maskedText(input.language),
    timezone: maskedText(input.timezone),
    properties: properties ? maskedObject(properties, 1) : null,
  };
};
