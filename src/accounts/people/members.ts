import { Clock, Context, Effect, Layer } from "effect";
import { LastOwner, UnknownEntry } from "../../domain/errors.ts";
import type { ClickHouseError } from "../../store/clickhouse-error.ts";
import { keep } from "../../store/kept-table.ts";
import { higherRole, type Role } from "../role.ts";
import { Accounts } from "./accounts.ts";
import { type Member, memberId, membersTable } from "./member.ts";

type Changed<E = never> = Effect.Effect<Member, ClickHouseError | E>;

export interface MembersShape {
  readonly roleOf: (account: string, project: string) => Role | undefined;
  /** Those of a project whose accounts are there, the first ones first. */
  readonly list: (project: string) => ReadonlyArray<Member>;
  /** Gives a role, unless the account has one already that gives more. */
  readonly add: (project: string, account: string, role: Role) => Changed;
  /** The last owner of a project stays one, unless somebody may manage every project. */
  readonly change: (project: string, account: string, role: Role) => Changed<UnknownEntry | LastOwner>;
  readonly remove: (project: string, account: string) => Changed<UnknownEntry | LastOwner>;
  /** Projects whose only owner an account is. */
  readonly ownedAlone: (account: string) => ReadonlyArray<string>;
  /** Ends every membership of an account; the projects that it was a member of. */
  readonly removeAll: (account: string) => Effect.Effect<ReadonlyArray<string>, ClickHouseError>;
}

/** Who may do what in which project, in memory: a change is known here at once, and on other nodes within 5 s. */
export class Members extends Context.Tag("footfall/Members")<Members, MembersShape>() {}

const make = Effect.gen(function* () {
  const accounts = yield* Accounts;
  const kept = yield* keep(membersTable);
  const turn = (yield* Effect.makeSemaphore(1)).withPermits(1);

  const find = (project: string, account: string): Member | undefined => {
    const member = kept.get(memberId(project, account));
    return member === undefined || member.isRemoved ? undefined : member;
  };
  const list = (project: string): ReadonlyArray<Member> => {
    const own = kept
      .all()
      .filter(
        (each) => each.project === project && !each.isRemoved && accounts.find(each.account) !== undefined,
      );
    return own.sort((a, b) => a.addedAtMs - b.addedAtMs || (a.account < b.account ? -1 : 1));
  };
  const ofAccount = (account: string): ReadonlyArray<Member> =>
    kept.all().filter((each) => each.account === account && !each.isRemoved);
  const hasOtherOwner = (project: string, account: string): boolean =>
    list(project).some(({ role, account: other }) => role === "owner" && other !== account);
  const save = (member: Member): Changed => Effect.as(kept.save(member), member);
  const changed = (
    project: string,
    account: string,
    change: Partial<Member>,
  ): Changed<UnknownEntry | LastOwner> =>
    turn(
      Effect.gen(function* () {
        yield* kept.refresh;
        const member = find(project, account);
        if (member === undefined) return yield* new UnknownEntry({ kind: "member", id: account });
        const after = { ...member, ...change, version: member.version + 1 };
        const isOwnerAfter = after.role === "owner" && !after.isRemoved;
        const isLast = member.role === "owner" && !isOwnerAfter && !hasOtherOwner(project, account);
        if (isLast && !accounts.hasInstanceOwner()) {
          return yield* new LastOwner({ project });
        }
        return yield* save(after);
      }),
    );

  return Members.of({
    roleOf: (account, project) => find(project, account)?.role,
    list,
    add: (project, account, role) =>
      turn(
        Effect.gen(function* () {
          const addedAtMs = yield* Clock.currentTimeMillis;
          const before = kept.get(memberId(project, account));
          const member = find(project, account);
          if (member !== undefined && higherRole(member.role, role) === member.role) return member;
          return yield* save({
            ...{ project, account, role, addedAtMs: member?.addedAtMs ?? addedAtMs, isRemoved: false },
            version: (before?.version ?? -1) + 1,
          });
        }),
      ),
    change: (project, account, role) => changed(project, account, { role }),
    remove: (project, account) => changed(project, account, { isRemoved: true }),
    ownedAlone: (account) =>
      ofAccount(account)
        .filter(({ project, role }) => role === "owner" && !hasOtherOwner(project, account))
        .map(({ project }) => project),
    removeAll: (account) =>
      turn(
        Effect.gen(function* () {
          yield* kept.refresh;
          const own = ofAccount(account);
          if (own.length > 0) {
            yield* kept.save(...own.map((each) => ({ ...each, isRemoved: true, version: each.version + 1 })));
          }
          return own.map(({ project }) => project);
        }),
      ),
  });
});

export const layerMembers = Layer.scoped(Members, make);
