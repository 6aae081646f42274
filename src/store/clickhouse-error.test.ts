import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Effect, Fiber, Option, Redacted, TestClock, TestContext } from "effect";
import { type ClickHouseHttp, startClickHouseHttp } from "../testing/clickhouse-http/start.ts";
import type { ClickHouseShape } from "./clickhouse.ts";
import { type ClickHouseFailure, toClickHouseError } from "./clickhouse-error.ts";
import { makeServer } from "./server.ts";

const reported: ReadonlyArray<{
  readonly text: string;
  readonly failure: ClickHouseFailure;
  readonly retryable: boolean;
}> = [
  {
    text: "Code: 210. DB::Exception: Connection refused. (NETWORK_ERROR)",
    failure: "unavailable",
    retryable: true,
  },
  {
    text: "Code: 242. DB::Exception: Table is in readonly mode. (TABLE_IS_READ_ONLY)",
    failure: "unavailable",
    retryable: true,
  },
  {
    text: "Code: 243. DB::Exception: Cannot reserve 1.00 MiB. (NOT_ENOUGH_SPACE)",
    failure: "unavailable",
    retryable: true,
  },
  {
    text: "Code: 252. DB::Exception: Too many parts. (TOO_MANY_PARTS)",
    failure: "overloaded",
    retryable: true,
  },
  {
    text: "Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)",
    failure: "overloaded",
    retryable: true,
  },
  {
    text: "Code: 216. DB::Exception: Query with id = x is already running. (QUERY_WITH_SAME_ID_IS_ALREADY_RUNNING)",
    failure: "overloaded",
    retryable: true,
  },
  {
    text: "Code: 241. DB::Exception: (total) memory limit exceeded. (MEMORY_LIMIT_EXCEEDED)",
    failure: "over_budget",
    retryable: true,
  },
  {
    text: "Code: 159. DB::Exception: Timeout exceeded. (TIMEOUT_EXCEEDED)",
    failure: "over_budget",
    retryable: true,
  },
  {
    text: "Code: 27. DB::Exception: Cannot parse input: expected ','. (CANNOT_PARSE_INPUT_ASSERTION_FAILED)",
    failure: "bad_row",
    retryable: false,
  },
  {
    text: "Code: 427. DB::Exception: OptimizedRegularExpression: cannot compile re2: (a, error: missing ): (a. Look at https://github.com/google/re2/wiki/Syntax for reference. (CANNOT_COMPILE_REGEXP)",
    failure: "bad_pattern",
    retryable: false,
  },
  {
    text: "Code: 62. DB::Exception: Syntax error. (SYNTAX_ERROR)",
    failure: "bad_statement",
    retryable: false,
  },
  {
    text: "Query failed: Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)",
    failure: "bad_statement",
    retryable: false,
  },
  { text: "Code: 12345. DB::Exception: Something new. (SOMETHING_NEW)", failure: "other", retryable: true },
  { text: "socket hang up", failure: "unavailable", retryable: true },
  { text: "", failure: "unavailable", retryable: true },
];

for (const { text, failure, retryable } of reported) {
  test(`${failure}: ${text || "no text at all"}`, () => {
    expect(toClickHouseError(new Error(text))).toMatchObject({ failure, retryable });
  });
}

test("the dump of a row that follows a parse error is left out of the message", () => {
  const text =
    "Code: 27. DB::Exception: Cannot parse input\nRow 1: Column 0, name: user_id, parsed text: secret";
  expect(toClickHouseError(new Error(text)).message).toBe("Cannot parse input");
});

test.each(["(a", `(${"a".repeat(490)}`])(
  "a refused pattern's reason is all that is told of %s",
  (pattern) => {
    const text = `Code: 427. DB::Exception: OptimizedRegularExpression: cannot compile re2: ${pattern}, error: missing ): ${pattern}. Look at https://github.com/google/re2/wiki/Syntax for reference: In scope SELECT secret`;
    expect(toClickHouseError(new Error(text)).message).toBe(`missing ): ${pattern}`.slice(0, 300));
  },
);

const connected = <A>(
  address: { readonly url: string; readonly password?: string; readonly database?: string },
  use: (clickhouse: ClickHouseShape) => Effect.Effect<A, unknown>,
) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.flatMap(
        makeServer({
          database: "default",
          username: "default",
          ...address,
          password: Redacted.make(address.password ?? ""),
        }),
        use,
      ),
    ),
  );

const failureOf = (url: string, password?: string) =>
  connected({ url, ...(password === undefined ? {} : { password }) }, (clickhouse) =>
    Effect.flip(clickhouse.query("SELECT 1")),
  );

describe("an address that is not a ClickHouse server's", () => {
  test("a closed port is named", async () => {
    expect(await failureOf("http://127.0.0.1:1")).toMatchObject({
      failure: "unavailable",
      retryable: true,
      message: expect.stringMatching(
        /^ClickHouse at http:\/\/127\.0\.0\.1:1 cannot be reached: .*ECONNREFUSED/,
      ),
    });
  });

  test("a host that does not exist is named", async () => {
    expect(await failureOf("http://clickhouse.invalid:8123")).toMatchObject({
      failure: "unavailable",
      message: expect.stringContaining("http://clickhouse.invalid:8123 cannot be reached"),
    });
  });

  test("another web server is recognised by its answer", async () => {
    const web = Bun.serve({
      port: 0,
      fetch: () => new Response("<!DOCTYPE html><h1>It works!</h1>", { status: 404 }),
    });
    const error = await failureOf(String(web.url));
    expect(error).toMatchObject({
      failure: "unavailable",
      message: expect.stringContaining("something else answered"),
    });
    await web.stop(true);
  });

  test("a password in the address is not shown", async () => {
    const error = await failureOf("http://user:secret@127.0.0.1:1");
    expect(String((error as Error).message)).not.toContain("secret");
  });
});

describe("a server in trouble", () => {
  let server: ClickHouseHttp;
  beforeAll(async () => {
    server = await startClickHouseHttp({ password: "right" });
  });
  afterAll(() => server.stop());

  const once = <A>(use: (clickhouse: ClickHouseShape) => Effect.Effect<A, unknown>) =>
    connected({ url: server.url, password: "right" }, use);

  test("a wrong password is said, and can be mended while events wait", async () => {
    expect(await failureOf(server.url, "wrong")).toMatchObject({
      failure: "unavailable",
      retryable: true,
      code: 516,
      message: expect.stringContaining("Authentication failed"),
    });
    expect(await once((clickhouse) => clickhouse.query("SELECT 1 AS one"))).toEqual([{ one: 1 }]);
  });

  test("a failure of its own can be tried again", async () => {
    await server.fault({ mode: "error", times: 1 });
    expect(await once((clickhouse) => Effect.flip(clickhouse.query("SELECT 1")))).toMatchObject({
      failure: "other",
      retryable: true,
    });
  });

  test("a connection that breaks can be tried again", async () => {
    await server.fault({ mode: "drop", times: 1 });
    expect(await once((clickhouse) => Effect.flip(clickhouse.command("SELECT 1")))).toMatchObject({
      failure: "unavailable",
      retryable: true,
      code: undefined,
    });
  });

  test("a read that is never answered ends shortly after its budget", async () => {
    await server.fault({ mode: "hang", times: 1 });
    const error = await once((clickhouse) =>
      Effect.gen(function* () {
        const reading = yield* Effect.fork(Effect.flip(clickhouse.query("SELECT 1")));
        yield* TestClock.adjust("19 seconds");
        expect(Option.isNone(yield* Fiber.poll(reading))).toBe(true);
        yield* TestClock.adjust("2 seconds");
        return yield* Fiber.join(reading);
      }).pipe(Effect.provide(TestContext.TestContext)),
    );
    expect(error).toMatchObject({
      failure: "unavailable",
      retryable: true,
      message: expect.stringContaining("has not answered within 20s"),
    });
  });

  test("an insert whose answer was lost is stored once when it is sent again", async () => {
    const count = await once((clickhouse) =>
      Effect.gen(function* () {
        yield* clickhouse.command(
          "CREATE OR REPLACE TABLE lost_answers (n UInt64) ENGINE = MergeTree ORDER BY n SETTINGS non_replicated_deduplication_window = 100",
        );
        const insert = clickhouse.insertRows({
          table: "lost_answers",
          columns: ["n"],
          rows: Buffer.from("[1]\n[2]\n[3]\n"),
          token: "lost-1",
        });
        yield* Effect.promise(() => server.fault({ mode: "drop_after", statement: "INSERT", times: 1 }));
        expect(yield* Effect.flip(insert)).toMatchObject({ failure: "unavailable", retryable: true });
        yield* insert;
        return yield* clickhouse.query("SELECT count() AS n FROM lost_answers");
      }),
    );
    expect(count).toEqual([{ n: 3 }]);
  });
});
