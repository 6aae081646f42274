import { Clock, Effect } from "effect";
import { Elysia } from "elysia";
import type { Access, Authorize } from "../access/access.ts";
import { makeAdmitting } from "../access/admitting.ts";
import { recorded } from "../audit/audit-log.ts";
import { UnknownProject } from "../domain/errors.ts";
import { readJsonObject } from "../http/json-body.ts";
import type { Run } from "../http/run.ts";
import type { ClickHouse } from "../store/clickhouse.ts";
import type { RetentionSettings } from "../store/retention.ts";
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
import { shownPrivacy } from "./privacy.ts";
import type { Project } from "./project.ts";
import type { NewKey, ProjectsShape } from "./projects.ts";
import { shownRetention } from "./retention.ts";

const instant = (ms: number): string => new Date(ms).toISOString();

/** What people choose of a project. */
const chosen = (project: Project) => ({
  name: project.name,
  origins: project.origins === "*" ? ["*"] : [...project.origins],
  timezone: project.timezone,
  allow_missing_origin: project.allowsMissingOrigin,
  privacy: shownPrivacy(project.privacy),
  retention: shownRetention(project.retention),
});

/** The same for the audit log, which is for good: of the excluded addresses only how many there are. */
const told = (project: Project) => {
  const { privacy, ...rest } = chosen(project);
  return { ...rest, privacy: { ...privacy, excluded_addresses: privacy.excluded_addresses.length } };
};

const shownProject = (project: Project) => ({
  id: project.id,
  ...chosen(project),
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
export const projectRoutes = (
  run: Run<ClickHouse>,
  authorize: Authorize,
  projects: ProjectsShape,
  instance: RetentionSettings,
) => {
  const forOwners = makeAdmitting(run, authorize, "everything");
  const forManagers = makeAdmitting(run, authorize, "manage");
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
        forManagers(request, (access) =>
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
        forOwners(
          request,
          ({ actor }) =>
            Effect.gen(function* () {
              const wish = yield* decodeProject(yield* readJsonObject(request), instance);
              const made = yield* recorded(projects.create(wish), (project) => ({
                project: project.id,
                actor,
                subject: project.id,
                action: "project.created",
                details: told(project),
              }));
              return shownProject(made);
            }),
          201,
        ),
      { ...raw, detail: createDocumentation },
    )
    .get(
      "/:id",
      ({ request, params }) =>
        forManagers(request, (access) => Effect.map(found(access, params.id), shownProject)),
      { detail: getDocumentation },
    )
    .patch(
      "/:id",
      ({ request, params }) =>
        forManagers(request, (access) =>
          Effect.gen(function* () {
            const { id } = yield* found(access, params.id);
            const change = yield* decodeProjectChange(yield* readJsonObject(request), instance);
            const changed = yield* recorded(projects.update(id, change), (project) => ({
              project: id,
              actor: access.actor,
              subject: id,
              action: "project.changed",
              details: told(project),
            }));
            return shownProject(changed);
          }),
        ),
      { ...raw, detail: updateDocumentation },
    )
    .get(
      "/:id/keys",
      ({ request, params }) =>
        forManagers(request, (access) =>
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
        forManagers(
          request,
          (access) =>
            Effect.gen(function* () {
              const { id } = yield* found(access, params.id);
              const body = yield* readJsonObject(request);
              const wish = yield* decodeKey(body, yield* Clock.currentTimeMillis);
              const made = yield* recorded(projects.addKey(id, wish), ({ key }) => ({
                project: id,
                actor: access.actor,
                subject: key.id,
                action: "key.created",
                details: { kind: key.kind, label: key.label, expires_at: shownKey(key).expires_at },
              }));
              return shownNewKey(made);
            }),
          201,
        ),
      { ...raw, detail: addKeyDocumentation },
    )
    .delete(
      "/:id/keys/:key",
      ({ request, params }) =>
        forManagers(request, (access) =>
          Effect.gen(function* () {
            const { id } = yield* found(access, params.id);
            yield* recorded(projects.revokeKey(id, params.key), (key) => ({
              project: id,
              actor: access.actor,
              subject: key.id,
              action: "key.revoked",
            }));
            return undefined;
          }),
        ),
      { ...raw, detail: revokeKeyDocumentation },
    )
    .post(
      "/:id/keys/:key/rotate",
      ({ request, params }) =>
        forManagers(
          request,
          (access) =>
            Effect.gen(function* () {
              const { id } = yield* found(access, params.id);
              // Without a body everything has its default.
              const isEmpty = request.headers.get("content-length") === "0" || request.body === null;
              const overlapMs = yield* decodeOverlap(isEmpty ? {} : yield* readJsonObject(request));
              const made = yield* recorded(projects.rotateKey(id, params.key, overlapMs), ({ key }) => ({
                project: id,
                actor: access.actor,
                subject: params.key,
                action: "key.rotated",
                details: { replaced_by: key.id, overlap: overlapMs / 1000 },
              }));
              return shownNewKey(made);
            }),
          201,
        ),
      { ...raw, detail: rotateKeyDocumentation },
    );
};
