import { afterEach, describe, expect, test } from "bun:test";
import { Effect, Layer } from "effect";
import { post } from "./post.ts";
import { WebhookTargets } from "./target.ts";
import { type Answering, answering, layerLocalTargets, receiver } from "./testing/receiver.ts";

/** Trusts no certificate of a test. */
const strict = Layer.succeed(WebhookTargets, {
  schemes: ["https:"],
  allows: () => true,
  resolve: () => Effect.die("a name was looked up"),
});

interface Posted {
  readonly url: (port: number) => string;
  readonly answer?: Answering;
  readonly layer?: Layer.Layer<WebhookTargets>;
  readonly address?: string;
}

/** What a post came to, and what arrived. */
const posted = ({
  url,
  answer = answering(200),
  layer = layerLocalTargets(),
  address = "127.0.0.1",
}: Posted) =>
  Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const secure = url(1).startsWith("https:");
        const server = yield* receiver(answer, { secure });
        const target = { url: new URL(url(server.port)), addresses: [address] };
        const outcome = yield* Effect.either(
          post(target, address, '{"a":"ü"}', { "webhook-id": "msg_1" }),
        ).pipe(Effect.provide(layer));
        return {
          status: outcome._tag === "Right" ? outcome.right : undefined,
          failure: outcome._tag === "Left" ? outcome.left.message : undefined,
          received: server.received,
        };
      }),
    ),
  );

const secure = (port: number) => `https://hooks.example:${port}/path?query=1`;
const plain = (port: number) => `http://hooks.example:${port}/path?query=1`;

describe.each([
  ["HTTP", plain],
  ["HTTPS", secure],
])("over %s", (_, url) => {
  test("connects to the address that was checked, for the name of the URL", async () => {
    const { status, received } = await posted({ url });
    expect(status).toBe(200);
    expect(received).toMatchObject([
      {
        method: "POST",
        path: "/path?query=1",
        body: '{"a":"ü"}',
        headers: {
          "content-type": "application/json",
          "content-length": "10",
          "webhook-id": "msg_1",
          "user-agent": "Footfall-Webhooks/1",
        },
      },
    ]);
    expect(received[0]?.headers.host).toStartWith("hooks.example:");
  });

  test("follows no redirect", async () => {
    const { status, received } = await posted({
      url,
      answer: (response) => {
        response.writeHead(307, { location: "/elsewhere" });
        response.end();
      },
    });
    expect([status, received.length]).toEqual([307, 1]);
  });

  test("does not wait for an answer's body, however long or slow it is", async () => {
    let closed: (() => void) | undefined;
    const whenClosed = new Promise<void>((resolve) => {
      closed = resolve;
    });
    const { status } = await posted({
      url,
      answer: (response) => {
        response.writeHead(200);
        const timer = setInterval(() => response.write("x".repeat(65_536)), 1);
        response.on("close", () => {
          clearInterval(timer);
          closed?.();
        });
      },
    });
    expect(status).toBe(200);
    await whenClosed;
  });

  test("a connection that breaks off, and one that is refused, are failures", async () => {
    const broken = await posted({ url, answer: (response) => void response.destroy() });
    expect(broken.status).toBeUndefined();
    expect(broken.failure?.length).toBeGreaterThan(0);
    const refused = await posted({ url: () => url(1) });
    expect(refused.failure).toMatch(/refused/i);
  });
});

describe("certificates", () => {
  const before = { ...process.env };
  afterEach(() => {
    for (const name of ["NODE_TLS_REJECT_UNAUTHORIZED", "HTTPS_PROXY", "HTTP_PROXY"]) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  });

  test("one of another name is refused, and nothing is sent", async () => {
    const { failure, received } = await posted({ url: (port) => `https://other.example:${port}/` });
    expect(failure).toContain("certificate's altnames");
    expect(received).toEqual([]);
  });

  test("one of a name is not one of its address", async () => {
    const { failure, received } = await posted({ url: (port) => `https://127.0.0.1:${port}/` });
    expect([failure?.includes("certificate's altnames"), received.length]).toEqual([true, 0]);
  });

  test("one that nobody vouches for is refused, whatever the environment says", async () => {
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
    const { failure, received } = await posted({ url: secure, layer: strict });
    expect(failure).toContain("self signed");
    expect(received).toEqual([]);
  });

  test("proxies of the environment are not asked", async () => {
    process.env.HTTP_PROXY = process.env.HTTPS_PROXY = "http://127.0.0.1:9";
    expect((await posted({ url: secure })).status).toBe(200);
    expect((await posted({ url: plain })).status).toBe(200);
  });
});

test("interruption closes the connection", async () => {
  let closed = false;
  const answer: Answering = (response) => void response.on("close", () => (closed = true));
  await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const server = yield* receiver(answer);
        const target = { url: new URL(plain(server.port)), addresses: ["127.0.0.1"] };
        const outcome = yield* Effect.timeoutOption(post(target, "127.0.0.1", "{}", {}), "200 millis");
        expect(outcome._tag).toBe("None");
        while (!closed) yield* Effect.sleep("5 millis");
      }),
    ).pipe(Effect.provide(layerLocalTargets())),
  );
});
