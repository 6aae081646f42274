import { digestOf } from "../../projects/key.ts";

/** A new secret of 256 random bits, which is told once, and its SHA-256, which alone is kept. */
export const makeToken = (): { readonly token: string; readonly digest: string } => {
  const token = Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("base64url");
  return { token, digest: digestOf(token) };
};
