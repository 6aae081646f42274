import { Effect, Exit, Scope } from "effect";
import { Elysia } from "elysia";
import { type Access, type Authorize, scopedBody, scopedParams } from "../access/access.ts";
import { makeAdmitting } from "../access/admitting.ts";
import { recorded } from "../audit/audit-log.ts";
import { UnknownEntry } from "../domain/errors.ts";
import { ExportTurns } from "../export/file/export-file.ts";
import { fileBody } from "../export/file/file-body.ts";
import { type JsonObject, readJsonObject } from "../http/json-body.ts";
import type { Run } from "../http/run.ts";
import { Visitors } from "../ingest/visitor.ts";
import type { ProjectsShape } from "../projects/projects.ts";
import type { Spool } from "../spool/spool.ts";
import { onlyKnown } from "../stats/parameters/reader.ts";
import type { ClickHouse } from "../store/clickhouse.ts";
import { decodePerson, subjectOf } from "./bodies.ts";
import {
  deleteProjectDocumentation,
  eraseDocumentation,
  erasureDocumentation,
  erasuresDocumentation,
  exportDocumentation,
} from "./documentation.ts";
import type { Erasure } from "./erasure.ts";
import { Erasures } from "./erasures.ts";
import { personExport } from "./person-export.ts";
import { wholeProject } from "./subject.ts";

/** A reader that takes nothing for so long is cut off. */
const IDLE_TIMEOUT_SECONDS = 120;

const instant = (ms: number): string | null => (ms === 0 ? null : new Date(ms).toISOString());

const shown = ({ id, project, kind, state, requestedAtMs, receipt }: Erasure) => ({
  id,
  project,
  erases: kind,
  state,
  requested_at: instant(requestedAtMs),
  erased_at: instant(receipt.erasedAtMs),
  gone_at: instant(receipt.goneAtMs),
  rows: receipt.rows,
  recounted_hours: receipt.recountedHours,
  resealed_days: receipt.resealedDays,
  set_aside_files: receipt.setAsideFiles,
});

/** `/v1/privacy/…`: what is stored of a person, and its end; and the end of a whole project. */
export const privacyRoutes = (
  run: Run<ClickHouse | Erasures | Spool | Visitors>,
  authorize: Authorize,
  projects: ProjectsShape,
) => {
  const turns = new ExportTurns();
  const forManagers = makeAdmitting(run, authorize, "manage");
  const personOf = (access: Access, request: Request) =>
    Effect.gen(function* () {
      const body = yield* scopedBody<JsonObject>(access, yield* readJsonObject(request));
      const person = yield* decodePerson(body);
      const project = yield* access.project(typeof body.project === "string" ? body.project : undefined);
      return subjectOf(project, person, yield* Visitors);
    });

  const exported = (request: Request) => (access: Access) =>
    Effect.gen(function* () {
      const subject = yield* personOf(access, request);
      const runtime = yield* Effect.runtime<ClickHouse>();
      const scope = yield* Scope.make();
      const file = yield* Effect.zipRight(turns.take, personExport(subject)).pipe(
        (opened) =>
          recorded(opened, () => ({
            project: subject.project,
            actor: access.actor,
            action: "privacy.exported",
            subject: subject.kind,
          })),
        Scope.extend(scope),
        Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause))),
      );
      return new Response(fileBody(file, runtime, Scope.close(scope, Exit.void), request.signal), {
        headers: {
          "content-type": "application/x-ndjson",
          "content-disposition": 'attachment; filename="person.ndjson"',
          "cache-control": "no-store",
          "x-content-type-options": "nosniff",
        },
      });
    });

  const raw = { parse: "none" } as const;
  return new Elysia({ name: "privacy", prefix: "/v1" })
    .post(
      "/privacy/export",
      ({ request, server }) => {
        server?.timeout(request, IDLE_TIMEOUT_SECONDS);
        return forManagers(request, exported(request));
      },
      { ...raw, detail: exportDocumentation },
    )
    .post(
      "/privacy/erase",
      ({ request }) =>
        forManagers(
          request,
          (access) =>
            Effect.gen(function* () {
              const erasures = yield* Erasures;
              const subject = yield* personOf(access, request);
              const begun = yield* recorded(erasures.begin(subject), ({ id }) => ({
                project: subject.project,
                actor: access.actor,
                action: "privacy.erased",
                subject: id,
                details: { erases: subject.kind },
              }));
              return shown(begun);
            }),
          202,
        ),
      { ...raw, detail: eraseDocumentation },
    )
    .get(
      "/privacy/erasures",
      ({ request }) =>
        forManagers(request, (access) =>
          Effect.gen(function* () {
            const params = yield* scopedParams(access, request);
            yield* onlyKnown(params, ["project"]);
            const erasures = yield* Erasures;
            return { data: erasures.ofProject(params.get("project") ?? "").map(shown) };
          }),
        ),
      { detail: erasuresDocumentation },
    )
    .get(
      "/privacy/erasures/:id",
      ({ request, params }) =>
        forManagers(request, (access) =>
          Effect.gen(function* () {
            const erasures = yield* Erasures;
            const found = erasures.find(params.id);
            const unknown = new UnknownEntry({ kind: "erasure", id: params.id });
            if (found === undefined) return yield* unknown;
            // The receipt of a project that is gone is for those who may do everything.
            if (found.kind === "project") yield* authorize(request, "everything");
            else yield* Effect.mapError(access.project(found.project), () => unknown);
            return shown(found);
          }),
        ),
      { detail: erasureDocumentation },
    )
    .delete(
      "/projects/:id",
      ({ request, params }) =>
        forManagers(
          request,
          (access) =>
            Effect.gen(function* () {
              const erasures = yield* Erasures;
              const id = yield* access.project(params.id);
              // Closed first, so that nothing of it comes after its erasure.
              const begun = yield* recorded(
                Effect.zipRight(projects.remove(id), erasures.begin(wholeProject(id))),
                (erasure) => ({
                  project: id,
                  actor: access.actor,
                  action: "project.deleted",
                  subject: id,
                  details: { erasure: erasure.id },
                }),
              );
              return shown(begun);
            }),
          202,
        ),
      { ...raw, detail: deleteProjectDocumentation },
    );
};
