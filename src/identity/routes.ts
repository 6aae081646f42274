import { Effect } from "effect";
import { Elysia } from "elysia";
import { type Access, type Authorize, scopedBody, scopedParams } from "../access/access.ts";
import { makeAdmitting } from "../access/admitting.ts";
import { recorded } from "../audit/audit-log.ts";
import { InvalidParameter, type UnknownEntry } from "../domain/errors.ts";
import { type JsonObject, readJsonObject } from "../http/json-body.ts";
import type { Run } from "../http/run.ts";
import { withoutEmail } from "../ingest/privacy/without-emails.ts";
import { Visitors } from "../ingest/visitor.ts";
import type { ClickHouse } from "../store/clickhouse.ts";
import type { ClickHouseError } from "../store/clickhouse-error.ts";
import { identitiesDocumentation, relinkDocumentation, unlinkDocumentation } from "./documentation.ts";
import { type Link, linksOfUser, traitsOf } from "./identities.ts";
import { decodeIdentityQuery, decodeLinkBody } from "./parameters.ts";
import { type LinkEnds, relink, unlink } from "./unlinking.ts";

const instant = (ms: number): string => new Date(ms).toISOString();

const shown = ({ id, visitorId, firstMs, lastMs, state }: Link) => ({
  id,
  visitor_id: visitorId,
  first_at: instant(firstMs),
  last_at: instant(lastMs),
  state,
});

/** A user id as it is stored. */
const storedUser = (project: string, user: string) =>
  Effect.map(Visitors, (keys) => withoutEmail(user, (text) => keys.clientVisitor(project, text)));

const takesProject = new InvalidParameter({ parameter: "project", message: "takes a project's name." });

/**
 * `GET /v1/identities`: which visitors are linked to a user; `POST /v1/identities/unlink` and `/relink` undo a link and
 * take that back.
 */
export const identityRoutes = (run: Run<ClickHouse | Visitors>, authorize: Authorize) => {
  const forReaders = makeAdmitting(run, authorize, "events");
  const forEditors = makeAdmitting(run, authorize, "edit");

  const list = (request: Request) => (access: Access) =>
    Effect.gen(function* () {
      const params = yield* scopedParams(access, request);
      const { project, user, limit } = yield* decodeIdentityQuery(params);
      const { links, total } = yield* linksOfUser(project, yield* storedUser(project, user), limit);
      // Of the visitors that count as this user, the one that said something last.
      const last = links.find(({ state }) => state === "linked");
      const traits = last === undefined ? undefined : yield* traitsOf(project, last);
      return { user_id: user, traits: traits ?? null, data: links.map(shown), total };
    });

  const change =
    (
      request: Request,
      action: "identity.unlinked" | "identity.relinked",
      by: (ends: LinkEnds) => Effect.Effect<Link, ClickHouseError | UnknownEntry, ClickHouse>,
    ) =>
    (access: Access) =>
      Effect.gen(function* () {
        const body = yield* scopedBody<JsonObject>(access, yield* readJsonObject(request));
        const { project } = body;
        if (typeof project !== "string") return yield* takesProject;
        const { user, visitor } = yield* decodeLinkBody(body);
        const ends = { project, user: yield* storedUser(project, user), visitor };
        // The log is for good, and whose link it was may have to be forgotten: it names neither of its ends.
        const link = yield* recorded(by(ends), ({ id }) => ({
          project,
          actor: access.actor,
          subject: id,
          action,
        }));
        return shown(link);
      });

  const raw = { parse: "none" } as const;
  return new Elysia({ name: "identity", prefix: "/v1/identities" })
    .get("", ({ request }) => forReaders(request, list(request)), { detail: identitiesDocumentation })
    .post("/unlink", ({ request }) => forEditors(request, change(request, "identity.unlinked", unlink)), {
      ...raw,
      detail: unlinkDocumentation,
    })
    .post("/relink", ({ request }) => forEditors(request, change(request, "identity.relinked", relink)), {
      ...raw,
      detail: relinkDocumentation,
    });
};
