import { expect, test } from "bun:test";
import {
  BodyTooLarge,
  IntakeFull,
  InvalidParameter,
  MalformedBatch,
  NotFound,
  OriginForbidden,
  QueueFull,
  RateLimited,
  RequestTimeout,
  Unauthorized,
} from "../domain/errors.ts";
import { ClickHouseError, type ClickHouseFailure } from "../store/clickhouse-error.ts";
import { type HttpFailure, internalProblem, problemResponse } from "./problem.ts";

const clickHouse = (failure: ClickHouseFailure) =>
  new ClickHouseError({ failure, retryable: false, code: 241, message: "secret of the server at 10.0.0.5" });

const table: ReadonlyArray<
  readonly [failure: HttpFailure, status: number, code: string, retryAfter: string | null]
> = [
  [new MalformedBatch({ message: "The body is empty." }), 400, "malformed_batch", null],
  [new InvalidParameter({ parameter: "limit", message: "takes a number." }), 400, "invalid_parameter", null],
  [new Unauthorized({ reason: "missing" }), 401, "key_missing", null],
  [new Unauthorized({ reason: "wrong" }), 401, "key_wrong", null],
  [new OriginForbidden({ origin: "https://a.org" }), 403, "origin_forbidden", null],
  [new NotFound({ path: "/x" }), 404, "not_found", null],
  [new RequestTimeout({ limitSeconds: 5 }), 408, "request_timeout", null],
  [new BodyTooLarge({ limitBytes: 5 }), 413, "body_too_large", null],
  [new RateLimited({ limit: "events", perMinute: 60, retryAfterSeconds: 7 }), 429, "rate_limited", "7"],
  [clickHouse("over_budget"), 422, "query_too_expensive", null],
  [new IntakeFull({ retryAfterSeconds: 7 }), 503, "intake_full", "7"],
  [new QueueFull({ retryAfterSeconds: 7 }), 503, "queue_full", "7"],
  [clickHouse("unavailable"), 503, "store_unavailable", "5"],
  [clickHouse("overloaded"), 503, "store_unavailable", "5"],
  [clickHouse("bad_statement"), 500, "internal_error", null],
  [clickHouse("bad_row"), 500, "internal_error", null],
  [clickHouse("other"), 500, "internal_error", null],
];

test.each(table.map((row) => [row[2], ...row] as const))(
  "%s",
  async (_, failure, status, code, retryAfter) => {
    const response = problemResponse(failure);
    const body = await response.json();
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("retry-after")).toBe(retryAfter);
    expect(body).toMatchObject({ type: "about:blank", status, code });
    expect(body.title).toMatch(/^.{10,}$/);
    expect(body).not.toHaveProperty("headers");
    // What ClickHouse says is for the log.
    expect(JSON.stringify(body)).not.toContain("secret");
  },
);

test("a wrong parameter is named, with what it takes", async () => {
  const failure = new InvalidParameter({ parameter: "limit", message: "takes a whole number." });
  expect(await problemResponse(failure).json()).toMatchObject({
    parameter: "limit",
    detail: "limit takes a whole number.",
  });
});

test("a pattern that RE2 refuses is a wrong filter, with RE2's reason", async () => {
  const failure = new ClickHouseError({
    failure: "bad_pattern",
    retryable: false,
    code: 427,
    message: "missing ): (a",
  });
  const response = problemResponse(failure);
  expect([response.status, await response.json()]).toMatchObject([
    400,
    {
      code: "invalid_parameter",
      parameter: "filter",
      detail: "filter has a regular expression that cannot be used: missing ): (a",
    },
  ]);
});

test("the limit is named to whom exceeds it", async () => {
  expect((await problemResponse(new BodyTooLarge({ limitBytes: 1234 })).json()).detail).toContain(
    "1234 bytes",
  );
});

test.each(["requests", "events"] as const)(
  "who sends too many %s learns which limit that is",
  async (limit) => {
    const failure = new RateLimited({ limit, perMinute: 60, retryAfterSeconds: 1 });
    expect((await problemResponse(failure).json()).detail).toContain(`60 ${limit} a minute`);
  },
);

test("401 says how to come in", () => {
  expect(problemResponse(new Unauthorized({ reason: "missing" })).headers.get("www-authenticate")).toBe(
    "Bearer",
  );
});

test("what nobody expected is an error of ours, without a word about it", async () => {
  const response = internalProblem();
  expect([response.status, (await response.json()).code]).toEqual([500, "internal_error"]);
});
