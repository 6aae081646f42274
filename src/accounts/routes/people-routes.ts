import { Clock, Effect } from "effect";
import { Elysia } from "elysia";
import type { Access, Authorize } from "../../access/access.ts";
import { makeAdmitting } from "../../access/admitting.ts";
import { type Act, type AuditAction, recorded } from "../../audit/audit-log.ts";
import { readJsonObject } from "../../http/json-body.ts";
import type { HttpFailure } from "../../http/problem.ts";
import type { Run } from "../../http/run.ts";
import type { ClickHouse } from "../../store/clickhouse.ts";
import { Invites } from "../links/invites.ts";
import { Shares } from "../links/shares.ts";
import { Accounts } from "../people/accounts.ts";
import { Members } from "../people/members.ts";
import { shownInvite, shownMember, shownShare } from "./answers.ts";
import { decodeInvite, decodeRole, decodeShare } from "./bodies.ts";
import {
  changeMemberDocumentation,
  createInviteDocumentation,
  createShareDocumentation,
  listInvitesDocumentation,
  listMembersDocumentation,
  listSharesDocumentation,
  removeMemberDocumentation,
  revokeInviteDocumentation,
  revokeShareDocumentation,
} from "./people-documentation.ts";

type Services = Accounts | ClickHouse | Invites | Members | Shares;

/** A project that whoever asks may manage. */
interface Managed {
  readonly project: string;
  /** What of an act the audit log is told besides itself. */
  readonly act: (action: AuditAction, subject: string, details?: Readonly<Record<string, unknown>>) => Act;
}

const managed = (access: Access, project: string): Managed => ({
  project,
  act: (action, subject, details = {}) => ({ project, actor: access.actor, action, subject, details }),
});

const listMembers = ({ project }: Managed) =>
  Effect.gen(function* () {
    const accounts = yield* Accounts;
    const members = (yield* Members).list(project);
    return { data: members.map((member) => shownMember(member, accounts.find(member.account))) };
  });

const changeMember = ({ project, act }: Managed, id: string, request: Request) =>
  Effect.gen(function* () {
    const role = yield* decodeRole(yield* readJsonObject(request));
    const changed = (yield* Members).change(project, id, role);
    const member = yield* recorded(changed, () => act("member.changed", id, { role }));
    return shownMember(member, (yield* Accounts).find(id));
  });

const removeMember = ({ project, act }: Managed, id: string) =>
  Effect.gen(function* () {
    yield* recorded((yield* Members).remove(project, id), () => act("member.removed", id));
    return undefined;
  });

const listInvites = ({ project }: Managed) =>
  Effect.map(Invites, (invites) => ({ data: invites.list(project).map(shownInvite) }));

const createInvite = ({ project, act }: Managed, request: Request) =>
  Effect.gen(function* () {
    const body = yield* readJsonObject(request);
    const wish = yield* decodeInvite(body, yield* Clock.currentTimeMillis);
    const made = (yield* Invites).create(project, wish);
    const { invite, token } = yield* recorded(made, (done) =>
      act("invite.created", done.invite.id, { role: wish.role }),
    );
    return { ...shownInvite(invite), url: `/invite#token=${token}` };
  });

const revokeInvite = ({ project, act }: Managed, id: string) =>
  Effect.gen(function* () {
    yield* recorded((yield* Invites).revoke(project, id), () => act("invite.revoked", id));
    return undefined;
  });

const listShares = ({ project }: Managed) =>
  Effect.map(Shares, (shares) => ({ data: shares.list(project).map(shownShare) }));

const createShare = ({ project, act }: Managed, request: Request) =>
  Effect.gen(function* () {
    const body = yield* readJsonObject(request);
    const wish = yield* decodeShare(body, yield* Clock.currentTimeMillis);
    const made = (yield* Shares).create(project, wish);
    const { share, token } = yield* recorded(made, (done) =>
      act("share.created", done.share.id, { name: wish.name, has_password: wish.password !== undefined }),
    );
    return { ...shownShare(share), url: `/share#token=${token}` };
  });

const revokeShare = ({ project, act }: Managed, id: string) =>
  Effect.gen(function* () {
    yield* recorded((yield* Shares).revoke(project, id), () => act("share.revoked", id));
    return undefined;
  });

/** The people of a project and the links that let others in, for who may manage it. */
export const peopleRoutes = (run: Run<Services>, authorize: Authorize) => {
  const forManagers = makeAdmitting(run, authorize, "manage");
  const answered = (
    request: Request,
    id: string,
    answer: (managed: Managed) => Effect.Effect<object | undefined, HttpFailure, Services>,
    status?: number,
  ): Promise<Response> =>
    forManagers(
      request,
      (access) => Effect.flatMap(access.project(id), (project) => answer(managed(access, project))),
      status,
    );

  const raw = { parse: "none" } as const;
  return new Elysia({ name: "people", prefix: "/v1/projects" })
    .get("/:id/members", ({ request, params }) => answered(request, params.id, listMembers), {
      detail: listMembersDocumentation,
    })
    .patch(
      "/:id/members/:account",
      ({ request, params }) =>
        answered(request, params.id, (within) => changeMember(within, params.account, request)),
      { ...raw, detail: changeMemberDocumentation },
    )
    .delete(
      "/:id/members/:account",
      ({ request, params }) => answered(request, params.id, (within) => removeMember(within, params.account)),
      { ...raw, detail: removeMemberDocumentation },
    )
    .get("/:id/invites", ({ request, params }) => answered(request, params.id, listInvites), {
      detail: listInvitesDocumentation,
    })
    .post(
      "/:id/invites",
      ({ request, params }) => answered(request, params.id, (within) => createInvite(within, request), 201),
      { ...raw, detail: createInviteDocumentation },
    )
    .delete(
      "/:id/invites/:invite",
      ({ request, params }) => answered(request, params.id, (within) => revokeInvite(within, params.invite)),
      { ...raw, detail: revokeInviteDocumentation },
    )
    .get("/:id/shares", ({ request, params }) => answered(request, params.id, listShares), {
      detail: listSharesDocumentation,
    })
    .post(
      "/:id/shares",
      ({ request, params }) => answered(request, params.id, (within) => createShare(within, request), 201),
      { ...raw, detail: createShareDocumentation },
    )
    .delete(
      "/:id/shares/:share",
      ({ request, params }) => answered(request, params.id, (within) => revokeShare(within, params.share)),
      { ...raw, detail: revokeShareDocumentation },
    );
};
