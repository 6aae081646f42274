import { createHmac, randomBytes } from "node:crypto";
import { Redacted } from "effect";

const PREFIX = "whsec_";
const SECRET_BYTES = 32;

/** A new key to sign with, in the form that libraries of Standard Webhooks take. */
export const makeSecret = (): Redacted.Redacted =>
  Redacted.make(`${PREFIX}${randomBytes(SECRET_BYTES).toString("base64")}`);

/**
 * The headers by which a receiver knows who sent a body and when: Standard Webhooks 1.0.0, symmetric (v1, HMAC-SHA256 over
 * `id.timestamp.body`). The time is that of the attempt, so that an old delivery that was overheard is worth nothing.
 */
export const signedHeaders = (
  secret: Redacted.Redacted,
  { id, body, nowMs }: { readonly id: string; readonly body: string; readonly nowMs: number },
) => {
  const timestamp = String(Math.floor(nowMs / 1000));
  const key = Buffer.from(Redacted.value(secret).slice(PREFIX.length), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": `v1,${signature}` };
};
