import { Effect, Either } from "effect";
import { Elysia } from "elysia";
import { type Authorize, scopedParams } from "../access/access.ts";
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
export const auditRoutes = (run: Run<ClickHouse>, authorize: Authorize) =>
  new Elysia({ name: "audit" }).get(
    "/v1/audit",
    async ({ request }) => {
      const answer = await run(
        Effect.gen(function* () {
          const params = yield* scopedParams(yield* authorize(request, "manage"), request);
          return { data: yield* auditEntries(yield* decodeAuditQuery(params)) };
        }),
        request.signal,
      );
      return answer instanceof Response
        ? answer
        : Response.json(answer, { headers: { "cache-control": "no-store" } });
    },
    { detail: auditDocumentation },
  );
