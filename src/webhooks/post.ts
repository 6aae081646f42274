import { type IncomingMessage, request as requestHttp } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { Data, Effect } from "effect";
import { type Target, WebhookTargets } from "./target.ts";

/** There was no answer; `message` holds no part of the URL but its host. */
export class PostFailed extends Data.TaggedError("PostFailed")<{
  readonly message: string;
}> {}

const failed = (error: unknown) =>
  new PostFailed({ message: error instanceof Error ? error.message : String(error) });

/**
 * Posts a body and succeeds with the status of the answer, the rest of which is not waited for. Connects to `address`, one of the target's, and to nothing else:
 * no name is looked up, no redirect followed and no proxy of the environment asked, and nothing is sent over a connection
 * whose certificate is not the host's. Without a time limit; interruption closes the connection.
 */
export const post = (
  { url }: Target,
  address: string,
  body: string,
  headers: Readonly<Record<string, string>>,
): Effect.Effect<number, PostFailed, WebhookTargets> =>
  Effect.flatMap(WebhookTargets, ({ authorities }) =>
    Effect.async<number, PostFailed>((resume) => {
      const bytes = Buffer.from(body);
      const isSecure = url.protocol === "https:";
      const name = url.hostname.replace(/\.$/, "");
      const options = {
        method: "POST",
        hostname: address,
        port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
        path: `${url.pathname}${url.search}`,
        // A connection of its own, so that none is used again for another host at this address.
        agent: false,
        headers: {
          ...headers,
          host: url.host,
          "content-type": "application/json",
          "content-length": String(bytes.length),
          "user-agent": "Footfall-Webhooks/1",
          "accept-encoding": "identity",
        },
      };
      const secure = {
        // Even where the environment says that certificates do not matter.
        rejectUnauthorized: true,
        // The name that the certificate has to be for; an address stands for itself.
        ...(isIP(name.replace(/^\[(.*)\]$/, "$1")) === 0 ? { servername: name } : {}),
        ...(authorities === undefined ? {} : { ca: [...authorities] }),
      };
      const answered = ({ statusCode }: IncomingMessage) => {
        resume(Effect.succeed(statusCode ?? 0));
        request.destroy();
      };
      const request = isSecure
        ? requestHttps({ ...options, ...secure }, answered)
        : requestHttp(options, answered);
      request.on("error", (error) => resume(Effect.fail(failed(error))));
      request.end(bytes);
      return Effect.sync(() => request.destroy());
    }),
  );
