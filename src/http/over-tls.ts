import type { Settings } from "../config.ts";
import { normalAddress } from "../ingest/ip-address.ts";
import { parseTrustedProxies } from "./client-address.ts";

/** The part of Bun's server that knows who asks. */
export interface Peers {
  readonly requestIP: (request: Request) => { readonly address: string } | null;
}

/** Whether a request came over TLS: directly, or by the word of a trusted proxy's `X-Forwarded-Proto`. */
export type CameOverTls = (request: Request, server: Peers | null) => boolean;

export const makeCameOverTls = (settings: Pick<Settings, "trustedProxies">): CameOverTls => {
  const trusted = parseTrustedProxies(settings.trustedProxies);
  return (request, server) => {
    if (request.url.startsWith("https:")) return true;
    const forwarded = request.headers.get("x-forwarded-proto");
    if (forwarded === null || !trusted.trusts(normalAddress(server?.requestIP(request)?.address ?? ""))) {
      return false;
    }
    // What stands left of the last entry anybody may have written.
    return (
      forwarded
        .slice(forwarded.lastIndexOf(",") + 1)
        .trim()
        .toLowerCase() === "https"
    );
  };
};
