import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { serviceForTests } from "../testing/service/in-process.ts";

interface Problem {
  readonly status: number;
  readonly code: string;
  readonly title: string;
  readonly detail?: string;
}

const LIMIT = 64 * 1024;
const service = serviceForTests({ settings: { maxBodyBytes: LIMIT } });

let made = 0;
const nextId = () => {
  made += 1;
  return `event-${made}`;
};
const batchOf = (id: string) => JSON.stringify({ events: [{ event_type: "page_view", event_id: id }] });

const times = async (id: string) => {
  const [row] = await service.rows<{ n: number }>(
    "SELECT count() AS n FROM events WHERE event_id = {id:String}",
    {
      id,
    },
  );
  return row?.n;
};

const gzip = (text: string | Uint8Array<ArrayBuffer>) => Bun.gzipSync(Buffer.from(text));

/** Says what it likes on a connection of its own and hears the answer. */
const speak = (...parts: ReadonlyArray<string | Uint8Array>): Promise<string> =>
  new Promise((resolve, reject) => {
    const url = new URL(service.url());
    const socket = connect(Number(url.port), url.hostname);
    let heard = "";
    socket.setEncoding("utf8").on("data", (text) => {
      heard += String(text);
    });
    socket.on("close", () => resolve(heard));
    // Who is refused in the middle of speaking finds the connection closed.
    socket.on("error", (error) => (heard === "" ? reject(error) : resolve(heard)));
    for (const part of parts) socket.write(part);
  });

const chunked = (body: string, size: number): string => {
  const chunks: Array<string> = [];
  for (let i = 0; i < body.length; i += size) {
    const chunk = body.slice(i, i + size);
    chunks.push(`${chunk.length.toString(16)}\r\n${chunk}\r\n`);
  }
  return `${chunks.join("")}0\r\n\r\n`;
};

describe("JSON is JSON, whatever the sender calls it", () => {
  test.each([
    ["application/json"],
    ["application/json; charset=utf-8"],
    ["text/plain"],
    ["text/plain;charset=UTF-8"],
    ["application/x-www-form-urlencoded"],
    ["multipart/form-data; boundary=x"],
    ["application/octet-stream"],
    ["application/gzip"],
    ["no content type of any kind"],
  ])("as %s", async (type) => {
    const id = nextId();
    const { status, body } = await service.post(batchOf(id), { "content-type": type });
    expect([status, body]).toEqual([200, { accepted: 1, rejected: 0 }]);
    expect(await times(id)).toBe(1);
  });

  test("without a content type", async () => {
    const id = nextId();
    const body = batchOf(id);
    const heard = await speak(
      `POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    );
    expect(heard).toEndWith('{"accepted":1,"rejected":0}');
    expect(await times(id)).toBe(1);
  });
});

describe("a body may be gzip, told from its bytes", () => {
  test.each([
    ["said in the header", { "content-encoding": "gzip", "content-type": "application/json" }],
    ["not said at all", {}],
    ["under the name of JSON", { "content-type": "application/json" }],
    ["under the name of text", { "content-type": "text/plain" }],
    ["under the name of a form", { "content-type": "application/x-www-form-urlencoded" }],
    ["under the name of gzip", { "content-type": "application/gzip" }],
  ])("%s", async (_, headers) => {
    const id = nextId();
    const { status, body } = await service.post(gzip(batchOf(id)), headers as Record<string, string>);
    expect([status, body]).toEqual([200, { accepted: 1, rejected: 0 }]);
    expect(await times(id)).toBe(1);
  });

  test("JSON that claims to be gzip is taken for what it is", async () => {
    const id = nextId();
    expect((await service.post(batchOf(id), { "content-encoding": "gzip" })).status).toBe(200);
    expect(await times(id)).toBe(1);
  });
});

describe("a body without its length is read as it comes", () => {
  const head =
    "POST /v1/events HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";

  test("and taken", async () => {
    const id = nextId();
    expect(await speak(head, chunked(batchOf(id), 7))).toEndWith('{"accepted":1,"rejected":0}');
    expect(await times(id)).toBe(1);
  });

  test("and given up once it is too long", async () => {
    const heard = await speak(head, chunked("x".repeat(LIMIT + 5000), 4096));
    expect(heard).toStartWith("HTTP/1.1 413 ");
    expect(heard).toContain('"code":"body_too_large"');
  });
});

const events = (count: number) => ({
  events: Array.from({ length: count }, () => ({ event_type: "counted" })),
});

describe("what is no batch", () => {
  const refused: ReadonlyArray<
    readonly [name: string, body: string | Uint8Array, status: number, code: string]
  > = [
    ["an empty body", "", 400, "malformed_batch"],
    ["no events", JSON.stringify(events(0)), 400, "malformed_batch"],
    ["501 events", JSON.stringify(events(501)), 400, "malformed_batch"],
    ["no JSON", "hello", 400, "malformed_batch"],
    ["no UTF-8", Buffer.from('{"events":[{"event_type":"caf\xe9"}]}', "latin1"), 400, "malformed_batch"],
    ["gzip that breaks off", gzip(JSON.stringify(events(400))).slice(0, 40), 400, "malformed_batch"],
    ["gzip without its sum", gzip(JSON.stringify(events(3))).slice(0, -8), 400, "malformed_batch"],
    ["gzip that is damaged", gzip(JSON.stringify(events(3))).fill(0xff, 12, 20), 400, "malformed_batch"],
    ["gzip of nothing", gzip(""), 400, "malformed_batch"],
    ["gzip of gzip", gzip(gzip(JSON.stringify(events(3)))), 400, "malformed_batch"],
    ["only the mark of gzip", new Uint8Array([0x1f, 0x8b]), 400, "malformed_batch"],
    ["a byte too much", `{"events":[{}],"x":"${"x".repeat(LIMIT + 1 - 22)}"}`, 413, "body_too_large"],
    ["a byte too much within gzip", gzip("x".repeat(LIMIT + 1)), 413, "body_too_large"],
    ["much too much", "x".repeat(LIMIT + 60_000), 413, "body_too_large"],
    ["far too much", "x".repeat(LIMIT * 50), 413, "body_too_large"],
  ];
  test.each([...refused])("%s is a problem, and nothing is taken", async (_, body, status, code) => {
    const { headers, ...answer } = await service.post<Problem>(body, { origin: "https://page.example" });
    expect([answer.status, answer.body]).toEqual([status, expect.objectContaining({ status, code })]);
    expect(answer.body.title).not.toBe("");
    expect(headers.get("content-type")).toBe("application/problem+json");
    // A page's script reads problems too, so that it knows what not to send again.
    expect(headers.get("access-control-allow-origin")).toBe("*");
  });

  test("500 events and a body of exactly the limit are taken", async () => {
    expect((await service.post(events(500))).body).toEqual({ accepted: 500, rejected: 0 });
    const id = nextId();
    const body = batchOf(id);
    expect((await service.post(body.padEnd(LIMIT, " "))).body).toEqual({ accepted: 1, rejected: 0 });
    expect((await service.post(gzip(batchOf(nextId()).padEnd(LIMIT, " ")))).status).toBe(200);
    expect(await service.rows("SELECT count() AS n FROM events WHERE event_type = 'counted'")).toEqual([
      { n: 500 },
    ]);
  });

  test("nesting of 10,000 levels is answered, and the service goes on", async () => {
    const deep = `{"events":[{"event_type":"deep","properties":${'{"a":'.repeat(10_000)}1${"}".repeat(10_000)}}]}`;
    const { status, body } = await service.post(deep);
    if (status === 200) {
      expect(body).toMatchObject({ accepted: 0, rejected: 1, errors: [{ code: "properties_too_large" }] });
    } else expect(status).toBe(400);
    expect((await service.post(batchOf(nextId()))).status).toBe(200);
    expect(await service.rows("SELECT count() AS n FROM events WHERE event_type = 'deep'")).toEqual([
      { n: 0 },
    ]);
  });

  test.each(["PUT", "PATCH", "DELETE"])("%s is no way to send events", async (method) => {
    const { status, body } = await service.request<Problem>("/v1/events", { method });
    expect([status, body.code]).toEqual([404, "not_found"]);
  });
});

describe("origins", () => {
  describe("as they come: every page may send", () => {
    test.each(["https://example.org", "http://localhost:8080", "null"])("%s", async (origin) => {
      const { status, headers } = await service.post(events(1), { origin });
      expect([status, headers.get("access-control-allow-origin")]).toEqual([200, "*"]);
      expect(headers.get("access-control-expose-headers")).toBe("retry-after, ratelimit, ratelimit-policy");
      expect(headers.has("access-control-allow-credentials")).toBe(false);
    });

    test("a preflight is answered, gzip and JSON included", async () => {
      const { status, headers } = await service.request("/v1/events", {
        method: "OPTIONS",
        headers: { origin: "https://example.org", "access-control-request-method": "POST" },
      });
      expect([status, headers.get("access-control-allow-origin")]).toEqual([204, "*"]);
      expect(headers.get("access-control-allow-methods")).toBe("POST");
      expect(headers.get("access-control-allow-headers")).toBe("content-type, content-encoding, x-api-key");
    });
  });

  describe("when only some are allowed", () => {
    const strict = serviceForTests({ settings: { allowedOrigins: new Set(["https://example.org"]) } });

    test.each(["https://example.org", "HTTPS://EXAMPLE.ORG"])("%s may send", async (origin) => {
      const { status, headers } = await strict.post(events(1), { origin });
      expect([status, headers.get("access-control-allow-origin")]).toEqual([200, origin]);
      expect(headers.get("vary")).toBe("origin");
    });

    test.each([
      ["https://example.org.evil.example"],
      ["http://example.org"],
      ["https://example.org:8443"],
      ["https://www.example.org"],
      ["null"],
      ["nonsense"],
    ])("%s may not, and nothing is taken", async (origin) => {
      const body = { events: [{ event_type: "forbidden" }] };
      const { status, body: problem, headers } = await strict.post<Problem>(body, { origin });
      expect([status, problem.code]).toEqual([403, "origin_forbidden"]);
      expect(headers.has("access-control-allow-origin")).toBe(false);
      const preflight = await strict.request("/v1/events", { method: "OPTIONS", headers: { origin } });
      expect([preflight.status, preflight.headers.has("access-control-allow-origin")]).toEqual([403, false]);
      expect(await strict.rows("SELECT 1 FROM events WHERE event_type = 'forbidden'")).toEqual([]);
    });

    test("a server, which has no origin, may send", async () => {
      expect((await strict.post(events(1))).status).toBe(200);
    });
  });
});
