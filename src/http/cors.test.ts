import { expect, test } from "bun:test";
import { preflightHeaders } from "./cors.ts";

test("a preflight lets JSON, gzip and a key through, and is remembered for a day", () => {
  expect(preflightHeaders).toEqual({
    "access-control-allow-methods": "POST",
    "access-control-allow-headers": "content-type, content-encoding, x-api-key",
    "access-control-max-age": "86400",
  });
});
