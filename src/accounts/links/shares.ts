import { Clock, Context, Effect, Layer } from "effect";
import { ulid } from "ulid";
import {
  LinkInvalid,
  LoginRefused,
  type PasswordsBusy,
  TooManyLinks,
  UnknownEntry,
} from "../../domain/errors.ts";
import { digestOf } from "../../projects/key.ts";
import { Projects } from "../../projects/projects.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { keep } from "../../store/kept-table.ts";
import { makeToken } from "../kept/token.ts";
import { Passwords } from "../passwords/passwords.ts";
import { type Share, sharesTable } from "./share.ts";

/** Links of one project that are still good. */
const MOST_SHARES = 100;

export type ShareWish = Pick<Share, "name" | "expiresAtMs"> & { readonly password: string | undefined };

export interface SharesShape {
  /** A new link with its token, which is told this once. */
  readonly create: (
    project: string,
    wish: ShareWish,
  ) => Effect.Effect<
    { readonly share: Share; readonly token: string },
    ClickHouseError | PasswordsBusy | TooManyLinks
  >;
  /** Those that are still good, the oldest first. */
  readonly list: (project: string) => ReadonlyArray<Share>;
  readonly revoke: (project: string, id: string) => Effect.Effect<void, ClickHouseError | UnknownEntry>;
  /** The link of a token, if it is still good. */
  readonly of: (token: string) => Effect.Effect<Share, LinkInvalid>;
  /** What a browser keeps of a link whose password it has given: opens it for as long as the link is good. */
  readonly open: (
    token: string,
    password: string | undefined,
  ) => Effect.Effect<
    { readonly share: Share; readonly opener: string },
    LinkInvalid | LoginRefused | PasswordsBusy
  >;
  /** The link that an opener opens, if it is still good. */
  readonly opened: (opener: string) => Share | undefined;
}

/**
 * Links to the numbers of a project, in memory: a change is known here at once, and on other nodes within 5 s.
 *
 * Nothing is kept of who opens one. The browser has the link's token and, where the link has a password, the argon2id of
 * it that is salted with the token; kept is the SHA-256 of either, from which neither can be made.
 */
export class Shares extends Context.Tag("footfall/Shares")<Shares, SharesShape>() {}

const make = Effect.gen(function* () {
  const passwords = yield* Passwords;
  const projects = yield* Projects;
  const clock = yield* Clock.clockWith(Effect.succeed);
  const byDigest = new Map<string, string>();
  const kept = yield* keep(sharesTable, ({ id, digest }) => void byDigest.set(digest, id));
  const turn = (yield* Effect.makeSemaphore(1)).withPermits(1);

  const isGood = ({ project, isRevoked, expiresAtMs }: Share): boolean =>
    !isRevoked &&
    (expiresAtMs === undefined || clock.unsafeCurrentTimeMillis() < expiresAtMs) &&
    projects.find(project) !== undefined;
  const list = (project: string) => kept.all().filter((each) => each.project === project && isGood(each));
  const find = (token: string): Share | undefined => {
    const share = kept.get(byDigest.get(digestOf(token)) ?? "");
    return share !== undefined && isGood(share) ? share : undefined;
  };
  const of = (token: string): Effect.Effect<Share, LinkInvalid> =>
    Effect.suspend(() =>
      Effect.mapError(Effect.fromNullable(find(token)), () => new LinkInvalid({ link: "share" })),
    );
  const proofOf = (token: string, password: string) => {
    const salt = new Bun.CryptoHasher("sha256").update(`share password ${token}`).digest();
    return Effect.map(passwords.derive(password, salt), (proof) => Buffer.from(proof).toString("base64url"));
  };

  return Shares.of({
    create: (project, { name, password, expiresAtMs }) =>
      Effect.gen(function* () {
        const { token, digest } = makeToken();
        const proofDigest = password === undefined ? "" : digestOf(yield* proofOf(token, password));
        return yield* turn(
          Effect.gen(function* () {
            if (list(project).length >= MOST_SHARES) return yield* new TooManyLinks({ limit: MOST_SHARES });
            const createdAtMs = yield* Clock.currentTimeMillis;
            const share: Share = {
              ...{ id: ulid(createdAtMs), project, name, digest, proofDigest, createdAtMs, expiresAtMs },
              ...{ isRevoked: false, version: 0 },
            };
            yield* kept.save(share);
            return { share, token };
          }),
        );
      }),
    list: (project) => [...list(project)].sort((a, b) => (a.id < b.id ? -1 : 1)),
    revoke: (project, id) =>
      turn(
        Effect.suspend((): Effect.Effect<void, ClickHouseError | UnknownEntry> => {
          const share = list(project).find((each) => each.id === id);
          return share === undefined
            ? new UnknownEntry({ kind: "share", id })
            : kept.save({ ...share, isRevoked: true, version: share.version + 1 });
        }),
      ),
    of,
    open: (token, password) =>
      Effect.gen(function* () {
        const share = yield* of(token);
        if (share.proofDigest === "") return { share, opener: token };
        if (password === undefined) return yield* new LoginRefused({ of: "link_missing" });
        const proof = yield* proofOf(token, password);
        if (digestOf(proof) !== share.proofDigest) return yield* new LoginRefused({ of: "link" });
        return { share, opener: `${token}.${proof}` };
      }),
    opened: (opener) => {
      const [token = "", proof = "", ...more] = opener.split(".");
      const share = more.length > 0 ? undefined : find(token);
      if (share === undefined) return undefined;
      return share.proofDigest === "" || digestOf(proof) === share.proofDigest ? share : undefined;
    },
  });
});

export const layerShares = Layer.scoped(Shares, make);
