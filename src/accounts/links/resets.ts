import { Clock, Context, Effect, Layer } from "effect";
import { ulid } from "ulid";
import { LinkInvalid, type PasswordsBusy } from "../../domain/errors.ts";
import { digestOf } from "../../projects/key.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { keep } from "../../store/kept-table.ts";
import { makeToken } from "../kept/token.ts";
import type { Account } from "../people/account.ts";
import { Accounts } from "../people/accounts.ts";
import { type Reset, resetsTable } from "./reset.ts";

/** A link is good for so long. */
export const RESET_HOURS = 24;

const RESET_MS = RESET_HOURS * 3_600_000;

export interface ResetsShape {
  /** A new link with its token, which is told this once. Those that the account had are no good any more. */
  readonly create: (
    account: Account,
  ) => Effect.Effect<{ readonly reset: Reset; readonly token: string }, ClickHouseError>;
  /** The link of a token and its account, if it is still good. */
  readonly of: (
    token: string,
  ) => Effect.Effect<{ readonly reset: Reset; readonly account: Account }, LinkInvalid>;
  /** Gives the account of a token a new password: all of its sessions end, and all of its links. */
  readonly take: (
    token: string,
    password: string,
  ) => Effect.Effect<Account, ClickHouseError | LinkInvalid | PasswordsBusy>;
}

/**
 * Links to a new password, in memory: a change is known here at once, and on other nodes within 5 s.
 *
 * Each is good for the password that the account had when it was made: whatever changes that, the link too, is the end of
 * it. So it is used once, also where the service ends in the middle of it.
 */
export class Resets extends Context.Tag("footfall/Resets")<Resets, ResetsShape>() {}

const invalid = new LinkInvalid({ link: "reset" });

const make = Effect.gen(function* () {
  const accounts = yield* Accounts;
  const clock = yield* Clock.clockWith(Effect.succeed);
  const byDigest = new Map<string, string>();
  const kept = yield* keep(resetsTable, ({ id, digest }) => void byDigest.set(digest, id));
  const turn = (yield* Effect.makeSemaphore(1)).withPermits(1);

  const accountOf = (reset: Reset): Account | undefined => {
    if (reset.isClosed || clock.unsafeCurrentTimeMillis() >= reset.expiresAtMs) return undefined;
    const account = accounts.find(reset.account);
    return account !== undefined && account.passwordAtMs <= reset.createdAtMs ? account : undefined;
  };
  const closed = (account: string): ReadonlyArray<Reset> =>
    kept
      .all()
      .filter((each) => each.account === account && !each.isClosed)
      .map((each) => ({ ...each, isClosed: true, version: each.version + 1 }));
  const find = (token: string) =>
    Effect.suspend(() => {
      const reset = kept.get(byDigest.get(digestOf(token)) ?? "");
      const account = reset === undefined ? undefined : accountOf(reset);
      return reset === undefined || account === undefined ? invalid : Effect.succeed({ reset, account });
    });

  return Resets.of({
    create: (account) =>
      turn(
        Effect.gen(function* () {
          yield* kept.refresh;
          // Not before the password, were the clock set back meanwhile.
          const createdAtMs = Math.max(yield* Clock.currentTimeMillis, account.passwordAtMs);
          const { token, digest } = makeToken();
          const reset: Reset = {
            ...{ id: ulid(createdAtMs), account: account.id, digest, createdAtMs },
            ...{ expiresAtMs: createdAtMs + RESET_MS, isClosed: false, version: 0 },
          };
          yield* kept.save(reset, ...closed(account.id));
          return { reset, token };
        }),
      ),
    of: find,
    take: (token, password) =>
      Effect.gen(function* () {
        // Passwords are hashed for those alone who have a link.
        const { reset } = yield* find(token);
        return yield* Effect.uninterruptible(
          Effect.gen(function* () {
            const account = yield* accounts.resetPassword(reset.account, password, reset.createdAtMs);
            yield* turn(Effect.suspend(() => kept.save(...closed(account.id))));
            return account;
          }),
        );
      }),
  });
});

export const layerResets = Layer.scoped(Resets, make);
