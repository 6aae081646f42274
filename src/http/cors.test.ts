import { expect, test } from "bun:test";
import { corsHeaders, preflightHeaders } from "./cors.ts";

const some = new Set(["https://example.org", "http://localhost:8080"]);
const readable = (origin: string) => ({
  "access-control-allow-origin": origin,
  "access-control-expose-headers": "retry-after",
});

test.each([
  ["no origin, all allowed", null, "*", {}],
  ["no origin, some allowed", null, some, {}],
  ["any origin, all allowed", "https://any.example", "*", readable("*")],
  ["an opaque origin, all allowed", "null", "*", readable("*")],
  ["one of the allowed", "https://example.org", some, { ...readable("https://example.org"), vary: "origin" }],
  [
    "one with a port",
    "http://localhost:8080",
    some,
    { ...readable("http://localhost:8080"), vary: "origin" },
  ],
  ["one in capitals", "https://EXAMPLE.org", some, { ...readable("https://EXAMPLE.org"), vary: "origin" }],
  ["another host", "https://example.com", some, undefined],
  ["another scheme", "http://example.org", some, undefined],
  ["another port", "http://localhost:8081", some, undefined],
  ["a host that begins alike", "https://example.org.evil.example", some, undefined],
  ["a host that ends alike", "https://notexample.org", some, undefined],
  ["a subdomain", "https://www.example.org", some, undefined],
  ["an opaque origin, some allowed", "null", some, undefined],
  ["nothing", "", some, undefined],
] as const)("%s", (_, origin, allowed, headers) => {
  expect(corsHeaders(origin, allowed)).toEqual(headers as never);
});

test("a preflight lets JSON, gzip and a key through, and is remembered for a day", () => {
  expect(preflightHeaders).toEqual({
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "content-type, content-encoding, x-api-key",
    "access-control-max-age": "86400",
  });
});
