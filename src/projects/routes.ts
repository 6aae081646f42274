import { Clock, Effect } from "effect";
import { Elysia } from "elysia";
import type { Access, Authorize } from "../access/access.ts";
import { UnknownProject } from "../domain/errors.ts";
import { readJsonObject } from "../http/json-body.ts";
import type { HttpFailure } from "../http/problem.ts";
import type { Run } from "../http/run.ts";
import { decodeKey, decodeOverlap, decodeProject, decodeProjectChange } from "./bodies.ts";
import {
  addKeyDocumentation,
  createDocumentation,
  getDocumentation,
  listDocumentation,
  listKeysDocumentation,
  revokeKeyDocumentation,
  rotateKeyDocumentation,
  updateDocumentation,
} from "./documentation.ts";
import type { Key } from "./key.ts";
import type { Project } from "./project.ts";
import type { NewKey, ProjectsShape } from "./projects.ts";

const instant = (ms: number): string => new Date(ms).toISOString();

const shownProject = (project: Project) => ({
  id: project.id,
  name: project.name,
  origins: project.origins === "*" ? ["*"] : [...project.origins],
  timezone: project.timezone,
  allow_missing_origin: project.allowsMissingOrigin,
  created_at: instant(project.createdAtMs),
  updated_at: instant(project.updatedAtMs),
});

const shownKey = (key: Key) => ({
  id: key.id,
  project: key.project,
  kind: key.kind,
  label: key.label,
  preview: key.preview,
  created_at: instant(key.createdAtMs),
  expires_at: key.expiresAtMs === undefined ? null : instant(key.expiresAtMs),
  is_revoked: key.isRevoked,
});

const shownNewKey = ({ key, text }: NewKey) => ({ ...shownKey(key), key: text });

/**
 * `/v1/projects`, `/v1/projects/:id`, `/v1/projects/:id/keys` and what is done with a key. `authorize` fails for who may
 * not manage; nothing else is looked at before.
 */
export const projectRoutes = (run: Run<never>, authorize: Authorize, projects: ProjectsShape) => {
  const answered = async (
    request: Request,
    answer: (access: Access) => Effect.Effect<object | undefined, HttpFailure>,
    status = 200,
  ): Promise<Response> => {
    const result = await run(Effect.flatMap(authorize(request, "manage"), answer));
    if (result instanceof Response) return result;
    const headers = { "cache-control": "no-store" };
    return result === undefined
      ? new Response(null, { status: 204, headers })
      : Response.json(result, { status, headers });
  };
  const found = (access: Access, id: string) =>
    Effect.flatMap(access.project(id), () => {
      const project = projects.find(id);
      return project === undefined ? new UnknownProject({ project: id }) : Effect.succeed(project);
    });

  const raw = { parse: "none" } as const;
  return new Elysia({ name: "projects", prefix: "/v1/projects" })
    .get(
      "",
      ({ request }) =>
        answered(request, (access) =>
          Effect.gen(function* () {
            const data: Array<object> = [];
            for (const project of projects.list()) {
              const may = yield* Effect.isSuccess(access.project(project.id));
              if (may) data.push(shownProject(project));
            }
            return { data };
          }),
        ),
      { detail: listDocumentation },
    )
    .post(
      "",
      ({ request }) =>
        answered(
          request,
          () =>
            Effect.gen(function* () {
              const wish = yield* decodeProject(yield* readJsonObject(request));
              return shownProject(yield* projects.create(wish));
            }),
          201,
        ),
      { ...raw, detail: createDocumentation },
    )
    .get(
      "/:id",
      ({ request, params }) =>
        answered(request, (access) => Effect.map(found(access, params.id), shownProject)),
      { detail: getDocumentation },
    )
    .patch(
      "/:id",
      ({ request, params }) =>
        answered(request, (access) =>
          Effect.gen(function* () {
            const { id } = yield* found(access, params.id);
            const change = yield* decodeProjectChange(yield* readJsonObject(request));
            return shownProject(yield* projects.update(id, change));
          }),
        ),
      { ...raw, detail: updateDocumentation },
    )
    .get(
      "/:id/keys",
      ({ request, params }) =>
        answered(request, (access) =>
          Effect.gen(function* () {
            const { id } = yield* found(access, params.id);
            const keys = projects.keysOf(id);
            const uses = yield* projects.usesOf(keys);
            const data = keys.map((key) => {
              const usedMs = uses.get(key.id);
              // A write key is no secret: it is told again, so that it can be put into another page.
              const text = key.kind === "write" ? { key: key.text } : {};
              return { ...shownKey(key), ...text, last_used: usedMs === undefined ? null : instant(usedMs) };
            });
            return { data };
          }),
        ),
      { detail: listKeysDocumentation },
    )
    .post(
      "/:id/keys",
      ({ request, params }) =>
        answered(
          request,
          (access) =>
            Effect.gen(function* () {
              const { id } = yield* found(access, params.id);
              const body = yield* readJsonObject(request);
              const wish = yield* decodeKey(body, yield* Clock.currentTimeMillis);
              return shownNewKey(yield* projects.addKey(id, wish));
            }),
          201,
        ),
      { ...raw, detail: addKeyDocumentation },
    )
    .delete(
      "/:id/keys/:key",
      ({ request, params }) =>
        answered(request, (access) =>
          Effect.gen(function* () {
            const { id } = yield* found(access, params.id);
            yield* projects.revokeKey(id, params.key);
            return undefined;
          }),
        ),
      { ...raw, detail: revokeKeyDocumentation },
    )
    .post(
      "/:id/keys/:key/rotate",
      ({ request, params }) =>
        answered(
          request,
          (access) =>
            Effect.gen(function* () {
              const { id } = yield* found(access, params.id);
              // Without a body everything has its default.
              const isEmpty = request.headers.get("content-length") === "0" || request.body === null;
              const overlapMs = yield* decodeOverlap(isEmpty ? {} : yield* readJsonObject(request));
              return shownNewKey(yield* projects.rotateKey(id, params.key, overlapMs));
            }),
          201,
        ),
      { ...raw, detail: rotateKeyDocumentation },
    );
};
