import { Context, Effect } from "effect";
import type { LoggedIn } from "../accounts/people/sessions.ts";
import {
  type CrossSite,
  type Forbidden,
  InvalidParameter,
  type Unauthorized,
  type UnknownProject,
} from "../domain/errors.ts";

/**
 * What a route lets do: `read` numbers, read single `events`, `edit` what is kept beside them (funnels), `manage` a
 * project, its keys, people and whom it tells, or what is for those who may do `everything`: make projects.
 */
export type Grant = "read" | "events" | "edit" | "manage" | "everything";

/** Somebody who may do what a route needs, in some projects. */
export interface Access {
  /** Who it is, for the audit log: `admin key`, or `key`, `account` or `link` with its id. */
  readonly actor: string;
  /**
   * The project that is meant: the named one if it may be asked about, and where none is named the key's own, the
   * default one, or the only one that an account may ask about. A project of somebody else and one that is not there are
   * refused alike.
   */
  readonly project: (
    named: string | undefined,
  ) => Effect.Effect<string, Forbidden | InvalidParameter | UnknownProject>;
  /** The time zone of a project that may be asked about. */
  readonly zoneOf: (project: string) => string;
}

/**
 * Who a request comes from: by the key that it presents, and only where it presents none by its cookies. Fails where
 * nobody is known by them, or somebody who may not do what is needed in any project, and where another site may have
 * sent the cookies.
 */
export type Authorize = (
  request: Request,
  grant: Grant,
) => Effect.Effect<Access, Unauthorized | Forbidden | CrossSite>;

/** Who is logged in, for what people do with their own account. Keys are nobody's. */
export type Identify = (request: Request) => Effect.Effect<LoggedIn, Unauthorized | Forbidden | CrossSite>;

/** Whom the routes let in. */
export class Doorkeeper extends Context.Tag("footfall/Doorkeeper")<
  Doorkeeper,
  { readonly authorize: Authorize; readonly identify: Identify }
>() {}

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

/** The same of a question: where no time zone is named the project's is meant. */
export const questionParams = (access: Access, request: Request) =>
  Effect.map(scopedParams(access, request), (params) => {
    if (!params.has("timezone")) params.set("timezone", access.zoneOf(params.get("project") ?? ""));
    return params;
  });

/** The parameters of {@link scopedParams} in a JSON body; a `project` that is no text is left to whoever reads the body. */
export const scopedBody = <Body extends Readonly<Record<string, unknown>>>(
  access: Access,
  body: Body,
): Effect.Effect<Body, Forbidden | InvalidParameter | UnknownProject> => {
  const { project } = body;
  if (project !== undefined && typeof project !== "string") return Effect.succeed(body);
  return Effect.map(access.project(project), (meant) => ({ ...body, project: meant }));
};
