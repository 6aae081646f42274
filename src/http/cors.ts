const exposed = "retry-after, ratelimit, ratelimit-policy";

/** For answers that a page of every origin may read. */
export const everyOrigin: Readonly<Record<string, string>> = {
  "access-control-allow-origin": "*",
  "access-control-expose-headers": exposed,
};

/** For answers that no page may read, or that are for no page: a request without `Origin` comes from none. */
export const noOrigin: Readonly<Record<string, string>> = {};

/**
 * The headers that let a page of this origin alone read the answer, problems included: a script has to see a 503 to try
 * again.
 */
export const corsHeaders = (origin: string): Readonly<Record<string, string>> => ({
  "access-control-allow-origin": origin,
  "access-control-expose-headers": exposed,
  vary: "origin",
});

/** What a preflight is answered with besides `corsHeaders`. */
export const preflightHeaders: Readonly<Record<string, string>> = {
  "access-control-allow-methods": "POST",
  "access-control-allow-headers": "content-type, content-encoding, x-api-key",
  "access-control-max-age": "86400",
};
