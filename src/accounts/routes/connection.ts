import type { Settings } from "../../config.ts";
import { clientAddress, parseTrustedProxies } from "../../http/client-address.ts";
import { makeCameOverTls, type Peers } from "../../http/over-tls.ts";
import { readUserAgent } from "../../ingest/steps/user-agent.ts";

/** What is known of who asks besides the request itself. */
export interface Connection {
  readonly isSecure: boolean;
  /** In its normal spelling; used to count attempts, and kept nowhere. */
  readonly address: string;
  /** Such as `Firefox on Linux`, "" for a program that does not tell. */
  readonly agent: string;
}

export const makeConnectionOf = (settings: Pick<Settings, "trustedProxies">) => {
  const trusted = parseTrustedProxies(settings.trustedProxies);
  const cameOverTls = makeCameOverTls(settings);
  return (request: Request, server: Peers | null): Connection => {
    const { browser, os } = readUserAgent(request.headers.get("user-agent") ?? "");
    return {
      isSecure: cameOverTls(request, server),
      address: clientAddress(request.headers, server?.requestIP(request)?.address ?? "", trusted),
      agent: [browser, os].filter((name) => name !== "").join(" on "),
    };
  };
};
