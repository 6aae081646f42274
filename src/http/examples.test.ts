import { expect, test } from "bun:test";
import { ADMIN_KEY, serviceForTests } from "../testing/service/in-process.ts";

// Behind a proxy, so that visitors come from a country.
const service = serviceForTests({ settings: { trustedProxies: "loopback" } });

interface Content {
  readonly example?: unknown;
}

interface Parameter {
  readonly name: string;
  readonly in: "query" | "path" | "header";
  readonly required?: boolean;
  readonly example?: unknown;
  readonly schema?: { readonly example?: unknown; readonly default?: unknown };
}

interface Operation {
  readonly parameters?: ReadonlyArray<Parameter>;
  readonly requestBody?: { readonly content: Readonly<Record<string, Content>> };
  readonly responses?: Readonly<Record<string, { readonly content?: Readonly<Record<string, Content>> }>>;
}

type Document = { readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>> };

const MINUTE_MS = 60_000;

/** What the examples talk about: enough that none of their lists is empty. */
const events = () => {
  const at = (minutesAgo: number) => new Date(Date.now() - minutesAgo * MINUTE_MS).toISOString();
  const event = (event_type: string, minutesAgo: number, properties = {}, page = "/pricing") => ({
    event_type,
    occurred_at: at(minutesAgo),
    site_id: "example.org",
    visitor_id: "a visitor",
    page_url: `https://example.org${page}`,
    referrer: "https://www.google.com/",
    properties,
  });
  const widget = { mapping_id: 456, post_id: 123, device_slug: "iphone-15-pro" };
  return [
    event("page_view", 4),
    event("widget_impression", 4, { ...widget, widget_index: 0, raw_model: "", viewport_percent: 50 }),
    event("widget_click", 3, { ...widget, click_target: "", destination_url: "" }),
    event("validation_success", 3, { tax_type: "MRI", plan: "pro" }),
    event("otp_verified", 3, { tax_type: "MRI" }),
    event("return_filed", 3, { tax_type: "MRI" }),
    event("signup", 2, { plan: "pro" }),
    { ...event("identify", 2, { plan: "pro" }), user_id: "user-42" },
    event("page_view", 2, {}, "/post/1"),
    event("page_view", 1, {}, "/post/2"),
  ];
};

/** Whether an answer has everything that the example shows, of the same kind. `null` stands for any value that is absent. */
const expectAlike = (example: unknown, answer: unknown, place: string): void => {
  if (example === null || answer === null) return;
  if (Array.isArray(example)) {
    expect({ place, isArray: Array.isArray(answer) }).toEqual({ place, isArray: true });
    const list = answer as ReadonlyArray<unknown>;
    if (example.length === 0) return;
    expect({ place, isEmpty: list.length === 0 }).toEqual({ place, isEmpty: false });
    expectAlike(example[0], list[0], `${place}[0]`);
    return;
  }
  expect({ place, type: typeof answer }).toEqual({ place, type: typeof example });
  if (typeof example !== "object") return;
  const own = answer as Readonly<Record<string, unknown>>;
  for (const [name, value] of Object.entries(example as object)) {
    expect({ place, name, isThere: name in own }).toEqual({ place, name, isThere: true });
    // They are the sender's own.
    if (name !== "properties") expectAlike(value, own[name], `${place}.${name}`);
  }
};

const exampleOf = ({ example, schema }: Parameter): unknown => example ?? schema?.example;

const jsonExample = (content: Readonly<Record<string, Content>> | undefined): unknown =>
  content?.["application/json"]?.example;

test("every example of the API document is a request that is answered as its example says", async () => {
  expect((await service.post({ events: events() }, { "x-forwarded-for": "8.8.8.8" })).body).toMatchObject({
    accepted: 10,
    rejected: 0,
  });
  await service.settled();
  const { body: document } = await service.request<Document>("/docs/json");

  const places: Record<string, string> = {};
  // With the filter of the examples an answer may be empty.
  const replay = async (path: string, method: string, operation: Operation, all: boolean): Promise<void> => {
    const query = new URLSearchParams();
    let url = path;
    for (const parameter of operation.parameters ?? []) {
      const example = places[`${path} ${parameter.name}`] ?? exampleOf(parameter);
      if (parameter.in === "path")
        url = url.replace(`{${parameter.name}}`, encodeURIComponent(String(example)));
      if (parameter.in === "query" && example !== undefined && (all || parameter.name !== "filter"))
        query.append(parameter.name, String(example));
      if (parameter.required === true)
        expect({ url, name: parameter.name, example }).not.toHaveProperty("example", undefined);
    }
    const given = jsonExample(operation.requestBody?.content);
    const response = await fetch(`${service.url()}${url}?${query}`, {
      method: method.toUpperCase(),
      headers: { "x-admin-key": ADMIN_KEY },
      ...(given === undefined ? {} : { body: JSON.stringify(given) }),
    });
    const documented = Object.entries(operation.responses ?? {}).find(([status]) => status.startsWith("2"));
    const text = await response.text();
    expect({
      method,
      url,
      query: String(query),
      status: response.status,
      text: response.ok ? "" : text,
    }).toEqual({
      method,
      url,
      query: String(query),
      status: Number(documented?.[0] ?? 200),
      text: "",
    });
    const example = jsonExample(documented?.[1].content);
    if (example === undefined || all) return;
    const answer: unknown = JSON.parse(text);
    expectAlike(example, answer, `${method} ${url}?${query}`);
    // What was made is what the routes below it are asked about.
    if (method === "post" && typeof answer === "object" && answer !== null) {
      const made = answer as Readonly<Record<string, unknown>>;
      for (const below of Object.keys(document.paths)) {
        const name = below.startsWith(`${path}/{`) ? below.slice(path.length + 2).split("}")[0] : undefined;
        if (name !== undefined) places[`${below} ${name}`] = String(name === "name" ? made.name : made.id);
      }
    }
  };

  const order = ["post", "get", "put", "patch", "delete"];
  const operations = Object.entries(document.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    )
    // A webhook's host has to be a public one, which no test may ask; webhooks/routes.test.ts has their examples.
    .filter(({ path }) => !path.startsWith("/v1/webhooks"))
    // They take a visitor's number, which nobody knows beforehand; identity/routes.test.ts asks them.
    .filter(({ path }) => !path.startsWith("/v1/identities/"))
    // It takes the id of a job; privacy/erasure.test.ts asks for its receipt.
    .filter(({ path }) => path !== "/v1/privacy/erasures/{id}")
    // What takes a session or the token of a link; accounts/examples.test.ts has theirs.
    .filter(({ path }) => !/^\/v1\/(?:auth\/|accounts)|\/members/.test(path))
    // Of two things that are deleted the one within the other goes first.
    .sort(
      (a, b) =>
        order.indexOf(a.method) - order.indexOf(b.method) ||
        (a.method === "delete" ? b.path.length - a.path.length : 0),
    );
  expect(operations.length).toBeGreaterThan(20);
  for (const { path, method, operation } of operations) {
    if (method === "get") await replay(path, method, operation, true);
    await replay(path, method, operation, false);
  }
}, 60_000);
