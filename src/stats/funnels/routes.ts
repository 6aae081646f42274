import { Effect } from "effect";
import { Elysia } from "elysia";
import type { AppSettings } from "../../config.ts";
import type { Unauthorized } from "../../domain/errors.ts";
import type { HttpFailure } from "../../http/problem.ts";
import type { Run } from "../../http/run.ts";
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
import { jsonText, knownKeys, readJsonObject } from "./json-body.ts";
import { decodeFunnelBody, decodeName, decodeProject, decodeResultQuery, projectOf } from "./query.ts";
import { createFunnel, deleteFunnel, getFunnel, listFunnels, replaceFunnel } from "./saved-funnels.ts";

const noStore = { "cache-control": "no-store" };

/**
 * `POST /v1/stats/funnel` asks a funnel; `/v1/funnels` keeps funnels under a name, and `/v1/funnels/<name>/result` asks
 * one of them. `authorize` fails for a request without the right key; nothing else is looked at before.
 */
export const funnelRoutes = (
  run: Run<ClickHouse | AppSettings>,
  authorize: (request: Request) => Effect.Effect<void, Unauthorized>,
) => {
  const answered = async (
    request: Request,
    effect: Effect.Effect<Response, HttpFailure, ClickHouse | AppSettings>,
  ): Promise<Response> => run(Effect.zipRight(authorize(request), effect), request.signal);
  const paramsOf = (request: Request) => new URL(request.url).searchParams;
  const json = (body: unknown, status = 200, headers: Readonly<Record<string, string>> = {}) =>
    Response.json(body, { status, headers: { ...noStore, ...headers } });

  const ask = (request: Request) =>
    Effect.gen(function* () {
      return json(yield* answerFunnel(yield* decodeFunnelBody(yield* readJsonObject(request))));
    });

  const list = (request: Request) =>
    Effect.gen(function* () {
      return json({ data: yield* listFunnels(yield* decodeProject(paramsOf(request))) });
    });

  const create = (request: Request) =>
    Effect.gen(function* () {
      const body = yield* readJsonObject(request);
      yield* knownKeys(body, ["project", "name", ...definitionKeys]);
      const project = yield* projectOf(yield* jsonText(body, "project", "a project's name"));
      const name = yield* decodeName(body.name);
      const funnel = yield* createFunnel(project, name, yield* decodeDefinition(body));
      return json(funnel, 201, { location: `/v1/funnels/${encodeURIComponent(name)}` });
    });

  const get = (request: Request, given: string) =>
    Effect.gen(function* () {
      const name = yield* decodeName(given);
      return json(yield* getFunnel(yield* decodeProject(paramsOf(request)), name));
    });

  const replace = (request: Request, given: string) =>
    Effect.gen(function* () {
      const name = yield* decodeName(given);
      const project = yield* decodeProject(paramsOf(request));
      const body = yield* readJsonObject(request);
      yield* knownKeys(body, definitionKeys);
      const { funnel, isNew } = yield* replaceFunnel(project, name, yield* decodeDefinition(body));
      return json(funnel, isNew ? 201 : 200);
    });

  const remove = (request: Request, given: string) =>
    Effect.gen(function* () {
      const name = yield* decodeName(given);
      yield* deleteFunnel(yield* decodeProject(paramsOf(request)), name);
      return new Response(null, { status: 204, headers: noStore });
    });

  const result = (request: Request, given: string) =>
    Effect.gen(function* () {
      const name = yield* decodeName(given);
      const { project, queryOf } = yield* decodeResultQuery(paramsOf(request));
      return json(yield* answerFunnel(yield* queryOf(yield* getFunnel(project, name))));
    });

  const raw = { parse: "none" } as const;
  return new Elysia({ name: "funnels" })
    .post("/v1/stats/funnel", ({ request }) => answered(request, ask(request)), {
      ...raw,
      detail: funnelDocumentation,
    })
    .get("/v1/funnels", ({ request }) => answered(request, list(request)), { detail: listDocumentation })
    .post("/v1/funnels", ({ request }) => answered(request, create(request)), {
      ...raw,
      detail: createDocumentation,
    })
    .get("/v1/funnels/:name", ({ request, params }) => answered(request, get(request, params.name)), {
      detail: getDocumentation,
    })
    .put("/v1/funnels/:name", ({ request, params }) => answered(request, replace(request, params.name)), {
      ...raw,
      detail: replaceDocumentation,
    })
    .delete("/v1/funnels/:name", ({ request, params }) => answered(request, remove(request, params.name)), {
      detail: deleteDocumentation,
    })
    .get(
      "/v1/funnels/:name/result",
      ({ request, params }) => answered(request, result(request, params.name)),
      { detail: resultDocumentation },
    );
};
