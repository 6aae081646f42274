import { argon2 } from "node:crypto";
import { availableParallelism } from "node:os";
import { Context, Effect, Layer } from "effect";
import { PasswordsBusy } from "../../domain/errors.ts";
import { makeToken } from "../kept/token.ts";

/** argon2id as OWASP advises it: 19 MiB, two passes, one lane. */
export const argon2id = { algorithm: "argon2id", memoryCost: 19_456, timeCost: 2 } as const;

/** Half the cores at most, so that events are taken while somebody floods the login. */
const AT_ONCE = Math.max(1, Math.floor(availableParallelism() / 2));

/** Those that wait for their turn, which is soon; more are sent away. */
const MOST_WAITING = 40;

const RETRY_AFTER_SECONDS = 2;

export interface PasswordsShape {
  /** As it is kept, with its parameters and a salt of its own. */
  readonly hash: (password: string) => Effect.Effect<string, PasswordsBusy>;
  /** Takes the same time for a wrong password and for an account that is not there (`undefined`). */
  readonly verify: (password: string, hash: string | undefined) => Effect.Effect<boolean, PasswordsBusy>;
  /** 256 bits, always the same for a password and a salt: what is made of a password that only its SHA-256 is kept of. */
  readonly derive: (password: string, salt: Uint8Array) => Effect.Effect<Uint8Array, PasswordsBusy>;
  /** How many are computed now, and the most that there were. */
  readonly load: () => { readonly now: number; readonly most: number };
}

/**
 * Passwords, hashed off the thread that answers. However many are to be compared, half the cores are busy with it at most
 * and 19 MiB for each; what does not find room within a second or two is refused.
 */
export class Passwords extends Context.Tag("footfall/Passwords")<Passwords, PasswordsShape>() {}

const derived = (password: string, salt: Uint8Array): Promise<Uint8Array> =>
  new Promise((resolve, reject) =>
    argon2(
      "argon2id",
      {
        message: password,
        nonce: salt,
        parallelism: 1,
        tagLength: 32,
        memory: argon2id.memoryCost,
        passes: argon2id.timeCost,
      },
      (error, key) => (error === null ? resolve(key) : reject(error)),
    ),
  );

const make = Effect.gen(function* () {
  const turns = yield* Effect.makeSemaphore(AT_ONCE);
  let waiting = 0;
  let now = 0;
  let most = 0;
  const inTurn = <A>(work: () => Promise<A>): Effect.Effect<A, PasswordsBusy> =>
    Effect.suspend(() => {
      if (waiting >= MOST_WAITING) return new PasswordsBusy({ retryAfterSeconds: RETRY_AFTER_SECONDS });
      waiting += 1;
      const done = Effect.promise(async () => {
        now += 1;
        most = Math.max(most, now);
        try {
          return await work();
        } finally {
          now -= 1;
        }
      });
      // What was begun cannot be stopped, so that its turn lasts as long as it.
      return turns
        .withPermits(1)(Effect.uninterruptible(done))
        .pipe(
          Effect.ensuring(
            Effect.sync(() => {
              waiting -= 1;
            }),
          ),
        );
    });
  const ofNobody = yield* Effect.promise(() => Bun.password.hash(makeToken().token, argon2id));
  return Passwords.of({
    hash: (password) => inTurn(() => Bun.password.hash(password, argon2id)),
    verify: (password, hash) =>
      Effect.map(
        inTurn(() => Bun.password.verify(password, hash ?? ofNobody)),
        (isRight) => isRight && hash !== undefined,
      ),
    derive: (password, salt) => inTurn(() => derived(password, salt)),
    load: () => ({ now, most }),
  });
});

export const layerPasswords = Layer.effect(Passwords, make);
