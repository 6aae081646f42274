import { Either } from "effect";
import { type Decoded, invalid } from "../../stats/parameters/reader.ts";
import { commonPasswords } from "./common-passwords.ts";

export const passwordLength = { minimum: 10, maximum: 200 } as const;

/** A password in the form that is hashed: the same however a keyboard composes its characters (RFC 8265). */
export const normalPassword = (password: string): string => password.normalize("NFC");

/**
 * A new password: of 10 to 200 characters, whichever they are, and none that is tried first: not a common one, nor the
 * e-mail address or name of whoever chooses it. (NIST SP 800-63B, section 3.1.1.2.)
 */
export const decodeNewPassword = (
  value: unknown,
  owner: { readonly email: string; readonly name: string },
  parameter = "password",
): Decoded<string> => {
  const { minimum, maximum } = passwordLength;
  const length = typeof value === "string" ? [...value].length : 0;
  if (typeof value !== "string" || length < minimum || length > maximum) {
    return invalid(parameter, `takes ${minimum} to ${maximum} characters.`);
  }
  const plain = value.trim().toLowerCase();
  const own = [owner.email, owner.email.split("@")[0], owner.name.trim().toLowerCase()];
  if (own.includes(plain)) {
    return invalid(parameter, "must not be the e-mail address or the name.");
  }
  return commonPasswords.has(plain)
    ? invalid(parameter, "is among those that are tried first; take another one.")
    : Either.right(normalPassword(value));
};

/** A password as somebody enters it: whatever it is, it is compared. */
export const decodePassword = (value: unknown, parameter = "password"): Decoded<string> =>
  typeof value === "string" && value !== "" && value.length <= 1000
    ? Either.right(normalPassword(value))
    : invalid(parameter, "takes a password.");
