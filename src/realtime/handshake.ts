import { Effect } from "effect";
import { ForeignPage, UpgradeRequired } from "../domain/errors.ts";
import { isOwnOrigin } from "../http/own-page.ts";

/** The subprotocol that is spoken. The others that a client may name carry its key and are never chosen. */
export const SUBPROTOCOL = "footfall";

const BEARER = "bearer.";
const BEARER_BASE64 = "bearer64.";

const offered = (request: Request): ReadonlyArray<string> =>
  (request.headers.get("sec-websocket-protocol") ?? "").split(",").map((name) => name.trim());

/**
 * A page cannot set headers on a WebSocket, so that it gives its key as a subprotocol: `bearer.<key>`, or
 * `bearer64.<key in base64url>` for a key with characters that a subprotocol cannot have (spaces, commas, slashes …).
 */
const offeredKey = (request: Request): string | undefined => {
  for (const name of offered(request)) {
    if (name.startsWith(BEARER)) return name.slice(BEARER.length);
    if (name.startsWith(BEARER_BASE64)) {
      return Buffer.from(name.slice(BEARER_BASE64.length), "base64url").toString();
    }
  }
  return undefined;
};

/** The request as it would be if its key stood in a header; one that has it there goes first. */
export const withKeyInHeader = (request: Request): Request => {
  const { headers } = request;
  const key = headers.has("x-admin-key") || headers.has("authorization") ? undefined : offeredKey(request);
  if (key === undefined) return request;
  const own = new Headers(headers);
  try {
    own.set("authorization", `Bearer ${key}`);
  } catch {
    // No key has a line break in it.
    return request;
  }
  return new Request(request.url, { headers: own });
};

/** The answer's headers: the subprotocol if the client can speak it. */
export const upgradeHeaders = (request: Request): Record<string, string> =>
  offered(request).includes(SUBPROTOCOL) ? { "sec-websocket-protocol": SUBPROTOCOL } : {};

/** Fails for what is no WebSocket, and for a page that did not come from this host. */
export const requireOwnPage = (request: Request): Effect.Effect<void, ForeignPage | UpgradeRequired> =>
  Effect.suspend((): Effect.Effect<void, ForeignPage | UpgradeRequired> => {
    const { headers, url } = request;
    if (headers.get("upgrade")?.toLowerCase() !== "websocket") {
      return new UpgradeRequired({ path: new URL(url).pathname });
    }
    const origin = headers.get("origin");
    if (origin === null) return Effect.void;
    return isOwnOrigin(request, origin) ? Effect.void : new ForeignPage({ origin });
  });
