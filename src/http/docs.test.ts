import { describe, expect, test } from "bun:test";
import { serviceForTests } from "../testing/service/in-process.ts";

const service = serviceForTests();

interface Document {
  readonly openapi: string;
  readonly paths: Readonly<
    Record<string, Readonly<Record<string, { summary?: string; security?: unknown }>>>
  >;
}

describe("the API document", () => {
  test("holds every public route, each with a summary, and nothing else", async () => {
    const { status, body } = await service.request<Document>("/docs/json");
    expect(status).toBe(200);
    expect(body.openapi).toStartWith("3.");
    const routes = Object.entries(body.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, { summary }]) => [`${method} ${path}`, typeof summary] as const),
    );
    expect(Object.fromEntries(routes)).toEqual({
      "post /v1/events": "string",
      "get /v1/events": "string",
      "get /v1/export": "string",
      "get /v1/stats/widgets": "string",
      "get /v1/stats/posts": "string",
      "get /v1/stats/timeseries": "string",
      "get /v1/stats/metrics": "string",
      "get /v1/stats/breakdown": "string",
      "get /v1/stats/anomalies": "string",
      "get /v1/stats/realtime": "string",
      "get /v1/stats/retention": "string",
      "get /v1/stats/paths": "string",
      "get /v1/webhooks": "string",
      "post /v1/webhooks": "string",
      "delete /v1/webhooks/{id}": "string",
      "post /v1/stats/funnel": "string",
      "get /v1/funnels": "string",
      "post /v1/funnels": "string",
      "get /v1/funnels/{name}": "string",
      "put /v1/funnels/{name}": "string",
      "delete /v1/funnels/{name}": "string",
      "get /v1/funnels/{name}/result": "string",
      "get /v1/projects": "string",
      "post /v1/projects": "string",
      "get /v1/projects/{id}": "string",
      "patch /v1/projects/{id}": "string",
      "delete /v1/projects/{id}": "string",
      "post /v1/privacy/export": "string",
      "post /v1/privacy/erase": "string",
      "get /v1/privacy/erasures": "string",
      "get /v1/privacy/erasures/{id}": "string",
      "get /v1/projects/{id}/keys": "string",
      "post /v1/projects/{id}/keys": "string",
      "delete /v1/projects/{id}/keys/{key}": "string",
      "post /v1/projects/{id}/keys/{key}/rotate": "string",
      "post /v1/auth/setup": "string",
      "post /v1/auth/login": "string",
      "post /v1/auth/accept": "string",
      "post /v1/auth/share": "string",
      "get /v1/auth/session": "string",
      "get /v1/auth/sessions": "string",
      "delete /v1/auth/sessions/{session}": "string",
      "post /v1/auth/password": "string",
      "post /v1/auth/reset": "string",
      "post /v1/auth/delete": "string",
      "post /v1/auth/logout": "string",
      "get /v1/accounts": "string",
      "patch /v1/accounts/{account}": "string",
      "delete /v1/accounts/{account}": "string",
      "post /v1/accounts/{account}/reset": "string",
      "get /v1/projects/{id}/members": "string",
      "patch /v1/projects/{id}/members/{account}": "string",
      "delete /v1/projects/{id}/members/{account}": "string",
      "get /v1/projects/{id}/invites": "string",
      "post /v1/projects/{id}/invites": "string",
      "delete /v1/projects/{id}/invites/{invite}": "string",
      "get /v1/projects/{id}/shares": "string",
      "post /v1/projects/{id}/shares": "string",
      "delete /v1/projects/{id}/shares/{share}": "string",
      "get /v1/identities": "string",
      "post /v1/identities/unlink": "string",
      "post /v1/identities/relink": "string",
      "get /v1/audit": "string",
      "get /health": "string",
      "get /ready": "string",
      "get /metrics": "string",
      "get /analytics.js": "string",
    });
  });

  test("gives an example of a batch that the service takes", async () => {
    const { body } = await service.request<{
      paths: { "/v1/events": { post: { requestBody: { content: Record<string, { example: object }> } } } };
    }>("/docs/json");
    const example = body.paths["/v1/events"].post.requestBody.content["application/json"]?.example;
    expect((await service.post(example)).body).toEqual({ accepted: 1, rejected: 0 });
  });
});

test("the page of the docs loads only what comes with Footfall", async () => {
  const page = await (await fetch(`${service.url()}/docs`)).text();
  const loaded = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? "");
  expect(loaded.length).toBeGreaterThan(2);
  for (const path of loaded) {
    expect(path).toMatch(/^\/[^/]/);
    const response = await fetch(service.url() + path);
    expect([path, response.status]).toEqual([path, 200]);
    expect((await response.text()).length).toBeGreaterThan(50);
  }
});
