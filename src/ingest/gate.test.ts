import { expect, test } from "bun:test";
import type { AllowedOrigins } from "../config.ts";
import type { Key, KeyKind } from "../projects/key.ts";
import { allowsOrigin, defaultProject, type Project } from "../projects/project.ts";
import { keyOfRequest, makeGate, type Refused } from "./gate.ts";

const project = (id: string, origins: AllowedOrigins, allowsMissingOrigin = false): Project => ({
  ...defaultProject({ allowedOrigins: origins }),
  id,
  allowsMissingOrigin,
});
const shop = project("shop", new Set(["https://shop.example", "http://localhost:8080"]));
const open = project("open", "*", true);

const key = (project: Project, kind: KeyKind): Key => ({
  id: `${kind} of ${project.id}`,
  project: project.id,
  kind,
  label: "",
  text: "",
  digest: "",
  preview: "",
  createdAtMs: 0,
  expiresAtMs: undefined,
  isRevoked: false,
  version: 0,
});

const gateOf = (own: AllowedOrigins = "*", requiresKey = false) => {
  const projects = [project("default", own, true), shop, open];
  const keys: Readonly<Record<string, Key>> = {
    pk_shop: key(shop, "write"),
    rk_shop: key(shop, "read"),
    sk_shop: key(shop, "secret"),
    pk_open: key(open, "write"),
  };
  const used: Array<string> = [];
  const gate = makeGate(
    {
      find: (id) => projects.find((each) => each.id === id),
      keyOf: (text) => (Object.hasOwn(keys, text) ? keys[text] : undefined),
      used: ({ id }) => void used.push(id),
      anyAllows: (origin) => projects.some((each) => allowsOrigin(each, origin)),
    },
    requiresKey,
  );
  return { gate, used };
};

const told = (answer: Project | Refused): string => {
  if (!(answer instanceof Error)) return answer.id;
  return answer._tag === "OriginForbidden" ? "origin" : answer.reason;
};

const some = new Set(["https://example.org"]);
const page = "https://shop.example";

test.each([
  ["no key, no origin", "*", null, undefined, "default"],
  ["no key, any origin", "*", "https://any.example", undefined, "default"],
  ["no key, an opaque origin", "*", "null", undefined, "default"],
  ["no key, one of the allowed", some, "https://example.org", undefined, "default"],
  ["no key, one in capitals", some, "https://EXAMPLE.org", undefined, "default"],
  ["no key, no origin, some allowed", some, null, undefined, "default"],
  ["no key, another host", some, "https://example.com", undefined, "origin"],
  ["no key, another scheme", some, "http://example.org", undefined, "origin"],
  ["no key, another port", some, "https://example.org:8443", undefined, "origin"],
  ["no key, a host that begins alike", some, "https://example.org.evil.example", undefined, "origin"],
  ["no key, a subdomain", some, "https://www.example.org", undefined, "origin"],
  ["no key, an opaque origin, some allowed", some, "null", undefined, "origin"],
  ["a write key in its page", "*", page, "pk_shop", "shop"],
  ["a write key in its page with a port", "*", "http://localhost:8080", "pk_shop", "shop"],
  ["a write key in a page of another", "*", "https://example.org", "pk_shop", "origin"],
  ["a write key without a page", "*", null, "pk_shop", "missing_origin"],
  ["a write key without a page where that is allowed", "*", null, "pk_open", "open"],
  ["a secret key on a server", "*", null, "sk_shop", "shop"],
  ["a secret key in a page", "*", page, "sk_shop", "secret_in_page"],
  ["a read key", "*", null, "rk_shop", "wrong"],
  ["a key that nobody knows", "*", page, "pk_nobody", "wrong"],
  ["the name of a part of every object", "*", page, "__proto__", "wrong"],
  ["an empty key", "*", page, "", "wrong"],
] as const)("%s", (_, own, origin, bodyKey, expected) => {
  const { gate } = gateOf(own);
  expect(told(gate.admit({ origin, key: undefined }, bodyKey))).toBe(expected);
});

test("without keyless events a key has to be there, and a key is noted as used only where it opens", () => {
  const { gate, used } = gateOf("*", true);
  expect(told(gate.admit({ origin: page, key: undefined }, undefined))).toBe("missing");
  expect(told(gate.admit({ origin: page, key: "pk_shop" }, undefined))).toBe("shop");
  expect(told(gate.admit({ origin: "https://other.example", key: "pk_shop" }, undefined))).toBe("origin");
  expect(used).toEqual(["write of shop"]);
});

test("the key in the body goes before the one outside", () => {
  const { gate } = gateOf();
  expect(told(gate.admit({ origin: page, key: "pk_open" }, "pk_shop"))).toBe("shop");
});

test("the key stands in the header, or in the address", () => {
  const at = (url: string, headers: Record<string, string> = {}) =>
    keyOfRequest(new Request(`http://localhost/v1/events${url}`, { headers }));
  expect(at("")).toBeUndefined();
  expect(at("?x=1")).toBeUndefined();
  expect(at("?api_key=pk_a%20b")).toBe("pk_a b");
  expect(at("?apiKey=pk_c")).toBe("pk_c");
  expect(at("?api_key=pk_c", { "x-api-key": "pk_d" })).toBe("pk_d");
});

test("a page reads the answer of a project that allows it, and nothing of one that does not", () => {
  const { gate } = gateOf(some);
  const answer = (origin: string | null, bodyKey?: string) =>
    gate.cors(origin, gate.admit({ origin, key: undefined }, bodyKey));
  expect(answer(page, "pk_shop")).toMatchObject({ "access-control-allow-origin": page, vary: "origin" });
  expect(answer("https://any.example", "pk_open")).toMatchObject({ "access-control-allow-origin": "*" });
  expect(answer("https://any.example", "pk_shop")).toEqual({});
  expect(answer(null, "sk_shop")).toEqual({});
  // Nobody knows whose a wrong key would be, so that a page of any project may read that it is wrong.
  expect(answer(page, "pk_wrong")).toMatchObject({ "access-control-allow-origin": page });
  expect(gate.cors(page, undefined)).toMatchObject({ "access-control-allow-origin": page });
});

test("a page that no project knows is sent away at once", () => {
  const projects = [shop];
  const gate = makeGate(
    {
      find: () => undefined,
      keyOf: () => undefined,
      used: () => {},
      anyAllows: (origin) => projects.some((each) => allowsOrigin(each, origin)),
    },
    false,
  );
  expect(gate.foreign("https://evil.example")).toMatchObject({ _tag: "OriginForbidden" });
  expect(gate.foreign(page)).toBeUndefined();
  expect(gate.foreign(null)).toBeUndefined();
});
