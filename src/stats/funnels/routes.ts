import { Effect } from "effect";
import { Elysia } from "elysia";
import {
  type Access,
  type Authorize,
  questionParams,
  scopedBody,
  scopedParams,
} from "../../access/access.ts";
import { makeAdmitting } from "../../access/admitting.ts";
import { recorded } from "../../audit/audit-log.ts";
import { jsonText, knownKeys, readJsonObject } from "../../http/json-body.ts";
import { privateJson } from "../../http/private-json.ts";
import type { Run } from "../../http/run.ts";
import type { Retention } from "../../retention/retention.ts";
import type { ClickHouse } from "../../store/clickhouse.ts";
import { answerFunnel } from "./answer-funnel.ts";
import { decodeDefinition, definitionKeys } from "./definition.ts";
import {
  createDocumentation,
  deleteDocumentation,
  funnelDocumentation,
  getDocumentation,
  listDocumentation,
  replaceDocumentation,
  resultDocumentation,
} from "./documentation.ts";
import { decodeFunnelBody, decodeName, decodeProject, decodeResultQuery, projectOf } from "./query.ts";
import { createFunnel, deleteFunnel, getFunnel, listFunnels, replaceFunnel } from "./saved-funnels.ts";

/**
 * `POST /v1/stats/funnel` asks a funnel; `/v1/funnels` keeps funnels under a name, and `/v1/funnels/<name>/result` asks
 * one of them. `authorize` fails for a request without the right key; nothing else is looked at before.
 */
export const funnelRoutes = (run: Run<ClickHouse | Retention>, authorize: Authorize) => {
  const forReaders = makeAdmitting(run, authorize, "read");
  const forEditors = makeAdmitting(run, authorize, "edit");
  const bodyOf = (access: Access, request: Request) =>
    Effect.flatMap(readJsonObject(request), (body) => scopedBody(access, body));

  const ask = (request: Request) => (access: Access) =>
    Effect.gen(function* () {
      const body = yield* bodyOf(access, request);
      const timezone = body.timezone ?? access.zoneOf(String(body.project));
      return yield* answerFunnel(yield* decodeFunnelBody({ ...body, timezone }));
    });

  const list = (request: Request) => (access: Access) =>
    Effect.gen(function* () {
      return { data: yield* listFunnels(yield* decodeProject(yield* scopedParams(access, request))) };
    });

  const create = (request: Request) => (access: Access) =>
    Effect.gen(function* () {
      const body = yield* bodyOf(access, request);
      yield* knownKeys(body, ["project", "name", ...definitionKeys]);
      const project = yield* projectOf(yield* jsonText(body, "project", "a project's name"));
      const name = yield* decodeName(body.name);
      const definition = yield* decodeDefinition(body);
      const funnel = yield* recorded(createFunnel(project, name, definition), () => ({
        project,
        actor: access.actor,
        subject: name,
        action: "funnel.created",
        details: { ...definition },
      }));
      return privateJson(funnel, 201, { location: `/v1/funnels/${encodeURIComponent(name)}` });
    });

  const get = (request: Request, given: string) => (access: Access) =>
    Effect.gen(function* () {
      const name = yield* decodeName(given);
      return yield* getFunnel(yield* decodeProject(yield* scopedParams(access, request)), name);
    });

  const replace = (request: Request, given: string) => (access: Access) =>
    Effect.gen(function* () {
      const name = yield* decodeName(given);
      const project = yield* decodeProject(yield* scopedParams(access, request));
      const body = yield* readJsonObject(request);
      yield* knownKeys(body, definitionKeys);
      const definition = yield* decodeDefinition(body);
      const { funnel, isNew } = yield* recorded(replaceFunnel(project, name, definition), (put) => ({
        project,
        actor: access.actor,
        subject: name,
        action: put.isNew ? "funnel.created" : "funnel.replaced",
        details: { ...definition },
      }));
      return privateJson(funnel, isNew ? 201 : 200);
    });

  const remove = (request: Request, given: string) => (access: Access) =>
    Effect.gen(function* () {
      const name = yield* decodeName(given);
      const project = yield* decodeProject(yield* scopedParams(access, request));
      yield* recorded(deleteFunnel(project, name), () => ({
        project,
        actor: access.actor,
        subject: name,
        action: "funnel.deleted",
      }));
      return undefined;
    });

  const result = (request: Request, given: string) => (access: Access) =>
    Effect.gen(function* () {
      const name = yield* decodeName(given);
      const { project, queryOf } = yield* decodeResultQuery(yield* questionParams(access, request));
      return yield* answerFunnel(yield* queryOf(yield* getFunnel(project, name)));
    });

  const raw = { parse: "none" } as const;
  return new Elysia({ name: "funnels" })
    .post("/v1/stats/funnel", ({ request }) => forReaders(request, ask(request)), {
      ...raw,
      detail: funnelDocumentation,
    })
    .get("/v1/funnels", ({ request }) => forReaders(request, list(request)), {
      detail: listDocumentation,
    })
    .post("/v1/funnels", ({ request }) => forEditors(request, create(request)), {
      ...raw,
      detail: createDocumentation,
    })
    .get("/v1/funnels/:name", ({ request, params }) => forReaders(request, get(request, params.name)), {
      detail: getDocumentation,
    })
    .put("/v1/funnels/:name", ({ request, params }) => forEditors(request, replace(request, params.name)), {
      ...raw,
      detail: replaceDocumentation,
    })
    .delete("/v1/funnels/:name", ({ request, params }) => forEditors(request, remove(request, params.name)), {
      detail: deleteDocumentation,
    })
    .get(
      "/v1/funnels/:name/result",
      ({ request, params }) => forReaders(request, result(request, params.name)),
      { detail: resultDocumentation },
    );
};
