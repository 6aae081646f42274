import { Redacted } from "effect";

/**
 * - `write`: sends events from pages of the project's origins; everybody can read it there
 * - `read`: reads the project's numbers
 * - `secret`: sends events from servers, without an origin
 */
export const keyKinds = ["write", "read", "secret"] as const;
export type KeyKind = (typeof keyKinds)[number];

/** A key as it is kept. */
export interface Key {
  /** A ULID. */
  readonly id: string;
  readonly project: string;
  readonly kind: KeyKind;
  readonly label: string;
  /** Of a write key the key itself, of the others "". */
  readonly text: string;
  /** SHA-256 of the key, in hexadecimal digits. */
  readonly digest: string;
  /** The first characters, by which people know it. */
  readonly preview: string;
  readonly createdAtMs: number;
  /** Undefined for one that does not expire. */
  readonly expiresAtMs: number | undefined;
  readonly isRevoked: boolean;
  readonly version: number;
}

const prefixes: Readonly<Record<KeyKind, string>> = { write: "pk_", read: "rk_", secret: "sk_" };
const PREVIEW_LENGTH = 8;

export const digestOf = (key: string): string => new Bun.CryptoHasher("sha256").update(key).digest("hex");

/** A new key: its prefix and 192 random bits. It is seen this once, but for a write key. */
export const makeKeyText = (kind: KeyKind): Redacted.Redacted =>
  Redacted.make(
    prefixes[kind] + Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("base64url"),
  );

/** What is kept of a key's text. */
export const keptOf = (kind: KeyKind, key: Redacted.Redacted): Pick<Key, "text" | "digest" | "preview"> => {
  const text = Redacted.value(key);
  return {
    text: kind === "write" ? text : "",
    digest: digestOf(text),
    preview: text.slice(0, PREVIEW_LENGTH),
  };
};

export const isValidKey = ({ isRevoked, expiresAtMs }: Key, nowMs: number): boolean =>
  !isRevoked && (expiresAtMs === undefined || nowMs < expiresAtMs);
