import { Context, Effect, Layer } from "effect";
import { Forbidden, InvalidParameter, Unauthorized, UnknownProject } from "../domain/errors.ts";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { AdminKey, presentedKey } from "../http/admin-key.ts";
import { Projects } from "../projects/projects.ts";

/**
 * What a route lets do: `read` numbers and events, `edit` what is kept beside them (funnels), or `manage` projects, their
 * keys and whom they tell.
 */
export type Grant = "read" | "edit" | "manage";

/** Somebody who may do what a route needs, in some projects. */
export interface Access {
  /** Who it is, for the audit log: `admin key`, or `key` or `account` with its id. */
  readonly actor: string;
  /**
   * The project that is meant: the named one if it may be asked about, and where none is named the key's own, or the
   * default one. A project of somebody else and one that is not there are refused alike.
   */
  readonly project: (named: string | undefined) => Effect.Effect<string, Forbidden | UnknownProject>;
}

/** Who a request comes from. Fails where no key is presented, or one that does not give what is needed. */
export type Authorize = (request: Request, grant: Grant) => Effect.Effect<Access, Unauthorized | Forbidden>;

/** Whom the routes let in. */
export class Doorkeeper extends Context.Tag("footfall/Doorkeeper")<
  Doorkeeper,
  { readonly authorize: Authorize }
>() {}

const needs: Readonly<Record<Grant, string>> = {
  read: "a read key of the project, or the admin key",
  edit: "the admin key",
  manage: "the admin key",
};

/** The parameters of a request, with the project that is meant among them whether it is named or not. */
export const scopedParams = (
  access: Access,
  request: Request,
): Effect.Effect<URLSearchParams, Forbidden | InvalidParameter | UnknownProject> =>
  Effect.gen(function* () {
    const params = new URL(request.url).searchParams;
    const [named, ...more] = params.getAll("project");
    if (more.length > 0) {
      return yield* new InvalidParameter({ parameter: "project", message: "can be given once." });
    }
    params.set("project", yield* access.project(named));
    return params;
  });

/** The same of a JSON body; a `project` that is no text is left to whoever reads the body. */
export const scopedBody = <Body extends Readonly<Record<string, unknown>>>(
  access: Access,
  body: Body,
): Effect.Effect<Body, Forbidden | UnknownProject> => {
  const { project } = body;
  if (project !== undefined && typeof project !== "string") return Effect.succeed(body);
  return Effect.map(access.project(project), (meant) => ({ ...body, project: meant }));
};

const make = Effect.gen(function* () {
  const admin = yield* AdminKey;
  const projects = yield* Projects;
  const everything: Access = {
    actor: "admin key",
    project: (named = DEFAULT_PROJECT) =>
      Effect.suspend(() =>
        projects.find(named) === undefined ? new UnknownProject({ project: named }) : Effect.succeed(named),
      ),
  };
  const oneProject = (actor: string, own: string): Access => ({
    actor,
    project: (named = own) =>
      named === own ? Effect.succeed(own) : new Forbidden({ needs: "a key of that project" }),
  });
  return Doorkeeper.of({
    authorize: (request, grant) =>
      Effect.suspend((): Effect.Effect<Access, Unauthorized | Forbidden> => {
        const presented = presentedKey(request);
        if (presented === null) return new Unauthorized({ reason: "missing" });
        if (admin.isAdminKey(presented)) return Effect.succeed(everything);
        const key = projects.keyOf(presented);
        if (key === undefined) return new Unauthorized({ reason: "wrong" });
        if (key.kind !== "read" || grant !== "read") return new Forbidden({ needs: needs[grant] });
        projects.used(key);
        return Effect.succeed(oneProject(`key ${key.id}`, key.project));
      }),
  });
});

export const layerDoorkeeper = Layer.effect(Doorkeeper, make);
