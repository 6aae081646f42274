import { IngestKeyRefused, KeyMisplaced, OriginForbidden } from "../domain/errors.ts";
import { DEFAULT_PROJECT } from "../domain/project.ts";
import { corsHeaders, everyOrigin, noOrigin } from "../http/cors.ts";
import { allowsOrigin, type Project } from "../projects/project.ts";
import type { ProjectsShape } from "../projects/projects.ts";

/** Why a sender's events are not taken by any project. */
export type Refused = IngestKeyRefused | KeyMisplaced | OriginForbidden;

/** What decides whose events a request brings. */
export interface Gate {
  /** Before the body is read: the origin of a page that no project takes events from. */
  readonly foreign: (origin: string | null) => OriginForbidden | undefined;
  /** The project of a request, by the key in its body or else in its header or address. */
  readonly admit: (request: SenderRequest, bodyKey: string | undefined) => Project | Refused;
  /**
   * The headers that let the page read the answer: those of the project that took the request; where it never came to
   * that, those of any project that takes events from there, so that a script sees a 503 and tries again.
   */
  readonly cors: (
    origin: string | null,
    answered: Project | Refused | undefined,
  ) => Readonly<Record<string, string>>;
}

export interface SenderRequest {
  readonly origin: string | null;
  /** The key in the header `x-api-key` or in the address as `api_key`. */
  readonly key: string | undefined;
}

/** The key that a request carries outside of its body. */
export const keyOfRequest = (request: Request): string | undefined => {
  const header = request.headers.get("x-api-key");
  if (header !== null) return header;
  const query = request.url.indexOf("?");
  if (query === -1) return undefined;
  const params = new URLSearchParams(request.url.slice(query + 1));
  return params.get("api_key") ?? params.get("apiKey") ?? undefined;
};

/** `requiresKey`: events without a key are refused; else the default project takes them. */
export const makeGate = (
  projects: Pick<ProjectsShape, "find" | "keyOf" | "used" | "anyAllows">,
  requiresKey: boolean,
): Gate => {
  const keyless = (origin: string | null): Project | Refused => {
    const project = projects.find(DEFAULT_PROJECT);
    if (requiresKey || project === undefined) return new IngestKeyRefused({ reason: "missing" });
    if (origin !== null) return allowsOrigin(project, origin) ? project : new OriginForbidden({ origin });
    return project.allowsMissingOrigin ? project : new IngestKeyRefused({ reason: "missing" });
  };
  return {
    foreign: (origin) =>
      origin === null || projects.anyAllows(origin) ? undefined : new OriginForbidden({ origin }),
    admit: ({ origin, key: outside }, bodyKey) => {
      const presented = bodyKey ?? outside;
      if (presented === undefined) return keyless(origin);
      const key = projects.keyOf(presented);
      const project = key === undefined ? undefined : projects.find(key.project);
      if (key === undefined || project === undefined || key.kind === "read") {
        return new IngestKeyRefused({ reason: "wrong" });
      }
      if (key.kind === "secret") {
        if (origin !== null) return new KeyMisplaced({ reason: "secret_in_page" });
      } else if (origin === null) {
        if (!project.allowsMissingOrigin) return new KeyMisplaced({ reason: "missing_origin" });
      } else if (!allowsOrigin(project, origin)) return new OriginForbidden({ origin });
      projects.used(key);
      return project;
    },
    cors: (origin, answered) => {
      if (origin === null || answered instanceof OriginForbidden) return noOrigin;
      if (answered === undefined || answered instanceof Error) {
        if (projects.find(DEFAULT_PROJECT)?.origins === "*") return everyOrigin;
        return projects.anyAllows(origin) ? corsHeaders(origin) : noOrigin;
      }
      return answered.origins === "*" ? everyOrigin : corsHeaders(origin);
    },
  };
};
