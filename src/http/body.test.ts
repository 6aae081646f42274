import { describe, expect, test } from "bun:test";
import { Arrivals } from "./arrivals.ts";
import { readBody } from "./body.ts";

const LIMIT = 1000;

const requestOf = (
  body: string | Uint8Array<ArrayBuffer> | ReadableStream,
  headers: Record<string, string> = {},
) => new Request("http://localhost/", { method: "POST", body, headers });

const streamOf = (...parts: ReadonlyArray<string | Error>) => {
  let taken = 0;
  const stream = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const part = parts[taken];
        taken += 1;
        if (part === undefined) controller.close();
        else if (typeof part === "string") controller.enqueue(Buffer.from(part));
        else controller.error(part);
      },
    },
    { highWaterMark: 0 },
  );
  return { stream, taken: () => taken };
};

const read = async (request: Request) => {
  const body = await readBody(request, LIMIT, new Arrivals({ deadlineMs: 50, maxBytes: LIMIT }));
  return body instanceof Uint8Array ? Buffer.from(body).toString() : body._tag;
};

const gzip = (text: string) => Bun.gzipSync(Buffer.from(text));

describe("a body", () => {
  test.each([
    ["text", requestOf("hello"), "hello"],
    ["of the limit", requestOf("x".repeat(LIMIT)), "x".repeat(LIMIT)],
    ["beyond it", requestOf("x".repeat(LIMIT + 1)), "BodyTooLarge"],
    ["that says it is longer", requestOf("hello", { "content-length": String(LIMIT + 1) }), "BodyTooLarge"],
    ["that is none", new Request("http://localhost/", { method: "POST" }), ""],
    ["in parts", requestOf(streamOf("hel", "", "lo").stream), "hello"],
    [
      "in parts, beyond the limit",
      requestOf(streamOf("x".repeat(600), "x".repeat(600)).stream),
      "BodyTooLarge",
    ],
    ["that breaks off", requestOf(streamOf("hel", new Error("gone")).stream), "MalformedBatch"],
    [
      "that never ends",
      requestOf(new ReadableStream({ start: (it) => it.enqueue(Buffer.from("{")) })),
      "RequestTimeout",
    ],
    ["of gzip", requestOf(gzip("hello")), "hello"],
    ["of gzip in parts", requestOf(new Response(gzip("hello")).body ?? ""), "hello"],
    ["of gzip of the limit", requestOf(gzip("x".repeat(LIMIT))), "x".repeat(LIMIT)],
    ["of gzip beyond it", requestOf(gzip("x".repeat(LIMIT + 1))), "BodyTooLarge"],
    ["of gzip far beyond it", requestOf(gzip("x".repeat(500_000))), "BodyTooLarge"],
    ["of gzip that breaks off", requestOf(gzip("hello").slice(0, 15)), "MalformedBatch"],
    ["of damaged gzip", requestOf(gzip("hello").fill(0xff, 10, 14)), "MalformedBatch"],
    ["that only begins like gzip", requestOf(new Uint8Array([0x1f, 0x8b])), "MalformedBatch"],
    ["of one byte of gzip", requestOf(new Uint8Array([0x1f])), "\x1f"],
  ])("%s", async (_, request, expected) => {
    expect(await read(request)).toBe(expected);
  });

  test("that is long is the same, however much of it comes at once", async () => {
    const text = "0123456789".repeat(30_000);
    const request = requestOf(text, { "content-length": String(text.length) });
    const arrivals = new Arrivals({ deadlineMs: 1000, maxBytes: LIMIT });
    const body = await readBody(request, text.length, arrivals);
    expect(body instanceof Uint8Array && Buffer.from(body).toString() === text).toBe(true);
    expect(arrivals.underWay).toEqual({ count: 0, bytes: 0 });
  });

  test("that is too long is not read to its end", async () => {
    const { stream, taken } = streamOf(...Array.from({ length: 100 }, () => "x".repeat(300)));
    expect(await read(requestOf(stream))).toBe("BodyTooLarge");
    expect(taken()).toBeLessThan(10);
  });
});
