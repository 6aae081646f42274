import type { AllowedOrigins } from "../config.ts";

const everyOrigin = { "access-control-allow-origin": "*", "access-control-expose-headers": "retry-after" };
const noOrigin = {};

/**
 * The headers that let a page of an allowed origin read the answer, problems included: a script has to see a 503 to try
 * again. `undefined` when the origin may not send events. A request without `Origin` comes from no page.
 */
export const corsHeaders = (
  origin: string | null,
  allowed: AllowedOrigins,
): Readonly<Record<string, string>> | undefined => {
  if (origin === null) return noOrigin;
  if (allowed === "*") return everyOrigin;
  if (!allowed.has(origin.toLowerCase())) return undefined;
  return {
    "access-control-allow-origin": origin,
    "access-control-expose-headers": "retry-after",
    vary: "origin",
  };
};

/** What a preflight is answered with besides `corsHeaders`. */
export const preflightHeaders: Readonly<Record<string, string>> = {
  "access-control-allow-methods": "POST",
  "access-control-allow-headers": "content-type, content-encoding, x-api-key",
  "access-control-max-age": "86400",
};
