import { createServer, type IncomingHttpHeaders, type RequestListener } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { Effect, Layer, type Scope } from "effect";
import { WebhookTargets } from "../target.ts";
import { certificate, certificateKey } from "./certificate.ts";

export interface Received {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Answers a request, of which it is the n-th (from 0). */
export type Answering = (response: Parameters<RequestListener>[1], n: number, received: Received) => void;

export interface Receiver {
  readonly port: number;
  readonly received: ReadonlyArray<Received>;
}

/** A web server on this machine that remembers what it was sent. Closed with the scope. */
export const receiver = (
  answer: Answering,
  { secure = false } = {},
): Effect.Effect<Receiver, never, Scope.Scope> =>
  Effect.gen(function* () {
    const received: Array<Received> = [];
    const listener: RequestListener = async (request, response) => {
      const parts: Array<Buffer> = [];
      for await (const part of request) parts.push(part as Buffer);
      const { method = "", url: path = "", headers } = request;
      received.push({ method, path, headers, body: Buffer.concat(parts).toString() });
      answer(response, received.length - 1, received.at(-1) as Received);
    };
    const server = yield* Effect.acquireRelease(
      Effect.async<ReturnType<typeof createServer>>((resume) => {
        const created = secure
          ? createSecureServer({ cert: certificate, key: certificateKey }, listener)
          : createServer(listener);
        created.listen(0, "127.0.0.1", () => resume(Effect.succeed(created)));
      }),
      (created) => Effect.sync(() => void created.close()),
    );
    return { port: (server.address() as AddressInfo).port, received };
  });

/** Answers with this status and nothing else. */
export const answering =
  (...statuses: ReadonlyArray<number>): Answering =>
  (response, n) => {
    response.statusCode = statuses[Math.min(n, statuses.length - 1)] ?? 200;
    response.end();
  };

/** Lets webhooks go to this machine, over HTTP too; every name is at 127.0.0.1 unless `names` says otherwise. */
export const layerLocalTargets = (names: Readonly<Record<string, ReadonlyArray<string>>> = {}) =>
  Layer.succeed(WebhookTargets, {
    schemes: ["https:", "http:"],
    allows: (address) => address === "127.0.0.1",
    resolve: (name) => Effect.succeed(names[name] ?? ["127.0.0.1"]),
    authorities: [certificate],
  });
