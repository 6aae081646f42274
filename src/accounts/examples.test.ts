import { beforeAll, expect, test } from "bun:test";
import { serviceForTests } from "../testing/service/in-process.ts";
import { type Browser, peopleOf } from "./testing/people.ts";

const service = serviceForTests({ settings: { trustedProxies: "loopback" } });
const people = peopleOf(service);

interface Content {
  readonly content?: Readonly<Record<string, { readonly example?: Readonly<Record<string, unknown>> }>>;
}
interface Operation {
  readonly requestBody?: Content;
  readonly responses: Readonly<Record<string, Content>>;
}
type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>;

let paths: Paths;

beforeAll(async () => {
  paths = (await service.request<{ paths: Paths }>("/docs/json")).body.paths;
});

const exampleOf = (content: Content | undefined) => content?.content?.["application/json"]?.example;

/** What something is made of, without what it says. */
const shapeOf = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.slice(0, 1).map(shapeOf);
  if (typeof value !== "object" || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, shapeOf(each)]));
};

/** Sends the example of a route, with a token that is good and an id that is there, and compares the answer with its own. */
const replay = async (own: Browser, route: string, given: { token?: string; id?: string } = {}) => {
  const [method = "", path = ""] = route.split(" ");
  const operation = paths[path]?.[method];
  const body = exampleOf(operation?.requestBody);
  const answer = await own.ask(
    method.toUpperCase(),
    path.replace("{id}", "default").replace(/\{(?:session|account)\}/, given.id ?? ""),
    body === undefined || given.token === undefined ? body : { ...body, token: given.token },
  );
  const [status, documented] =
    Object.entries(operation?.responses ?? {}).find(([each]) => each < "300") ?? [];
  expect([route, answer.status, answer.status < 300 ? "" : answer.text]).toEqual([route, Number(status), ""]);
  const example = exampleOf(documented);
  if (example !== undefined) expect([route, shapeOf(answer.body)]).toEqual([route, shapeOf(example)]);
  return answer;
};

test("every example of what people do with their accounts is answered as its own example says", async () => {
  const owner = people.browser();
  await replay(owner, "post /v1/auth/setup", { token: (await people.setUpToken()) ?? "" });
  await replay(owner, "post /v1/auth/login");
  await replay(owner, "get /v1/auth/session");
  await replay(owner, "get /v1/auth/sessions");

  const link = async (kind: string) => {
    const { body } = await owner.ask<{ url: string }>(
      ...([
        "POST",
        `/v1/projects/default/${kind}`,
        exampleOf(paths[`/v1/projects/{id}/${kind}`]?.post?.requestBody),
      ] as const),
    );
    return people.tokenOf(body.url);
  };
  const bob = people.browser();
  const { body } = await replay(bob, "post /v1/auth/accept", { token: await link("invites") });
  await replay(people.browser(), "post /v1/auth/share", { token: await link("shares") });

  const { id } = body.account as { readonly id: string };
  await replay(owner, "get /v1/projects/{id}/members");
  await replay(owner, "patch /v1/projects/{id}/members/{account}", { id });
  await replay(owner, "delete /v1/projects/{id}/members/{account}", { id });

  await replay(owner, "get /v1/accounts");
  await replay(owner, "patch /v1/accounts/{account}", { id });
  const { body: reset } = await replay(owner, "post /v1/accounts/{account}/reset", { id });
  await replay(people.browser(), "post /v1/auth/reset", { token: people.tokenOf(String(reset.url)) });
  await replay(owner, "delete /v1/accounts/{account}", { id });

  await replay(owner, "post /v1/auth/password");
  const again = await people.logIn("ada@example.org", "ten lives and no tail");
  const { body: session } = await again.ask<{ session: { id: string } }>("GET", "/v1/auth/session");
  await replay(owner, "delete /v1/auth/sessions/{session}", { id: session.session.id });

  const heir = await people.member("default", "viewer", "heir@example.org");
  const { body: who } = await heir.ask<{ account: { id: string } }>("GET", "/v1/auth/session");
  await replay(owner, "patch /v1/accounts/{account}", { id: who.account.id });
  await replay(await people.logIn("ada@example.org", "ten lives and no tail"), "post /v1/auth/logout");
  await replay(owner, "post /v1/auth/delete");
});
