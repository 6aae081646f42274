import { Clock, Context, Effect, Layer } from "effect";
import { ulid } from "ulid";
import { LinkInvalid, TooManyLinks, UnknownEntry } from "../../domain/errors.ts";
import { digestOf } from "../../projects/key.ts";
import { Projects } from "../../projects/projects.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { keep } from "../../store/kept-table.ts";
import { makeToken } from "../kept/token.ts";
import type { Account } from "../people/account.ts";
import { Members } from "../people/members.ts";
import { type Invite, invitesTable } from "./invite.ts";

/** Open invitations of one project. */
const MOST_INVITES = 200;

export type InviteWish = Pick<Invite, "email" | "role" | "expiresAtMs">;

export interface InvitesShape {
  /** A new invitation with its token, which is told this once. */
  readonly create: (
    project: string,
    wish: InviteWish,
  ) => Effect.Effect<{ readonly invite: Invite; readonly token: string }, ClickHouseError | TooManyLinks>;
  /** Those that can still be taken, the oldest first. */
  readonly list: (project: string) => ReadonlyArray<Invite>;
  readonly revoke: (project: string, id: string) => Effect.Effect<void, ClickHouseError | UnknownEntry>;
  /** Closes the open ones with these ids, and those for an address, which they then do not name any more. */
  readonly closeOf: (ids: ReadonlySet<string>, email: string) => Effect.Effect<void, ClickHouseError>;
  /** The invitation of a token, if it can still be taken. */
  readonly of: (token: string) => Effect.Effect<Invite, LinkInvalid>;
  /**
   * Makes whom `who` gives a member. `who` runs when the invitation is still good, and of several at the same time one
   * after the other, so that nobody gets an account for an invitation that somebody else has just taken.
   */
  readonly take: <E, R>(
    token: string,
    who: (invite: Invite) => Effect.Effect<Account, E, R>,
  ) => Effect.Effect<
    { readonly invite: Invite; readonly account: Account },
    ClickHouseError | LinkInvalid | E,
    R
  >;
}

/** Invitations, in memory: a change is known here at once, and on other nodes within 5 s. */
export class Invites extends Context.Tag("footfall/Invites")<Invites, InvitesShape>() {}

const make = Effect.gen(function* () {
  const members = yield* Members;
  const projects = yield* Projects;
  const clock = yield* Clock.clockWith(Effect.succeed);
  const byDigest = new Map<string, string>();
  const kept = yield* keep(invitesTable, ({ id, digest }) => void byDigest.set(digest, id));
  const turn = (yield* Effect.makeSemaphore(1)).withPermits(1);

  const isOpen = (invite: Invite): boolean =>
    !invite.isClosed &&
    clock.unsafeCurrentTimeMillis() < invite.expiresAtMs &&
    projects.find(invite.project) !== undefined;
  const list = (project: string) => kept.all().filter((each) => each.project === project && isOpen(each));
  const of = (token: string): Effect.Effect<Invite, LinkInvalid> =>
    Effect.suspend(() => {
      const invite = kept.get(byDigest.get(digestOf(token)) ?? "");
      return invite !== undefined && isOpen(invite)
        ? Effect.succeed(invite)
        : new LinkInvalid({ link: "invite" });
    });
  const close = (invite: Invite) => kept.save({ ...invite, isClosed: true, version: invite.version + 1 });

  return Invites.of({
    create: (project, wish) =>
      turn(
        Effect.gen(function* () {
          if (list(project).length >= MOST_INVITES) return yield* new TooManyLinks({ limit: MOST_INVITES });
          const createdAtMs = yield* Clock.currentTimeMillis;
          const { token, digest } = makeToken();
          const invite: Invite = {
            ...{ ...wish, id: ulid(createdAtMs), project, digest, createdAtMs },
            ...{ isClosed: false, version: 0 },
          };
          yield* kept.save(invite);
          return { invite, token };
        }),
      ),
    list: (project) => [...list(project)].sort((a, b) => (a.id < b.id ? -1 : 1)),
    revoke: (project, id) =>
      turn(
        Effect.suspend((): Effect.Effect<void, ClickHouseError | UnknownEntry> => {
          const invite = list(project).find((each) => each.id === id);
          return invite === undefined ? new UnknownEntry({ kind: "invite", id }) : close(invite);
        }),
      ),
    closeOf: (ids, email) =>
      turn(
        Effect.gen(function* () {
          yield* kept.refresh;
          const closing = kept
            .all()
            .filter((each) => each.email === email || (ids.has(each.id) && !each.isClosed))
            .map((each) => ({
              ...each,
              email: each.email === email ? "" : each.email,
              isClosed: true,
              version: each.version + 1,
            }));
          if (closing.length > 0) yield* kept.save(...closing);
        }),
      ),
    of,
    take: (token, who) =>
      Effect.zipRight(
        // Nobody waits for those who have no invitation.
        of(token),
        turn(
          Effect.gen(function* () {
            yield* kept.refresh;
            const invite = yield* of(token);
            const account = yield* who(invite);
            // Closed first: what fails in between costs a new invitation, and never lets two people in.
            yield* Effect.uninterruptible(
              Effect.zipRight(close(invite), members.add(invite.project, account.id, invite.role)),
            );
            return { invite, account };
          }),
        ),
      ),
  });
});

export const layerInvites = Layer.scoped(Invites, make);
