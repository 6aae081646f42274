// ClickHouse's HTTP interface in front of the embedded engine, for tests only: what can be had of a ClickHouse server
// where none can be started. Prints its address as one line and ends when its standard input does.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";
import { Engine } from "./engine.ts";
import { type Fault, holdBack, nextFault, noteMet, setFault, statementsMet } from "./faults.ts";
import { HttpError, toHttpError } from "./http-error.ts";
import { credentialsOf, readStatement, type Statement } from "./statement.ts";

const { values: options } = parseArgs({
  options: {
    path: { type: "string" },
    port: { type: "string", default: "0" },
    user: { type: "string", default: "default" },
    password: { type: "string", default: "" },
  },
});
if (options.path === undefined) {
  console.error("usage: bun main.ts --path DIR [--port N] [--user NAME] [--password TEXT]");
  process.exit(2);
}
const engine = new Engine(options.path);

const authenticate = (request: IncomingMessage): void => {
  const { user, password } = credentialsOf(request);
  if (user !== options.user || password !== options.password) {
    throw new HttpError(
      516,
      "AUTHENTICATION_FAILED",
      `${user}: Authentication failed: password is incorrect, or there is no user with such name`,
    );
  }
};

const isOn = (statement: Statement, setting: string): boolean =>
  Number(statement.settings.find(([name]) => name === setting)?.[1] ?? 0) > 0;

// The server's rule: only a read-only statement that asked for it ends with its client.
const endWithClient = (statement: Statement, response: ServerResponse): void => {
  if (!isOn(statement, "readonly") || !isOn(statement, "cancel_http_readonly_queries_on_client_close"))
    return;
  response.on("close", async () => {
    while (!response.writableFinished && engine.isRunning(statement.queryId)) {
      await engine.kill(statement.queryId);
      await Bun.sleep(20);
    }
  });
};

const handleStatement = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  authenticate(request);
  const statement = await readStatement(request);
  const fault = nextFault(statement.sql);
  if (fault !== undefined && !fault.endsWith("_after")) noteMet();
  if (fault === "error") throw new HttpError(1000, "POCO_EXCEPTION", "Injected failure");
  if (fault === "drop") return void response.socket?.destroy();
  if (fault === "hang") return;
  if (fault === "late") {
    holdBack(() => engine.execute(statement));
    return void response.socket?.destroy();
  }
  endWithClient(statement, response);
  const { bytes, summary } = await engine.execute(statement);
  if (fault !== undefined) noteMet();
  if (fault === "drop_after") return void response.socket?.destroy();
  if (fault === "hang_after") return;
  const zipped =
    isOn(statement, "enable_http_compression") && /gzip/.test(request.headers["accept-encoding"] ?? "");
  response.writeHead(200, {
    "content-type": "text/plain; charset=UTF-8",
    "x-clickhouse-query-id": statement.queryId,
    "x-clickhouse-timezone": "UTC",
    "x-clickhouse-summary": JSON.stringify(summary),
    ...(zipped ? { "content-encoding": "gzip" } : {}),
  });
  response.end(zipped ? Bun.gzipSync(new Uint8Array(bytes)) : bytes);
};

const handleControl = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  if (request.method === "GET") return void response.end(String(statementsMet()));
  let text = "";
  for await (const chunk of request) text += String(chunk);
  await setFault((JSON.parse(text) as Fault | null) ?? undefined);
  response.writeHead(204).end();
};

const server = createServer(async (request, response) => {
  try {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    if (pathname === "/ping" || pathname === "/replicas_status") response.end("Ok.\n");
    else if (pathname === "/_fault") await handleControl(request, response);
    else if (pathname === "/") await handleStatement(request, response);
    else response.writeHead(404).end(`There is no handle ${pathname}\n`);
  } catch (error) {
    const { code, status, message } = toHttpError(error);
    if (response.headersSent) return void response.socket?.destroy();
    response
      .writeHead(status, {
        "content-type": "text/plain; charset=UTF-8",
        "x-clickhouse-exception-code": String(code),
      })
      .end(message);
  }
});

server.listen(Number(options.port), "127.0.0.1", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});

// Whoever started this process holds the other end of its standard input; without that process it has no purpose.
process.stdin.on("end", async () => {
  await engine.close();
  process.exit(0);
});
process.stdin.resume();
