import type { IncomingMessage } from "node:http";
import { HttpError } from "./http-error.ts";

/** One request, decoded. */
export interface Statement {
  readonly queryId: string;
  readonly sql: string;
  /** What came after the SQL that stood in the URL: the rows of an insert. */
  readonly data: Uint8Array | undefined;
  readonly database: string | undefined;
  /** As they came: escaped as in TSV. */
  readonly params: ReadonlyArray<readonly [string, string]>;
  readonly settings: ReadonlyArray<readonly [string, string]>;
  readonly defaultFormat: string;
}

// Parameters of the interface itself; every other one is a setting.
const notSettings = new Set([
  "query",
  "query_id",
  "database",
  "default_format",
  "user",
  "password",
  "quota_key",
  "wait_end_of_query",
  "buffer_size",
  "compress",
  "decompress",
  "stacktrace",
  "role",
]);

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Array<Buffer> = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  switch (request.headers["content-encoding"]) {
    case undefined:
    case "identity":
      return body;
    case "gzip":
      return Buffer.from(Bun.gunzipSync(new Uint8Array(body)));
    case "zstd":
      return Buffer.from(Bun.zstdDecompressSync(new Uint8Array(body)));
    default:
      throw new HttpError(48, "NOT_IMPLEMENTED", "Unknown content encoding");
  }
};

const formOf = async (
  body: Buffer,
  contentType: string,
): Promise<ReadonlyArray<readonly [string, string]>> => {
  const form = await new Response(new Uint8Array(body), {
    headers: { "content-type": contentType },
  }).formData();
  return [...form.entries()].map(([name, value]) => [name, String(value)] as const);
};

/** Reads a request the way ClickHouse does: SQL in the URL, in the body or in a form, settings beside it. */
export const readStatement = async (request: IncomingMessage): Promise<Statement> => {
  const url = new URL(request.url ?? "/", "http://localhost");
  const fields: Array<readonly [string, string]> = [...url.searchParams.entries()];
  let body = await bodyOf(request);
  const contentType = request.headers["content-type"] ?? "";
  if (contentType.startsWith("multipart/form-data")) {
    fields.push(...(await formOf(body, contentType)));
    body = Buffer.alloc(0);
  }
  const field = (name: string) => fields.find(([key]) => key === name)?.[1];
  if (field("session_id") !== undefined) {
    throw new HttpError(48, "NOT_IMPLEMENTED", "Sessions are not supported by this transport for tests");
  }
  const inUrl = field("query");
  const settings = fields.filter(([name]) => !notSettings.has(name) && !name.startsWith("param_"));
  const bad = settings.find(([name]) => !/^[a-z0-9_]+$/i.test(name));
  if (bad !== undefined) throw new HttpError(115, "UNKNOWN_SETTING", `Unknown setting '${bad[0]}'`);
  if (request.method === "GET" && !settings.some(([name]) => name === "readonly"))
    settings.push(["readonly", "2"]);
  return {
    queryId: field("query_id") || crypto.randomUUID(),
    sql: inUrl ?? body.toString("utf8"),
    data: inUrl === undefined || body.length === 0 ? undefined : body,
    database: field("database") ?? request.headers["x-clickhouse-database"]?.toString(),
    params: fields.flatMap(([name, value]) =>
      name.startsWith("param_") ? [[name.slice("param_".length), value] as const] : [],
    ),
    settings,
    defaultFormat:
      field("default_format") ?? request.headers["x-clickhouse-format"]?.toString() ?? "TabSeparated",
  };
};

const header = (request: IncomingMessage, name: string): string | undefined =>
  request.headers[name]?.toString();

/** User and password of a request: own headers, Basic authentication or URL, in this order. */
export const credentialsOf = (
  request: IncomingMessage,
): { readonly user: string; readonly password: string } => {
  const key = header(request, "x-clickhouse-key");
  const user = header(request, "x-clickhouse-user");
  if (user !== undefined || key !== undefined) return { user: user ?? "default", password: key ?? "" };
  const basic = /^Basic (.+)$/i.exec(header(request, "authorization") ?? "")?.[1];
  if (basic !== undefined) {
    const [name = "", ...rest] = Buffer.from(basic, "base64").toString("utf8").split(":");
    return { user: name, password: rest.join(":") };
  }
  const { searchParams } = new URL(request.url ?? "/", "http://localhost");
  return { user: searchParams.get("user") ?? "default", password: searchParams.get("password") ?? "" };
};
