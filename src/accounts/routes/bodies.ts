import { Either } from "effect";
import { type JsonObject, knownKeys, oneOf } from "../../http/json-body.ts";
import { type Decoded, invalid } from "../../stats/parameters/reader.ts";
import type { InviteWish } from "../links/invites.ts";
import type { ShareWish } from "../links/shares.ts";
import { decodeNewPassword, decodePassword } from "../passwords/password-rule.ts";
import { type AccountWish, normalEmail } from "../people/account.ts";
import { type Role, roles } from "../role.ts";

const DAY_MS = 86_400_000;

/** Where it is not said otherwise an invitation is good for so long. */
export const INVITE_DAYS = 7;

// Names are shown to people and nothing else; line breaks and the like would make lists unreadable.
const visible = /^[^\p{Cc}\p{Cs}]+$/u;
const address = /^[^\s@\p{Cc}\p{Cs}]+@[^\s@\p{Cc}\p{Cs}]+$/u;

const nameOf = (value: unknown): Decoded<string> => {
  const text = typeof value === "string" ? value.trim() : "";
  return text.length >= 1 && text.length <= 100 && visible.test(text)
    ? Either.right(text)
    : invalid("name", "takes a text of 1 to 100 characters in one line.");
};

const emailOf = (value: unknown): Decoded<string> => {
  const email = typeof value === "string" && value.length <= 254 ? normalEmail(value) : "";
  return address.test(email) ? Either.right(email) : invalid("email", "takes an e-mail address.");
};

const tokenOf = (value: unknown): Decoded<string> =>
  typeof value === "string" && value !== "" && value.length <= 200
    ? Either.right(value)
    : invalid("token", "takes the token of a link, which is what stands in it after #token=.");

const roleOf = (body: JsonObject): Decoded<Role> =>
  body.role === undefined
    ? invalid("role", `takes one of ${roles.join(", ")}.`)
    : oneOf<Role>(body, "role", roles, "viewer");

const expiresOf = (value: unknown, nowMs: number): Decoded<number> => {
  const atMs =
    typeof value === "string" && /^\d{4}-\d\d-\d\dT.*(?:Z|[+-]\d\d:\d\d)$/.test(value)
      ? Date.parse(value)
      : Number.NaN;
  return atMs > nowMs
    ? Either.right(atMs)
    : invalid("expires", "takes an instant to come, such as 2030-01-01T00:00:00Z.");
};

const accountOf = (body: JsonObject): Decoded<AccountWish> =>
  Either.gen(function* () {
    const email = yield* emailOf(body.email);
    const name = yield* nameOf(body.name);
    return { email, name, password: yield* decodeNewPassword(body.password, { email, name }) };
  });

export const decodeSetUp = (
  body: JsonObject,
): Decoded<{ readonly token: string; readonly wish: AccountWish }> =>
  Either.gen(function* () {
    yield* knownKeys(body, ["token", "email", "name", "password"]);
    return { token: yield* tokenOf(body.token), wish: yield* accountOf(body) };
  });

/** An e-mail address and a password that are to be compared. */
export interface Credentials {
  readonly email: string;
  readonly password: string;
}

export const decodeLogin = (body: JsonObject): Decoded<Credentials> =>
  Either.gen(function* () {
    yield* knownKeys(body, ["email", "password"]);
    return { email: yield* emailOf(body.email), password: yield* decodePassword(body.password) };
  });

/** Whose address and name a password must not be. */
interface PasswordOwner {
  readonly email: string;
  readonly name: string;
}

export const decodeNewPasswordBody = (
  body: JsonObject,
  owner: PasswordOwner,
): Decoded<{ readonly current: string; readonly password: string }> =>
  Either.gen(function* () {
    yield* knownKeys(body, ["current", "password"]);
    return {
      current: yield* decodePassword(body.current, "current"),
      password: yield* decodeNewPassword(body.password, owner),
    };
  });

/** The token of a link to a new password; the password itself depends on whose it is. */
export const decodeReset = (
  body: JsonObject,
): Decoded<{ readonly token: string; readonly passwordOf: (owner: PasswordOwner) => Decoded<string> }> =>
  Either.gen(function* () {
    yield* knownKeys(body, ["token", "password"]);
    return {
      token: yield* tokenOf(body.token),
      passwordOf: (owner: PasswordOwner) => decodeNewPassword(body.password, owner),
    };
  });

/** The password of whoever deletes the own account. */
export const decodeFarewell = (body: JsonObject): Decoded<string> =>
  Either.flatMap(knownKeys(body, ["password"]), () => decodePassword(body.password));

/** Whether somebody is to be an owner of the whole installation. */
export const decodeOwnership = (body: JsonObject): Decoded<boolean> =>
  Either.flatMap(knownKeys(body, ["is_instance_owner"]), () =>
    typeof body.is_instance_owner === "boolean"
      ? Either.right(body.is_instance_owner)
      : invalid("is_instance_owner", "takes true or false."),
  );

export const decodeAcceptance = (body: JsonObject): Decoded<string> =>
  Either.flatMap(knownKeys(body, ["token", "email", "name", "password"]), () => tokenOf(body.token));

/** Who accepts: where the invitation names an address, that one is meant unless another is given. */
export const decodeWhoAccepts = (body: JsonObject, invited: string): Decoded<Credentials> =>
  Either.gen(function* () {
    const email = yield* emailOf(body.email ?? (invited === "" ? undefined : invited));
    if (invited !== "" && email !== invited) {
      return yield* invalid("email", "has to be the address that was invited.");
    }
    return { email, password: yield* decodePassword(body.password) };
  });

/** The account that whoever accepts is to have. */
export const decodeNewAccount = (body: JsonObject, email: string): Decoded<AccountWish> =>
  accountOf({ ...body, email });

export const decodeShareOpening = (
  body: JsonObject,
): Decoded<{ readonly token: string; readonly password: string | undefined }> =>
  Either.gen(function* () {
    yield* knownKeys(body, ["token", "password"]);
    const password = body.password === undefined ? undefined : yield* decodePassword(body.password);
    return { token: yield* tokenOf(body.token), password };
  });

export const decodeInvite = (body: JsonObject, nowMs: number): Decoded<InviteWish> =>
  Either.gen(function* () {
    yield* knownKeys(body, ["email", "role", "expires"]);
    return {
      email: body.email === undefined || body.email === null ? "" : yield* emailOf(body.email),
      role: yield* roleOf(body),
      expiresAtMs:
        body.expires === undefined ? nowMs + INVITE_DAYS * DAY_MS : yield* expiresOf(body.expires, nowMs),
    };
  });

export const decodeRole = (body: JsonObject): Decoded<Role> =>
  Either.flatMap(knownKeys(body, ["role"]), () => roleOf(body));

export const decodeShare = (body: JsonObject, nowMs: number): Decoded<ShareWish> =>
  Either.gen(function* () {
    yield* knownKeys(body, ["name", "password", "expires"]);
    const name = yield* nameOf(body.name);
    const none = body.password === undefined || body.password === null;
    return {
      name,
      password: none ? undefined : yield* decodeNewPassword(body.password, { email: "", name }),
      expiresAtMs:
        body.expires === undefined || body.expires === null
          ? undefined
          : yield* expiresOf(body.expires, nowMs),
    };
  });
