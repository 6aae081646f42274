import { Effect } from "effect";
import { Forbidden, TooManyAttempts } from "../domain/errors.ts";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import type { JsonObject } from "../http/json-body.ts";
import { digestOf } from "../projects/key.ts";
import type { Invite } from "./links/invite.ts";
import { Invites } from "./links/invites.ts";
import { requireMaker } from "./links/maker.ts";
import { Resets } from "./links/resets.ts";
import { Shares } from "./links/shares.ts";
import { type Attempts, makeAttempts } from "./passwords/attempts.ts";
import type { Account } from "./people/account.ts";
import { Accounts } from "./people/accounts.ts";
import { type Credentials, decodeNewAccount, decodeReset, decodeWhoAccepts } from "./routes/bodies.ts";

/**
 * The ways in that take a password. Each counts its attempts before anything is looked up, in the same way whether there
 * is such an account or not.
 */
export const makeEntrance = (attempts: Attempts = makeAttempts()) => {
  const attempt = (subject: string, address: string): Effect.Effect<void, TooManyAttempts> =>
    Effect.suspend(() => {
      const waitMs = attempts.take(subject, address);
      return waitMs === 0
        ? Effect.void
        : new TooManyAttempts({ retryAfterSeconds: Math.ceil(waitMs / 1000) });
    });

  /** The account of an address, by its password. */
  const logIn = ({ email, password }: Credentials, address: string) =>
    Effect.gen(function* () {
      yield* attempt(email, address);
      const account = yield* (yield* Accounts).logIn(email, password);
      attempts.forgive(email, address);
      return account;
    });

  /** A new account, or the one that is there already if the password is its own. */
  const join = (body: JsonObject, { email }: Invite, address: string) =>
    Effect.gen(function* () {
      const accounts = yield* Accounts;
      const credentials = yield* decodeWhoAccepts(body, email);
      if (accounts.findByEmail(credentials.email) !== undefined) return yield* logIn(credentials, address);
      const wish = yield* decodeNewAccount(body, credentials.email);
      // As an attempt on an account that is there, so that invitations do not tell at a greater pace.
      yield* attempt(credentials.email, address);
      return yield* accounts.create(wish);
    });

  return {
    logIn,
    /** A new password for somebody who is logged in and knows the present one. */
    changePassword: ({ id, email }: Account, current: string, password: string, address: string) =>
      Effect.gen(function* () {
        yield* logIn({ email, password: current }, address);
        return yield* (yield* Accounts).changePassword(id, password);
      }),
    /** A new password for who has a link to it. */
    reset: (body: JsonObject, address: string) =>
      Effect.gen(function* () {
        const resets = yield* Resets;
        const { token, passwordOf } = yield* decodeReset(body);
        yield* attempt(`reset ${digestOf(token)}`, address);
        const { reset, account } = yield* resets.of(token);
        yield* requireMaker({ link: "reset", id: reset.id, project: DEFAULT_PROJECT });
        const password = yield* passwordOf(account);
        return yield* resets.take(token, password);
      }),
    /** Takes an invitation: as `loggedIn`, or as the account that the body names, which is made if it is not there. */
    accept: (token: string, body: JsonObject, loggedIn: Account | undefined, address: string) =>
      Effect.gen(function* () {
        const isNamed = body.email !== undefined || body.password !== undefined;
        return yield* (yield* Invites).take(token, (invite) =>
          Effect.gen(function* () {
            yield* requireMaker({ link: "invite", id: invite.id, project: invite.project });
            if (loggedIn === undefined || isNamed) return yield* join(body, invite, address);
            return invite.email === "" || invite.email === loggedIn.email
              ? loggedIn
              : yield* new Forbidden({ needs: "the account that was invited" });
          }),
        );
      }),
    /** What a browser keeps of a shared link. */
    openShare: (token: string, password: string | undefined, address: string) =>
      Effect.gen(function* () {
        const shares = yield* Shares;
        const { proofDigest } = yield* shares.of(token);
        if (proofDigest === "" || password === undefined) return yield* shares.open(token, undefined);
        const subject = `link ${digestOf(token)}`;
        yield* attempt(subject, address);
        const opened = yield* shares.open(token, password);
        attempts.forgive(subject, address);
        return opened;
      }),
  };
};

export type Entrance = ReturnType<typeof makeEntrance>;
