import { Effect } from "effect";
import { CrossSite } from "../domain/errors.ts";
import { isOwnOrigin } from "./own-page.ts";

const safeMethods: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS"]);

const hasBody = ({ headers }: Request): boolean =>
  headers.has("transfer-encoding") || (headers.get("content-length") ?? "0") !== "0";

const isJson = ({ headers }: Request): boolean =>
  /^application\/json\s*(?:;|$)/i.test(headers.get("content-type") ?? "");

/** Whether the browser says that a page of this host asks; undefined where it says nothing. */
const saysOwn = (request: Request): boolean | undefined => {
  const { headers } = request;
  const site = headers.get("sec-fetch-site");
  if (site !== null) return site === "same-origin";
  const origin = headers.get("origin");
  return origin === null ? undefined : isOwnOrigin(request, origin);
};

/**
 * Fails where another site may have had the browser send the request, with a cookie that the page never sees: what
 * changes something has to come from a page of this host, as `Sec-Fetch-Site` or `Origin` say, which no page can forge,
 * and to have a body that no form can send.
 */
export const refuseCrossSite = (request: Request): Effect.Effect<void, CrossSite> =>
  Effect.suspend((): Effect.Effect<void, CrossSite> => {
    if (safeMethods.has(request.method)) return Effect.void;
    if (saysOwn(request) !== true) return new CrossSite({ reason: "origin" });
    return hasBody(request) && !isJson(request) ? new CrossSite({ reason: "content_type" }) : Effect.void;
  });

/**
 * The same for what is open to all, where there is no cookie yet: another site must not log people in as somebody else.
 * Programs, which say nothing of where they come from, may.
 */
export const refuseCrossSiteLogin = (request: Request): Effect.Effect<void, CrossSite> =>
  Effect.suspend((): Effect.Effect<void, CrossSite> => {
    if (saysOwn(request) === false) return new CrossSite({ reason: "origin" });
    return isJson(request) ? Effect.void : new CrossSite({ reason: "content_type" });
  });
