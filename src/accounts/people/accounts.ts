import { Clock, Context, Effect, Layer } from "effect";
import { ulid } from "ulid";
import {
  InvalidParameter,
  LastOwner,
  LinkInvalid,
  LoginRefused,
  type PasswordsBusy,
  UnknownEntry,
} from "../../domain/errors.ts";
import { digestOf } from "../../projects/key.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { keep } from "../../store/kept-table.ts";
import { makeToken } from "../kept/token.ts";
import { Passwords } from "../passwords/passwords.ts";
import { type Account, type AccountWish, accountsTable } from "./account.ts";

type Answered<A, E = never> = Effect.Effect<A, ClickHouseError | PasswordsBusy | E>;

type Changed<A> = Effect.Effect<A, ClickHouseError | UnknownEntry | LastOwner>;

export interface AccountsShape {
  /** An account that is not deleted. */
  readonly find: (id: string) => Account | undefined;
  readonly findByEmail: (email: string) => Account | undefined;
  /** Those that are not deleted, the first ones first. */
  readonly list: () => ReadonlyArray<Account>;
  /** Whether somebody may do everything. Until then the set-up link is good. */
  readonly hasInstanceOwner: () => boolean;
  /** A new token for the set-up link, in place of the one before; undefined when there is an instance owner. */
  readonly renewSetUpToken: () => string | undefined;
  /** Makes the first account, which may do everything. Of several nodes one succeeds at most. */
  readonly setUp: (token: string, wish: AccountWish) => Answered<Account, LinkInvalid | InvalidParameter>;
  /** Fails as one whose e-mail address is not right where there is such an account already. */
  readonly create: (wish: AccountWish) => Answered<Account, LoginRefused>;
  /** The account of an e-mail address, by its password. Takes the same time whether there is one or not. */
  readonly logIn: (email: string, password: string) => Answered<Account, LoginRefused>;
  /** A new password; all sessions that were begun before end. */
  readonly changePassword: (id: string, password: string) => Answered<Account, LoginRefused>;
  /** The same for who has a link of a time from which on the password has not been changed; else it is not valid. */
  readonly resetPassword: (id: string, password: string, sinceMs: number) => Answered<Account, LinkInvalid>;
  /** Makes somebody an owner of the whole installation, or no more; the last one stays one. */
  readonly changeOwner: (id: string, isInstanceOwner: boolean) => Changed<Account>;
  /** Fails for the last owner of the whole installation, and for an account that is not there. */
  readonly requireOther: (id: string) => Effect.Effect<Account, UnknownEntry | LastOwner>;
  /** Ends an account and all of its sessions; what told whose it was is not kept. The last owner of all stays. */
  readonly remove: (id: string) => Changed<void>;
}

/** The people who can log in, in memory: a change is known here at once, and on other nodes within 5 s. */
export class Accounts extends Context.Tag("footfall/Accounts")<Accounts, AccountsShape>() {}

const make = Effect.gen(function* () {
  const passwords = yield* Passwords;
  const byEmail = new Map<string, string>();
  const kept = yield* keep(accountsTable, ({ id, email, isDeleted }) => {
    const known = byEmail.get(email);
    if (isDeleted) for (const [address, own] of byEmail) if (own === id) byEmail.delete(address);
    // Two nodes may have made one at the same time; the first of them counts, everywhere.
    if (!isDeleted && (known === undefined || id < known)) byEmail.set(email, id);
  });
  // Of two changes the second has to see what the first has done.
  const turn = (yield* Effect.makeSemaphore(1)).withPermits(1);
  let setUpDigest: string | undefined;

  const find = (id: string): Account | undefined => {
    const account = kept.get(id);
    return account === undefined || account.isDeleted ? undefined : account;
  };
  const findByEmail = (email: string) => find(byEmail.get(email) ?? "");
  const owners = () => kept.all().filter(({ isInstanceOwner, isDeleted }) => isInstanceOwner && !isDeleted);

  const requireOther = (id: string): Effect.Effect<Account, UnknownEntry | LastOwner> =>
    Effect.suspend((): Effect.Effect<Account, UnknownEntry | LastOwner> => {
      const account = find(id);
      if (account === undefined) return new UnknownEntry({ kind: "account", id });
      const isLast = account.isInstanceOwner && owners().length === 1;
      return isLast ? new LastOwner({ project: undefined }) : Effect.succeed(account);
    });

  /** Somebody who may do everything stays, also where two nodes let one go at the same time: then both come back. */
  const withoutLast = (account: Account, after: Account): Changed<Account> =>
    Effect.gen(function* () {
      yield* kept.save(after);
      if (!account.isInstanceOwner) return after;
      yield* kept.refresh;
      if (owners().length > 0) return after;
      yield* kept.save({ ...account, version: after.version + 1 });
      return yield* new LastOwner({ project: undefined });
    });

  const withPassword = (account: Account, passwordHash: string) =>
    Effect.gen(function* () {
      const passwordAtMs = yield* Clock.currentTimeMillis;
      const changed = { ...account, passwordHash, passwordAtMs, version: account.version + 1 };
      yield* kept.save(changed);
      return changed;
    });

  const newAccount = (wish: AccountWish, passwordHash: string, isInstanceOwner: boolean) =>
    Effect.gen(function* () {
      const nowMs = yield* Clock.currentTimeMillis;
      const account: Account = {
        id: ulid(nowMs),
        email: wish.email,
        name: wish.name,
        passwordHash,
        passwordAtMs: nowMs,
        isInstanceOwner,
        createdAtMs: nowMs,
        isDeleted: false,
        version: 0,
      };
      yield* kept.save(account);
      return account;
    });

  const invalidSetUp = new LinkInvalid({ link: "setup" });
  const isSetUp = (token: string) => digestOf(token) === setUpDigest;

  return Accounts.of({
    find,
    findByEmail,
    list: () =>
      kept
        .all()
        .filter(({ isDeleted }) => !isDeleted)
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    hasInstanceOwner: () => owners().length > 0,
    renewSetUpToken: () => {
      if (owners().length > 0) return undefined;
      const { token, digest } = makeToken();
      setUpDigest = digest;
      return token;
    },
    setUp: (token, wish) =>
      Effect.gen(function* () {
        // Passwords are hashed for those alone who have the link.
        if (!isSetUp(token)) return yield* invalidSetUp;
        const hash = yield* passwords.hash(wish.password);
        return yield* turn(
          Effect.gen(function* () {
            yield* kept.refresh;
            if (!isSetUp(token) || owners().length > 0) return yield* invalidSetUp;
            if (findByEmail(wish.email) !== undefined) {
              return yield* new InvalidParameter({ parameter: "email", message: "has an account already." });
            }
            const account = yield* newAccount(wish, hash, true);
            yield* kept.refresh;
            // Another node may have been as fast. Whoever sees the other gives way; where both do, both links stay good.
            if (owners().some(({ id }) => id !== account.id)) {
              yield* kept.save({ ...account, isDeleted: true, version: account.version + 1 });
              return yield* invalidSetUp;
            }
            setUpDigest = undefined;
            return account;
          }),
        );
      }),
    create: (wish) =>
      Effect.flatMap(passwords.hash(wish.password), (hash) =>
        turn(
          Effect.gen(function* () {
            yield* kept.refresh;
            if (findByEmail(wish.email) !== undefined) return yield* new LoginRefused({ of: "account" });
            return yield* newAccount(wish, hash, false);
          }),
        ),
      ),
    logIn: (email, password) =>
      Effect.gen(function* () {
        const account = findByEmail(email);
        const isRight = yield* passwords.verify(password, account?.passwordHash);
        return isRight && account !== undefined ? account : yield* new LoginRefused({ of: "account" });
      }),
    changePassword: (id, password) =>
      Effect.flatMap(passwords.hash(password), (passwordHash) =>
        turn(
          Effect.gen(function* () {
            const account = find(id);
            if (account === undefined) return yield* new LoginRefused({ of: "account" });
            return yield* withPassword(account, passwordHash);
          }),
        ),
      ),
    resetPassword: (id, password, sinceMs) =>
      Effect.flatMap(passwords.hash(password), (passwordHash) =>
        turn(
          Effect.gen(function* () {
            yield* kept.refresh;
            const account = find(id);
            if (account === undefined || account.passwordAtMs > sinceMs) {
              return yield* new LinkInvalid({ link: "reset" });
            }
            return yield* withPassword(account, passwordHash);
          }),
        ),
      ),
    changeOwner: (id, isInstanceOwner) =>
      turn(
        Effect.gen(function* () {
          yield* kept.refresh;
          const account = find(id);
          if (account === undefined) return yield* new UnknownEntry({ kind: "account", id });
          if (account.isInstanceOwner === isInstanceOwner) return account;
          if (!isInstanceOwner) yield* requireOther(id);
          return yield* withoutLast(account, { ...account, isInstanceOwner, version: account.version + 1 });
        }),
      ),
    requireOther,
    remove: (id) =>
      turn(
        Effect.gen(function* () {
          yield* kept.refresh;
          const account = yield* requireOther(id);
          const { version } = account;
          const gone = { ...account, email: "", name: "", passwordHash: "", isDeleted: true };
          yield* withoutLast(account, { ...gone, version: version + 1 });
        }),
      ),
  });
});

export const layerAccounts = Layer.scoped(Accounts, make);
