import { limits } from "../../domain/event.ts";
import type { Expected } from "./fuzz-case.ts";

/** The service's default for `MAX_BODY_BYTES`. */
const MAX_BODY_BYTES = 1024 * 1024;

/** What is to be answered to a body that comes as it is, from a plain reading of its text. */
export const expectedOf = (body: Uint8Array): Expected => {
  if (body.length > MAX_BODY_BYTES) return "refused";
  // The service tells gzip from its bytes.
  if (body[0] === 0x1f && body[1] === 0x8b) return "either";
  let batch: unknown;
  try {
    batch = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (error) {
    // Where the stack ends is not for a test to say.
    return error instanceof RangeError ? "either" : "refused";
  }
  if (typeof batch !== "object" || batch === null || Array.isArray(batch)) return "refused";
  const { events, sent_at } = batch as { readonly events?: unknown; readonly sent_at?: unknown };
  if (!Array.isArray(events) || events.length < 1 || events.length > limits.eventsPerBatch) return "refused";
  return sent_at === undefined || sent_at === null ? events.length : "either";
};
