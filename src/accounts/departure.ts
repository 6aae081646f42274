import { Effect } from "effect";
import { LastOwner } from "../domain/errors.ts";
import { Projects } from "../projects/projects.ts";
import { ClickHouse } from "../store/clickhouse.ts";
import { Invites } from "./links/invites.ts";
import type { Account } from "./people/account.ts";
import { Accounts } from "./people/accounts.ts";
import { Members } from "./people/members.ts";

/** Invitations that an account has made, by what the audit log says. */
const invitesMadeBy = (account: string) =>
  Effect.flatMap(ClickHouse, ({ query }) =>
    Effect.map(
      query<{ subject: string }>(
        "SELECT subject FROM audit_log WHERE action = 'invite.created' AND actor = {actor:String}",
        { actor: `account ${account}` },
      ),
      (rows) => new Set(rows.map(({ subject }) => subject)),
    ),
  );

// What a change replaced stays in a table until its next merge, which in small ones may be long in coming.
const forgetFormerRows = Effect.gen(function* () {
  const { command } = yield* ClickHouse;
  for (const table of ["accounts", "project_invites"]) yield* command(`OPTIMIZE TABLE ${table} FINAL`);
}).pipe(
  Effect.catchAll((error) =>
    Effect.logWarning(`Former rows of a deleted account go with the next merge: ${error.message}`),
  ),
);

/**
 * Ends an account with all that it has: its sessions and links to a new password, its memberships, and the invitations
 * that it has made or that were made for its address. (Links that it makes at this very moment: see `requireMaker`.) Of
 * the account its id stays, and nothing that tells whose it was. Answers with the projects that it was a member of.
 *
 * The last owner of the whole installation stays, and the last one of a project that nobody else could manage. Cut off in
 * the middle it can be done again, until the account is gone, and with it every way in.
 */
export const removeAccount = (account: Account) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts;
    const members = yield* Members;
    const invites = yield* Invites;
    const projects = yield* Projects;
    const alone = members
      .ownedAlone(account.id)
      .find((project) => projects.find(project) !== undefined && !accounts.hasInstanceOwner());
    if (alone !== undefined) return yield* new LastOwner({ project: alone });
    yield* accounts.requireOther(account.id);

    yield* invites.closeOf(yield* invitesMadeBy(account.id), account.email);
    yield* accounts.remove(account.id);
    const left = yield* members.removeAll(account.id);
    yield* forgetFormerRows;
    return left;
  });
