import { Clock, Context, Effect, Layer } from "effect";
import { ulid } from "ulid";
import { UnknownEntry } from "../../domain/errors.ts";
import { digestOf } from "../../projects/key.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { keep } from "../../store/kept-table.ts";
import { makeToken } from "../kept/token.ts";
import type { Account } from "./account.ts";
import { Accounts } from "./accounts.ts";
import { IDLE_MS, LONGEST_MS, type Session, sessionsTable } from "./session.ts";
import { makeSessionUses } from "./session-uses.ts";

/** Sessions of one account; of more the one that was used longest ago ends. */
const MOST_SESSIONS = 50;

const SWEEP_INTERVAL = "1 hour";

/** Who is logged in. */
export interface LoggedIn {
  readonly account: Account;
  readonly session: Session;
}

export interface SessionsShape {
  /** A new session with a token of its own, which is told this once. */
  readonly begin: (
    account: Account,
    browser: Pick<Session, "isSecure" | "agent">,
  ) => Effect.Effect<{ readonly session: Session; readonly token: string }, ClickHouseError>;
  /** Whose token it is, if the session is still good and the token came in the kind of cookie that it was given in. */
  readonly of: (token: string, isSecure: boolean) => LoggedIn | undefined;
  /** Those of an account that are still good, the latest first. */
  readonly list: (account: string) => ReadonlyArray<Session>;
  /** When a session was used last, in milliseconds since 1970. */
  readonly lastUse: (session: Session) => number;
  /** Ends a session of an account: at once here, and on other nodes within 5 s. */
  readonly end: (account: string, id: string) => Effect.Effect<void, ClickHouseError | UnknownEntry>;
}

/** Sessions are opaque: the browser has a random token, and all that is kept of it is its SHA-256. */
export class Sessions extends Context.Tag("footfall/Sessions")<Sessions, SessionsShape>() {}

const make = Effect.gen(function* () {
  const accounts = yield* Accounts;
  const clock = yield* Clock.clockWith(Effect.succeed);
  const byDigest = new Map<string, string>();
  const kept = yield* keep(sessionsTable, ({ id, digest }) => void byDigest.set(digest, id));
  const uses = yield* makeSessionUses;

  const lastUse = ({ id, createdAtMs }: Session): number => Math.max(uses.lastUse(id) ?? 0, createdAtMs);
  /** The account of a session that is still good. */
  const accountOf = (session: Session, nowMs: number): Account | undefined => {
    if (session.isEnded || nowMs >= session.createdAtMs + LONGEST_MS) return undefined;
    if (nowMs >= lastUse(session) + IDLE_MS) return undefined;
    const account = accounts.find(session.account);
    return account !== undefined && session.createdAtMs >= account.passwordAtMs ? account : undefined;
  };
  const list = (account: string): ReadonlyArray<Session> => {
    const nowMs = clock.unsafeCurrentTimeMillis();
    const own = kept.all().filter((each) => each.account === account && accountOf(each, nowMs) !== undefined);
    return own.sort((a, b) => lastUse(b) - lastUse(a));
  };
  const ended = (session: Session): Session => ({ ...session, isEnded: true, version: session.version + 1 });

  const sweep = Effect.sync(() => {
    const nowMs = clock.unsafeCurrentTimeMillis();
    for (const session of kept.all()) {
      if (accountOf(session, nowMs) !== undefined) continue;
      kept.forget(session.id);
      byDigest.delete(session.digest);
      uses.forget(session.id);
    }
  });
  yield* Effect.forkScoped(Effect.forever(Effect.delay(sweep, SWEEP_INTERVAL)));

  return Sessions.of({
    begin: (account, { isSecure, agent }) =>
      Effect.gen(function* () {
        // Not before the password, were the clock set back meanwhile.
        const nowMs = Math.max(yield* Clock.currentTimeMillis, account.passwordAtMs);
        const { token, digest } = makeToken();
        const session: Session = {
          ...{ id: ulid(nowMs), account: account.id, digest, isSecure, agent },
          ...{ createdAtMs: nowMs, isEnded: false, version: 0 },
        };
        yield* kept.save(
          session,
          ...list(account.id)
            .slice(MOST_SESSIONS - 1)
            .map(ended),
        );
        return { session, token };
      }),
    of: (token, isSecure) => {
      const session = kept.get(byDigest.get(digestOf(token)) ?? "");
      if (session === undefined || session.isSecure !== isSecure) return undefined;
      const nowMs = clock.unsafeCurrentTimeMillis();
      const account = accountOf(session, nowMs);
      if (account === undefined) return undefined;
      uses.note(session.id, nowMs);
      return { account, session };
    },
    list,
    lastUse,
    end: (account, id) =>
      Effect.suspend((): Effect.Effect<void, ClickHouseError | UnknownEntry> => {
        const session = list(account).find((each) => each.id === id);
        return session === undefined ? new UnknownEntry({ kind: "session", id }) : kept.save(ended(session));
      }),
  });
});

export const layerSessions = Layer.scoped(Sessions, make);
