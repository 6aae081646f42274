import { isAscii, isUtf8 } from "node:buffer";
import { Either } from "effect";
import { MalformedBatch } from "../domain/errors.ts";
import { limits } from "../domain/event.ts";
import { mayHoldEmail } from "./steps/path-mask.ts";

/** A well-formed batch; its events are not looked at yet. */
export interface Batch {
  readonly events: ReadonlyArray<unknown>;
  /** The sender's clock when it sent the batch, in milliseconds since 1970. */
  readonly sentAt: number | undefined;
  /**
   * Whether the text has any `\u` escape. NUL and lone surrogates cannot stand in valid UTF-8 JSON in any other way, so
   * without one no string of the batch needs to be looked at for them.
   */
  readonly hasEscapes: boolean;
  /** Whether any text of the batch may have an e-mail address in it. */
  readonly mayHoldEmail: boolean;
  /** The key that the sender put into the body, for a beacon can have no header. */
  readonly apiKey: string | undefined;
}

const malformed = (message: string) => Either.left(new MalformedBatch({ message }));

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * Reads a request body, `{ "events": [ … ], "sent_at"?: …, "api_key"?: … }` (or `apiKey`). Where a key stands twice the last one counts, as in every
 * JSON parser of the web.
 */
export const readBatch = (body: Uint8Array): Either.Either<Batch, MalformedBatch> => {
  if (body.length === 0) return malformed("The body is empty.");
  // Most bodies are ASCII, which is decoded faster where it is known to be.
  const encoding = isAscii(body) ? "latin1" : isUtf8(body) ? "utf8" : undefined;
  if (encoding === undefined) return malformed("The body is not valid UTF-8.");
  // RFC 8259 lets a reader pass over a byte order mark; senders on Windows write one.
  const start = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf ? 3 : 0;
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString(encoding, start);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    // A parser that runs out of stack says so with a RangeError; everything else is a syntax error.
    return malformed(
      error instanceof SyntaxError ? "The body is not valid JSON." : "The JSON is nested too deeply.",
    );
  }
  if (!isRecord(parsed)) return malformed('The body must be an object with "events".');
  const { events, sent_at } = parsed;
  const apiKey = parsed.api_key ?? parsed.apiKey ?? undefined;
  if (apiKey !== undefined && typeof apiKey !== "string") return malformed("api_key must be a text.");
  if (!Array.isArray(events)) return malformed("events must be an array.");
  if (events.length === 0 || events.length > limits.eventsPerBatch) {
    return malformed(`events must hold 1 to ${limits.eventsPerBatch} events, not ${events.length}.`);
  }
  let sentAt: number | undefined;
  if (sent_at !== undefined && sent_at !== null) {
    sentAt = instantOf(sent_at);
    if (sentAt === undefined)
      return malformed("sent_at must be an ISO 8601 time or milliseconds since 1970.");
  }
  const hasEscapes = text.includes("\\u");
  return Either.right({ events, sentAt, hasEscapes, mayHoldEmail: hasEscapes || mayHoldEmail(text), apiKey });
};

const isoTime =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?:(:\d{2})(?:[.,](\d{1,3})\d{0,6})?)?\s?(Z|[+-]\d{2}(?::?\d{2})?)?)?$/i;

/** Latest instant a JavaScript date can be: 8.64e15 ms. */
const latestInstant = 8.64e15;

/**
 * Milliseconds since 1970 of an ISO 8601 time or of a number that is such milliseconds already. A time without an offset
 * is UTC; a day that does not exist (30 February) and anything else is undefined.
 */
export const instantOf = (value: unknown): number | undefined => {
  if (typeof value === "number") {
    return value >= 0 && value <= latestInstant ? Math.floor(value) : undefined;
  }
  if (typeof value !== "string") return undefined;
  const match = isoTime.exec(value);
  if (match === null) return undefined;
  const [, date = "", minutes = "00:00", seconds = ":00", fraction = "0", zone = "Z"] = match;
  const offset = /^z$/i.test(zone) ? "Z" : `${zone.slice(0, 3)}:${zone.slice(3).replace(":", "") || "00"}`;
  const day = Date.parse(`${date}T00:00:00Z`);
  const instant = Date.parse(`${date}T${minutes}${seconds}.${fraction.padEnd(3, "0")}${offset}`);
  if (Number.isNaN(instant) || new Date(day).getUTCDate() !== Number(date.slice(8))) return undefined;
  return instant;
};
