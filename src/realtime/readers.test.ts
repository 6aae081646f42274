import { afterEach, describe, expect, test } from "bun:test";
import { connect, type Socket } from "node:net";
import { Elysia } from "elysia";
import type { RealtimeDocument } from "./document.ts";
import { type ReaderOptions, Readers } from "./readers.ts";
import { RecentTraffic, type Scope } from "./recent-traffic.ts";
import { socketLimits } from "./routes.ts";
import { Sighting } from "./sightings.ts";

const everything: Scope = { project: "default", sites: undefined };

const cleanups: Array<() => void> = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** Readers on a real server, without authorization. */
const serve = (options: ReaderOptions) => {
  let now = Date.now();
  const traffic = new RecentTraffic(() => now);
  const readers = new Readers(traffic, options);
  const app = new Elysia({ websocket: socketLimits })
    .get("/", ({ request, server }) => {
      const sites = new URL(request.url).searchParams.getAll("site");
      const reader = readers.add({ ...everything, sites: sites.length === 0 ? undefined : new Set(sites) });
      if (reader === undefined) return new Response("full", { status: 503 });
      server?.upgrade(request, { data: reader });
      return;
    })
    .listen({ port: 0, hostname: "127.0.0.1" });
  cleanups.push(() => {
    readers.end();
    void app.server?.stop(true);
  });
  let seen = 0;
  return {
    readers,
    port: app.server?.port ?? 0,
    pass: (ms: number) => {
      now += ms;
    },
    see: (page: string, site = "a.example") => {
      seen++;
      const sighting = new Sighting(site, String(seen), page, "", "direct", Math.floor(now / 1000));
      sighting.views = 1;
      sighting.viewedAt = sighting.seenAt;
      traffic.record("default", "", [sighting]);
    },
  };
};

const watch = (port: number, query = "") => {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/${query}`);
  const documents: Array<RealtimeDocument> = [];
  let closed: number | undefined;
  socket.onmessage = ({ data }) => void documents.push(JSON.parse(String(data)));
  socket.onclose = ({ code }) => {
    closed = code;
  };
  return { socket, documents, closed: () => closed };
};

const until = async (isSo: () => boolean, withinMs = 5000) => {
  const deadline = performance.now() + withinMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error("It did not come to be");
    await Bun.sleep(5);
  }
};

/** A connection that has opened a WebSocket and from then on does nothing by itself. */
const silent = (port: number): Promise<Socket> =>
  new Promise((resolve, reject) => {
    const socket = connect(port, "127.0.0.1");
    cleanups.push(() => socket.destroy());
    socket.on("error", reject);
    socket.once("data", () => {
      socket.pause();
      socket.removeAllListeners("error").on("error", () => {});
      resolve(socket);
    });
    socket.write(
      "GET / HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\nconnection: upgrade\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
  });

describe("a reader", () => {
  test("is sent the numbers at the start, after events of its scope, and when time changes them", async () => {
    const { port, see, pass } = serve({ lookMs: 10, pushMs: 20, moveMs: 30 });
    see("/first");
    const all = watch(port);
    const one = watch(port, "?site=b.example");
    await until(() => all.documents.length === 1 && one.documents.length === 1);
    expect(all.documents[0]).toMatchObject({ activeUsers: 1, pages: [{ page: "/first", visitors: 1 }] });
    expect(one.documents[0]).toMatchObject({ activeUsers: 0, pages: [] });
    await Bun.sleep(100);
    expect([all.documents.length, one.documents.length]).toEqual([1, 1]);
    see("/second");
    await until(() => all.documents.length === 2);
    expect(all.documents[1]?.activeUsers).toBe(2);
    see("/third", "b.example");
    await until(() => all.documents.length === 3 && one.documents.length === 2);
    expect([all.documents[2]?.activeUsers, one.documents[1]?.activeUsers]).toEqual([3, 1]);
    pass(5 * 60_000);
    await until(() => all.documents.length === 4 && one.documents.length === 3);
    expect(all.documents[3]).toMatchObject({ activeUsers: 0, pages: [] });
  });

  test("finds room again when another has gone, and hears when there is none", async () => {
    const { port, readers } = serve({ most: 2 });
    const [first, second] = [watch(port), watch(port)];
    await until(() => first.documents.length + second.documents.length === 2);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(503);
    first.socket.close();
    await until(() => readers.count === 1);
    const third = watch(port);
    await until(() => third.documents.length === 1);
    expect(readers.count).toBe(2);
  });

  test("that has gone without a word is missed after two pings; one that answers stays", async () => {
    const { port, readers } = serve({ lookMs: 10, pingMs: 60 });
    const there = watch(port);
    await silent(port);
    await until(() => readers.count === 2);
    await until(() => readers.count === 1);
    await Bun.sleep(300);
    expect([readers.count, there.closed()]).toEqual([1, undefined]);
  });

  test("that does not read holds one message at most, and is dropped; the others are served", async () => {
    const { port, readers, see } = serve({ lookMs: 1, pushMs: 1, stallMs: 200 });
    const long = "x".repeat(2000);
    for (let n = 0; n < 20; n++) see(`/${n}${long}`);
    const there = watch(port);
    await until(() => there.documents.length > 0);
    await silent(port);
    await until(() => readers.count === 2);
    // Until the buffers of the system are full.
    const deadline = performance.now() + 40_000;
    while (readers.count === 2 && performance.now() < deadline) {
      see("/more");
      await Bun.sleep(0);
    }
    expect(readers.count).toBe(1);
    const before = there.documents.length;
    see("/last");
    await until(() => there.documents.length > before);
    expect(there.closed()).toBeUndefined();
  }, 60_000);

  test("is told when the service stops, and none finds room after it", async () => {
    const { port, readers } = serve({});
    const there = watch(port);
    await until(() => there.documents.length === 1);
    readers.end();
    await until(() => there.closed() !== undefined);
    expect(there.closed()).toBe(1001);
    expect((await fetch(`http://127.0.0.1:${port}/`)).status).toBe(503);
    await until(() => readers.count === 0);
  });
});
