import { timingSafeEqual } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Context, Effect, Layer, Redacted } from "effect";
import { AppSettings } from "../config.ts";

/** The key that opens everything. */
export class AdminKey extends Context.Tag("footfall/AdminKey")<
  AdminKey,
  {
    /** Where the operator finds the key: a file's path, or the setting's name. */
    readonly place: string;
    /** Takes the same time whatever is presented. */
    readonly isAdminKey: (presented: string) => boolean;
  }
>() {}

const digest = (text: string): Buffer => new Bun.CryptoHasher("sha256").update(text).digest();

/** The key that a request carries as `x-admin-key` or `Authorization: Bearer`. */
export const presentedKey = (request: Request): string | null => {
  const own = request.headers.get("x-admin-key");
  if (own !== null) return own;
  const match = /^bearer\s+(.+)$/i.exec(request.headers.get("authorization") ?? "");
  return match?.[1]?.trim() ?? null;
};

const keyFile = (dataDir: string): { readonly key: string; readonly place: string } => {
  const place = resolve(join(dataDir, "admin.key"));
  if (existsSync(place)) {
    chmodSync(place, 0o600);
    const key = readFileSync(place, "utf8").trim();
    if (key !== "") return { key, place };
  }
  mkdirSync(dataDir, { recursive: true });
  const key = Buffer.from(crypto.getRandomValues(new Uint8Array(24))).toString("base64url");
  writeFileSync(place, `${key}\n`, { mode: 0o600 });
  return { key, place };
};

const make = Effect.map(AppSettings, ({ adminApiKey, dataDir }) => {
  const { key, place } =
    adminApiKey === undefined
      ? keyFile(dataDir)
      : { key: Redacted.value(adminApiKey), place: "the setting ADMIN_API_KEY" };
  // Digests are of one length, so that the comparison takes the same time whatever is presented.
  const expected = digest(key);
  return AdminKey.of({
    place,
    isAdminKey: (presented) => timingSafeEqual(digest(presented), expected),
  });
});

export const layerAdminKey = Layer.effect(AdminKey, make);
