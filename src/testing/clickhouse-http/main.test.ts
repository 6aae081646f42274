import { afterAll, beforeAll, expect, test } from "bun:test";
import { createClient } from "@clickhouse/client";
import { type ClickHouseHttp, startClickHouseHttp } from "./start.ts";

let server: ClickHouseHttp;
beforeAll(async () => {
  server = await startClickHouseHttp({ password: "pa:ss" });
});
afterAll(() => server.stop());

const headers = { "x-clickhouse-user": "default", "x-clickhouse-key": "pa:ss" };

/** Sends a request as any HTTP client would. */
const ask = async (parameters: Readonly<Record<string, string>>, init: RequestInit = {}) => {
  const response = await fetch(`${server.url}/?${new URLSearchParams(parameters)}`, { headers, ...init });
  return {
    status: response.status,
    code: response.headers.get("x-clickhouse-exception-code"),
    text: await response.text(),
    summary: response.headers.get("x-clickhouse-summary"),
  };
};

const post = (sql: string, parameters: Readonly<Record<string, string>> = {}) =>
  ask(parameters, { method: "POST", body: sql });

test("answers a ping without credentials", async () => {
  expect(await (await fetch(`${server.url}/ping`)).text()).toBe("Ok.\n");
});

test("takes SQL from the URL, from the body, or from both", async () => {
  expect((await ask({ query: "SELECT 1" })).text).toBe("1\n");
  expect((await post("SELECT 2")).text).toBe("2\n");
  expect((await ask({ query: "SELECT" }, { method: "POST", body: "3" })).text).toBe("3\n");
});

const failures = [
  { sql: "SELEC 1", status: 400, code: "62" },
  { sql: "SELECT * FROM nowhere", status: 404, code: "60" },
  { sql: "SELECT nothing", status: 404, code: "47" },
  { sql: "SELECT toUInt8('x')", status: 400, code: "6" },
  { sql: "SELECT throwIf(1)", status: 500, code: "395" },
  { sql: "SELECT 1", parameters: { database: "nowhere" }, status: 404, code: "81" },
  { sql: "SELECT 1", parameters: { not_a_setting: "1" }, status: 404, code: "115" },
  { sql: "SELECT sleep(3)", parameters: { max_execution_time: "1" }, status: 408, code: "159" },
];
for (const { sql, parameters, status, code } of failures) {
  test(`${sql} ${JSON.stringify(parameters ?? {})} is status ${status} with code ${code}`, async () => {
    const answer = await post(sql, parameters);
    expect(answer).toMatchObject({ status, code });
    expect(answer.text).toStartWith(`Code: ${code}. DB::Exception: `);
  });
}

test("a wrong or missing password is 403 with code 516, and Basic authentication is taken", async () => {
  const basic = (text: string) => ({ headers: { authorization: `Basic ${btoa(text)}` } });
  expect(await ask({ query: "SELECT 1" }, { headers: {} })).toMatchObject({ status: 403, code: "516" });
  expect(await ask({ query: "SELECT 1" }, basic("default:pa"))).toMatchObject({ status: 403, code: "516" });
  expect(await ask({ query: "SELECT 1" }, basic("default:pa:ss"))).toMatchObject({
    status: 200,
    text: "1\n",
  });
});

test("GET cannot change anything", async () => {
  expect(await ask({ query: "CREATE TABLE t (n UInt8) ENGINE = Null" })).toMatchObject({ code: "164" });
});

test("settings and parameters end with their request", async () => {
  expect((await post("SELECT getSetting('max_threads')", { max_threads: "1" })).text).toBe("1\n");
  expect((await post("SELECT {x:String}", { param_x: "tab\\tand \\\\ and \\'" })).text).toBe(
    "tab\\tand \\\\ and \\'\n",
  );
  expect((await post("SELECT {x:String}")).code).toBe("456");
});

test("the official client inserts, reads back and hears of gzip both ways", async () => {
  const client = createClient({
    url: server.url,
    username: "default",
    password: "pa:ss",
    compression: { request: true, response: true },
  });
  await client.command({ query: "CREATE TABLE pairs (n UInt64, s String) ENGINE = MergeTree ORDER BY n" });
  const values = Array.from({ length: 1000 }, (_, n) => ({ n, s: `it's\n${n}` }));
  const { summary } = await client.insert({ table: "pairs", values, format: "JSONEachRow" });
  expect(summary?.written_rows).toBe("1000");
  const result = await client.query({
    query: "SELECT * FROM pairs ORDER BY n",
    format: "JSONEachRow",
    clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
  });
  expect(await result.json()).toEqual(values);
  await client.close();
});

test("a query can be killed by its id, and the same id runs once at a time", async () => {
  const endless = "SELECT count() FROM numbers(1000000000000) WHERE sipHash64(number) = 1";
  const running = post(endless, { query_id: "kill-me" });
  await Bun.sleep(200);
  expect(await post("SELECT 1", { query_id: "kill-me" })).toMatchObject({ status: 500, code: "216" });
  await post("KILL QUERY WHERE query_id = 'kill-me' ASYNC");
  expect(await running).toMatchObject({ status: 500, code: "394" });
});

test("faults come and go", async () => {
  await server.fault({ mode: "error", statement: "SELECT", times: 2 });
  expect([
    (await post("SELECT 1")).status,
    (await post("SELECT 1")).status,
    (await post("SELECT 1")).status,
  ]).toEqual([500, 500, 200]);
  await server.fault({ mode: "drop" });
  await expect(post("SELECT 1")).rejects.toThrow();
  await server.fault(undefined);
  expect((await post("SELECT 1")).status).toBe(200);
});

test("a late statement is carried out when its sender has gone", async () => {
  await server.fault({ mode: "late", times: 1 });
  await expect(post("CREATE TABLE late (n UInt8) ENGINE = Null")).rejects.toThrow();
  expect((await post("EXISTS late")).text).toBe("0\n");
  await server.fault(undefined);
  expect((await post("EXISTS late")).text).toBe("1\n");
});
