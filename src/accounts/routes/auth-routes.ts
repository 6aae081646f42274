import { Effect } from "effect";
import { Elysia } from "elysia";
import type { Identify } from "../../access/access.ts";
import { type AuditAction, recorded } from "../../audit/audit-log.ts";
import type { Settings } from "../../config.ts";
import { DEFAULT_PROJECT } from "../../domain/project.ts";
import { refuseCrossSiteLogin } from "../../http/cross-site.ts";
import { readJsonObject } from "../../http/json-body.ts";
import { privateJson } from "../../http/private-json.ts";
import type { HttpFailure } from "../../http/problem.ts";
import type { Run } from "../../http/run.ts";
import { Projects } from "../../projects/projects.ts";
import type { ClickHouse } from "../../store/clickhouse.ts";
import { noSessionCookie, sessionCookie, shareCookie } from "../cookies.ts";
import { makeEntrance } from "../entrance.ts";
import type { Invites } from "../links/invites.ts";
import type { Resets } from "../links/resets.ts";
import type { Shares } from "../links/shares.ts";
import type { Account } from "../people/account.ts";
import { Accounts } from "../people/accounts.ts";
import { Members } from "../people/members.ts";
import { LONGEST_MS } from "../people/session.ts";
import { Sessions } from "../people/sessions.ts";
import { deleteRecorded } from "./account-routes.ts";
import { shownAccount, shownSession } from "./answers.ts";
import {
  acceptDocumentation,
  deleteDocumentation,
  endSessionDocumentation,
  loginDocumentation,
  logoutDocumentation,
  passwordDocumentation,
  resetDocumentation,
  sessionDocumentation,
  sessionsDocumentation,
  setUpDocumentation,
  shareDocumentation,
} from "./auth-documentation.ts";
import {
  decodeAcceptance,
  decodeFarewell,
  decodeLogin,
  decodeNewPasswordBody,
  decodeSetUp,
  decodeShareOpening,
} from "./bodies.ts";
import { type Connection, makeConnectionOf } from "./connection.ts";

type Services = Accounts | ClickHouse | Invites | Members | Projects | Resets | Sessions | Shares;

/** An answer of these routes: a body, none, and what the browser is to keep. */
interface Answer {
  readonly body?: object;
  readonly status?: number;
  readonly cookies?: ReadonlyArray<string>;
}

/** A browser forgets a shared link after so long, and opens it again by the link. */
const SHARE_COOKIE_SECONDS = 30 * 86_400;

const respond = ({ body, status, cookies = [] }: Answer): Response => {
  const response = privateJson(body, status);
  for (const cookie of cookies) response.headers.append("set-cookie", cookie);
  return response;
};

/** The cookies of a session that begins now; its token is a new one, whatever came with the request. */
const begun = (account: Account, connection: Connection) =>
  Effect.gen(function* () {
    const { isSecure } = connection;
    const { token } = yield* (yield* Sessions).begin(account, connection);
    const own = sessionCookie(token, isSecure, LONGEST_MS / 1000);
    // One that was given without TLS is of no use beside it.
    return isSecure ? [own, noSessionCookie(false)] : [own];
  });

/** What somebody did with the own account; it is told where acts of no project in particular are. */
const ownAct =
  (action: AuditAction) =>
  ({ id }: Account) => ({ project: DEFAULT_PROJECT, actor: `account ${id}`, action, subject: id });

/** `/v1/auth`: how people come in, what they do with their own account, and how a shared link is opened. */
export const authRoutes = (run: Run<Services>, identify: Identify, settings: Settings) => {
  const entrance = makeEntrance();
  const connectionOf = makeConnectionOf(settings);
  const answered = async (effect: Effect.Effect<Answer, HttpFailure, Services>): Promise<Response> => {
    const answer = await run(effect);
    return answer instanceof Response ? answer : respond(answer);
  };
  const openBody = (request: Request) =>
    Effect.zipRight(refuseCrossSiteLogin(request), readJsonObject(request));

  const setUp = (request: Request, connection: Connection) =>
    Effect.gen(function* () {
      const { token, wish } = yield* decodeSetUp(yield* openBody(request));
      const account = yield* (yield* Accounts).setUp(token, wish);
      const cookies = yield* begun(account, connection);
      return { body: { account: shownAccount(account) }, status: 201, cookies };
    });

  const logIn = (request: Request, connection: Connection) =>
    Effect.gen(function* () {
      const credentials = yield* decodeLogin(yield* openBody(request));
      const account = yield* entrance.logIn(credentials, connection.address);
      return { body: { account: shownAccount(account) }, cookies: yield* begun(account, connection) };
    });

  const accept = (request: Request, connection: Connection) =>
    Effect.gen(function* () {
      const body = yield* openBody(request);
      const token = yield* decodeAcceptance(body);
      const nobody = () => Effect.succeed(undefined);
      const loggedIn = (yield* Effect.catchTags(identify(request), {
        Unauthorized: nobody,
        Forbidden: nobody,
      }))?.account;
      const { account, invite } = yield* recorded(
        entrance.accept(token, body, loggedIn, connection.address),
        ({ account, invite }) => ({
          project: invite.project,
          actor: `account ${account.id}`,
          subject: account.id,
          action: "member.added",
          details: { role: invite.role, invite: invite.id },
        }),
      );
      const name = (yield* Projects).find(invite.project)?.name ?? "";
      return {
        body: { account: shownAccount(account), project: { id: invite.project, name, role: invite.role } },
        cookies: account.id === loggedIn?.id ? [] : yield* begun(account, connection),
      };
    });

  const openShare = (request: Request, { isSecure, address }: Connection) =>
    Effect.gen(function* () {
      const { token, password } = yield* decodeShareOpening(yield* openBody(request));
      const { share, opener } = yield* entrance.openShare(token, password, address);
      const project = (yield* Projects).find(share.project);
      return {
        body: {
          name: share.name,
          project: { id: share.project, name: project?.name ?? "", timezone: project?.timezone ?? "UTC" },
        },
        cookies: [shareCookie(share.id, opener, isSecure, SHARE_COOKIE_SECONDS)],
      };
    });

  const current = (request: Request) =>
    Effect.gen(function* () {
      const { account, session } = yield* identify(request);
      const members = yield* Members;
      const projects = (yield* Projects).list().flatMap(({ id, name }) => {
        const role = account.isInstanceOwner ? "owner" : members.roleOf(account.id, id);
        return role === undefined ? [] : [{ id, name, role }];
      });
      const lastUse = (yield* Sessions).lastUse(session);
      return {
        body: {
          account: shownAccount(account),
          projects,
          session: shownSession(session, lastUse, session.id),
        },
      };
    });

  const listSessions = (request: Request) =>
    Effect.gen(function* () {
      const { account, session } = yield* identify(request);
      const sessions = yield* Sessions;
      const data = sessions
        .list(account.id)
        .map((each) => shownSession(each, sessions.lastUse(each), session.id));
      return { body: { data } };
    });

  const endSession = (request: Request, id: string) =>
    Effect.gen(function* () {
      const { account } = yield* identify(request);
      yield* (yield* Sessions).end(account.id, id);
      return {};
    });

  const logOut = (request: Request) =>
    Effect.gen(function* () {
      const { account, session } = yield* identify(request);
      yield* (yield* Sessions).end(account.id, session.id);
      return { cookies: [noSessionCookie(session.isSecure)] };
    });

  const changePassword = (request: Request, connection: Connection) =>
    Effect.gen(function* () {
      const { account } = yield* identify(request);
      const { current, password } = yield* decodeNewPasswordBody(yield* readJsonObject(request), account);
      const changed = yield* recorded(
        entrance.changePassword(account, current, password, connection.address),
        ownAct("account.password_changed"),
      );
      return { cookies: yield* begun(changed, connection) };
    });

  const reset = (request: Request, connection: Connection) =>
    Effect.gen(function* () {
      const body = yield* openBody(request);
      const changed = entrance.reset(body, connection.address);
      const account = yield* recorded(changed, ownAct("account.password_reset"));
      return { body: { account: shownAccount(account) }, cookies: yield* begun(account, connection) };
    });

  const deleteOwn = (request: Request, { address }: Connection) =>
    Effect.gen(function* () {
      const { account, session } = yield* identify(request);
      const password = yield* decodeFarewell(yield* readJsonObject(request));
      yield* entrance.logIn({ email: account.email, password }, address);
      yield* deleteRecorded(account, `account ${account.id}`);
      return { cookies: [noSessionCookie(session.isSecure)] };
    });

  const raw = { parse: "none" } as const;
  return new Elysia({ name: "auth", prefix: "/v1/auth" })
    .post("/setup", ({ request, server }) => answered(setUp(request, connectionOf(request, server))), {
      ...raw,
      detail: setUpDocumentation,
    })
    .post("/login", ({ request, server }) => answered(logIn(request, connectionOf(request, server))), {
      ...raw,
      detail: loginDocumentation,
    })
    .post("/accept", ({ request, server }) => answered(accept(request, connectionOf(request, server))), {
      ...raw,
      detail: acceptDocumentation,
    })
    .post("/share", ({ request, server }) => answered(openShare(request, connectionOf(request, server))), {
      ...raw,
      detail: shareDocumentation,
    })
    .get("/session", ({ request }) => answered(current(request)), { detail: sessionDocumentation })
    .get("/sessions", ({ request }) => answered(listSessions(request)), { detail: sessionsDocumentation })
    .delete("/sessions/:session", ({ request, params }) => answered(endSession(request, params.session)), {
      ...raw,
      detail: endSessionDocumentation,
    })
    .post(
      "/password",
      ({ request, server }) => answered(changePassword(request, connectionOf(request, server))),
      { ...raw, detail: passwordDocumentation },
    )
    .post("/reset", ({ request, server }) => answered(reset(request, connectionOf(request, server))), {
      ...raw,
      detail: resetDocumentation,
    })
    .post("/delete", ({ request, server }) => answered(deleteOwn(request, connectionOf(request, server))), {
      ...raw,
      detail: deleteDocumentation,
    })
    .post("/logout", ({ request }) => answered(logOut(request)), { ...raw, detail: logoutDocumentation });
};
