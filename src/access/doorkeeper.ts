import { Effect, Layer } from "effect";
import { presentedOpeners, presentedSession } from "../accounts/cookies.ts";
import type { Share } from "../accounts/links/share.ts";
import { Shares } from "../accounts/links/shares.ts";
import type { Account } from "../accounts/people/account.ts";
import { Members } from "../accounts/people/members.ts";
import { type LoggedIn, Sessions } from "../accounts/people/sessions.ts";
import { type Role, roles } from "../accounts/role.ts";
import {
  type CrossSite,
  Forbidden,
  InvalidParameter,
  Unauthorized,
  UnknownProject,
} from "../domain/errors.ts";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { AdminKey, presentedKey } from "../http/admin-key.ts";
import { refuseCrossSite } from "../http/cross-site.ts";
import { Projects } from "../projects/projects.ts";
import { type Access, Doorkeeper, type Grant } from "./access.ts";

/** What somebody would have to have, as the end of "This needs …". */
const needs: Readonly<Record<Grant, string>> = {
  read: "a read key of the project, or a role in it",
  events: "a read key of the project, or a role in it",
  edit: "the role editor or owner in the project, or the admin key",
  manage: "the role owner in the project, or the admin key",
  everything: "an owner of the whole installation, or the admin key",
};

/** The least role that gives something; none gives everything. */
const leastRole: Readonly<Record<Exclude<Grant, "everything">, Role>> = {
  read: "viewer",
  events: "viewer",
  edit: "editor",
  manage: "owner",
};

const gives = (role: Role | undefined, grant: Grant): boolean =>
  role !== undefined && grant !== "everything" && roles.indexOf(role) >= roles.indexOf(leastRole[grant]);

const keyGrants: ReadonlySet<Grant> = new Set(["read", "events"]);

/** What a session or shared links open. */
type Allowed = (project: string) => boolean;

const make = Effect.gen(function* () {
  const admin = yield* AdminKey;
  const projects = yield* Projects;
  const members = yield* Members;
  const sessions = yield* Sessions;
  const shares = yield* Shares;

  const zoneOf = (project: string) => projects.find(project)?.timezone ?? "UTC";
  const everything: Access = {
    actor: "admin key",
    zoneOf,
    project: (named = DEFAULT_PROJECT) =>
      Effect.suspend(() =>
        projects.find(named) === undefined ? new UnknownProject({ project: named }) : Effect.succeed(named),
      ),
  };
  const ofKey = (actor: string, own: string): Access => ({
    actor,
    zoneOf,
    project: (named = own) =>
      named === own ? Effect.succeed(own) : new Forbidden({ needs: "a key of that project" }),
  });
  const ofPerson = (actor: string, open: ReadonlyArray<string>, grant: Grant, isOwner: boolean): Access => ({
    actor,
    zoneOf,
    project: (named) =>
      Effect.suspend((): Effect.Effect<string, Forbidden | InvalidParameter | UnknownProject> => {
        if (named === undefined) {
          const [only, ...more] = open;
          if (open.includes(DEFAULT_PROJECT)) return Effect.succeed(DEFAULT_PROJECT);
          return only !== undefined && more.length === 0
            ? Effect.succeed(only)
            : new InvalidParameter({ parameter: "project", message: "is needed: you may ask several." });
        }
        if (open.includes(named)) return Effect.succeed(named);
        return isOwner ? new UnknownProject({ project: named }) : new Forbidden({ needs: needs[grant] });
      }),
  });

  const loggedIn = (request: Request): LoggedIn | undefined => {
    const presented = presentedSession(request);
    return presented === undefined ? undefined : sessions.of(presented.token, presented.isSecure);
  };
  const mayIn =
    ({ id, isInstanceOwner }: Account, grant: Grant): Allowed =>
    (project) =>
      isInstanceOwner || gives(members.roleOf(id, project), grant);
  const openedBy = (request: Request): ReadonlyArray<Share> =>
    presentedOpeners(request).flatMap((opener) => shares.opened(opener) ?? []);

  /** Whoever has the cookies of a request: an account, shared links, or both. */
  const ofCookies = (
    request: Request,
    grant: Grant,
  ): Effect.Effect<Access, Unauthorized | Forbidden | CrossSite> =>
    Effect.gen(function* () {
      const account = loggedIn(request)?.account;
      const shared = openedBy(request);
      if (account === undefined && shared.length === 0) {
        const wasLoggedIn = presentedSession(request) !== undefined;
        return yield* new Unauthorized({ reason: wasLoggedIn ? "account" : "missing" });
      }
      yield* refuseCrossSite(request);
      const may: Allowed = account === undefined ? () => false : mayIn(account, grant);
      const own = projects.list().flatMap(({ id }) => (may(id) ? [id] : []));
      const linked = grant === "read" ? shared.map(({ project }) => project) : [];
      const open = [...new Set([...own, ...linked])];
      const isOwner = account?.isInstanceOwner === true;
      if (open.length === 0 && !isOwner) return yield* new Forbidden({ needs: needs[grant] });
      const actor = account === undefined ? `link ${shared[0]?.id}` : `account ${account.id}`;
      return ofPerson(actor, open, grant, isOwner);
    });

  return Doorkeeper.of({
    authorize: (request, grant) =>
      Effect.suspend((): Effect.Effect<Access, Unauthorized | Forbidden | CrossSite> => {
        const presented = presentedKey(request);
        if (presented === null) return ofCookies(request, grant);
        if (admin.isAdminKey(presented)) return Effect.succeed(everything);
        const key = projects.keyOf(presented);
        if (key === undefined) return new Unauthorized({ reason: "wrong" });
        if (key.kind !== "read" || !keyGrants.has(grant)) return new Forbidden({ needs: needs[grant] });
        projects.used(key);
        return Effect.succeed(ofKey(`key ${key.id}`, key.project));
      }),
    identify: (request) =>
      Effect.suspend((): Effect.Effect<LoggedIn, Unauthorized | Forbidden | CrossSite> => {
        const presented = presentedKey(request);
        if (presented !== null) {
          return admin.isAdminKey(presented) || projects.keyOf(presented) !== undefined
            ? new Forbidden({ needs: "somebody who is logged in; a key is nobody's" })
            : new Unauthorized({ reason: "wrong" });
        }
        const found = loggedIn(request);
        return found === undefined
          ? new Unauthorized({ reason: "account" })
          : Effect.as(refuseCrossSite(request), found);
      }),
  });
});

export const layerDoorkeeper = Layer.effect(Doorkeeper, make);
