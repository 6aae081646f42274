import { Effect } from "effect";
import { Elysia } from "elysia";
import type { Access, Authorize } from "../../access/access.ts";
import { makeAdmitting } from "../../access/admitting.ts";
import { type AuditAction, record, recorded } from "../../audit/audit-log.ts";
import { Forbidden, UnknownEntry } from "../../domain/errors.ts";
import { DEFAULT_PROJECT } from "../../domain/project.ts";
import { readJsonObject } from "../../http/json-body.ts";
import type { Run } from "../../http/run.ts";
import type { Projects } from "../../projects/projects.ts";
import type { ClickHouse } from "../../store/clickhouse.ts";
import { removeAccount } from "../departure.ts";
import type { Invites } from "../links/invites.ts";
import { Resets } from "../links/resets.ts";
import type { Account } from "../people/account.ts";
import { Accounts } from "../people/accounts.ts";
import type { Members } from "../people/members.ts";
import {
  changeAccountDocumentation,
  createResetDocumentation,
  deleteAccountDocumentation,
  listAccountsDocumentation,
} from "./account-documentation.ts";
import { shownAccountOf } from "./answers.ts";
import { decodeOwnership } from "./bodies.ts";

type Services = Accounts | ClickHouse | Invites | Members | Projects | Resets;

/** An act of no project in particular: whoever manages the first one, which is always there, may know of it. */
const act = (
  actor: string,
  action: AuditAction,
  account: string,
  details: Readonly<Record<string, unknown>> = {},
) => ({ project: DEFAULT_PROJECT, actor, action, subject: account, details });

/** Ends an account, and writes down that it went, in each of its projects too. */
export const deleteRecorded = (account: Account, actor: string) =>
  Effect.uninterruptible(
    Effect.gen(function* () {
      const left = yield* removeAccount(account);
      yield* record(act(actor, "account.deleted", account.id));
      for (const project of left) {
        yield* record({ project, actor, action: "member.removed", subject: account.id });
      }
    }),
  );

const found = (id: string) =>
  Effect.flatMap(Accounts, (accounts) => {
    const account = accounts.find(id);
    return account === undefined ? new UnknownEntry({ kind: "account", id }) : Effect.succeed(account);
  });

// Whoever has come upon an open browser would else have the account for good, without its password.
const notOwn = ({ actor }: Access, id: string) =>
  actor === `account ${id}`
    ? new Forbidden({ needs: "somebody else: your own account is changed with its password, by /v1/auth" })
    : Effect.void;

const listAccounts = () =>
  Effect.map(Accounts, (accounts) => ({ data: accounts.list().map(shownAccountOf) }));

const changeAccount = (access: Access, id: string, request: Request) =>
  Effect.gen(function* () {
    const isOwner = yield* decodeOwnership(yield* readJsonObject(request));
    const changed = yield* recorded((yield* Accounts).changeOwner(id, isOwner), () =>
      act(access.actor, "account.changed", id, { is_instance_owner: isOwner }),
    );
    return shownAccountOf(changed);
  });

const createReset = (access: Access, id: string) =>
  Effect.gen(function* () {
    const account = yield* found(id);
    yield* notOwn(access, id);
    const { reset, token } = yield* recorded((yield* Resets).create(account), (made) =>
      act(access.actor, "account.reset_created", id, { link: made.reset.id }),
    );
    return {
      account: id,
      expires_at: new Date(reset.expiresAtMs).toISOString(),
      url: `/reset#token=${token}`,
    };
  });

const deleteAccount = (access: Access, id: string) =>
  Effect.gen(function* () {
    const account = yield* found(id);
    yield* notOwn(access, id);
    yield* deleteRecorded(account, access.actor);
    return undefined;
  });

/** `/v1/accounts`: everybody who can log in, for who may do everything. */
export const accountRoutes = (run: Run<Services>, authorize: Authorize) => {
  const forOwners = makeAdmitting(run, authorize, "everything");
  const raw = { parse: "none" } as const;
  return new Elysia({ name: "accounts", prefix: "/v1/accounts" })
    .get("", ({ request }) => forOwners(request, listAccounts), { detail: listAccountsDocumentation })
    .patch(
      "/:account",
      ({ request, params }) => forOwners(request, (access) => changeAccount(access, params.account, request)),
      { ...raw, detail: changeAccountDocumentation },
    )
    .delete(
      "/:account",
      ({ request, params }) => forOwners(request, (access) => deleteAccount(access, params.account)),
      { ...raw, detail: deleteAccountDocumentation },
    )
    .post(
      "/:account/reset",
      ({ request, params }) => forOwners(request, (access) => createReset(access, params.account), 201),
      { ...raw, detail: createResetDocumentation },
    );
};
