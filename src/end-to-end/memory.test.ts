import { afterAll, beforeAll, expect, test } from "bun:test";
import { connect } from "node:net";
import { type RunningService, startService } from "../testing/service/child.ts";

const MIB = 1024 * 1024;

let service: RunningService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

const post = (body: Uint8Array<ArrayBuffer>) => fetch(`${service.url}/v1/events`, { method: "POST", body });

const expectNoGrowth = async (doing: () => Promise<void>) => {
  await doing();
  const before = service.residentBytes();
  await doing();
  expect(service.residentBytes() - before).toBeLessThan(64 * MIB);
};

test("gzip bombs are answered at once and cost no memory", async () => {
  // 640 MiB when unpacked.
  const bomb = Bun.gzipSync(new Uint8Array(640 * MIB));
  expect(bomb.length).toBeLessThan(MIB);
  let slowest = 0;
  await expectNoGrowth(async () => {
    for (let turn = 0; turn < 20; turn++) {
      const startedAt = performance.now();
      const response = await post(bomb);
      expect([response.status, (await response.json()).code]).toEqual([413, "body_too_large"]);
      slowest = Math.max(slowest, performance.now() - startedAt);
    }
  });
  expect(slowest).toBeLessThan(500);
});

/** Speaks as fast as it is listened to; resolves with the first line of the answer. */
const pour = async (head: string, part: Uint8Array, parts: number): Promise<string> => {
  const url = new URL(service.url);
  const socket = connect(Number(url.port), url.hostname);
  let heard = "";
  let ended = false;
  socket.setEncoding("latin1").on("data", (text) => {
    heard += String(text);
  });
  socket.on("close", () => {
    ended = true;
  });
  // Who is refused in the middle of speaking may find the connection closed.
  socket.on("error", () => {
    ended = true;
  });
  socket.write(head);
  for (let sent = 0; sent < parts && !ended; sent++) {
    if (!socket.write(part)) while (socket.writableNeedDrain && !ended) await Bun.sleep(1);
  }
  while (heard === "" && !ended) await Bun.sleep(1);
  socket.destroy();
  return heard.split("\r\n")[0] ?? "";
};

const head = "POST /v1/events HTTP/1.1\r\nhost: x\r\n";

test("a body that is announced as too long is refused, and not kept when it comes all the same", () =>
  expectNoGrowth(async () => {
    const answer = await pour(`${head}content-length: ${200 * MIB}\r\n\r\n`, new Uint8Array(MIB), 200);
    expect(answer).toStartWith("HTTP/1.1 413 ");
  }));

test("a body that never ends is refused once it is too long, and not kept", () =>
  expectNoGrowth(async () => {
    const chunk = Buffer.concat([Buffer.from("100000\r\n"), new Uint8Array(MIB), Buffer.from("\r\n")]);
    const answer = await pour(`${head}transfer-encoding: chunked\r\n\r\n`, chunk, 200);
    expect(answer).toStartWith("HTTP/1.1 413 ");
  }));
