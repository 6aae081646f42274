import { Effect, Either } from "effect";
import { Elysia } from "elysia";
import { type Access, type Authorize, scopedParams } from "../access/access.ts";
import { makeAdmitting } from "../access/admitting.ts";
import type { Run } from "../http/run.ts";
import {
  type Decoded,
  invalid,
  onlyKnown,
  plainText,
  scalar,
  wholeNumber,
} from "../stats/parameters/reader.ts";
import type { ClickHouse } from "../store/clickhouse.ts";
import { type AuditQuery, auditEntries } from "./audit-log.ts";
import { auditDocumentation } from "./documentation.ts";

export const limitBounds = { minimum: 1, maximum: 1000, fallback: 100 } as const;

const decodeAuditQuery = (params: URLSearchParams): Decoded<AuditQuery> =>
  Either.gen(function* () {
    yield* onlyKnown(params, ["project", "limit", "before"]);
    const takesProject = "a project's name of 1 to 64 characters";
    const project = (yield* scalar(params, "project", takesProject)) ?? "";
    if (plainText(64)(project) === undefined) return yield* invalid("project", `takes ${takesProject}.`);
    const before = yield* scalar(params, "before", "the id of an entry");
    if (before !== undefined && !/^[0-9A-HJKMNP-TV-Z]{26}$/.test(before)) {
      return yield* invalid("before", "takes the id of an entry.");
    }
    return { project, before, limit: yield* wholeNumber(params, "limit", limitBounds) };
  });

/** `GET /v1/audit`: what was done to a project, for who may manage it. */
export const auditRoutes = (run: Run<ClickHouse>, authorize: Authorize) => {
  const forManagers = makeAdmitting(run, authorize, "manage");
  const entries = (request: Request) => (access: Access) =>
    Effect.gen(function* () {
      const params = yield* scopedParams(access, request);
      return { data: yield* auditEntries(yield* decodeAuditQuery(params)) };
    });
  return new Elysia({ name: "audit" }).get(
    "/v1/audit",
    ({ request }) => forManagers(request, entries(request)),
    { detail: auditDocumentation },
  );
};
