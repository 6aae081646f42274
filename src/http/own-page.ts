/**
 * Whether an origin is this host's. A page can set neither header that is asked for the host, so that a proxy's word is
 * as good as the request's own here.
 */
export const isOwnOrigin = ({ headers }: Request, origin: string): boolean => {
  const host = URL.canParse(origin) ? new URL(origin).host : undefined;
  const own = [headers.get("host"), headers.get("x-forwarded-host")].flatMap(
    (names) => names?.split(",") ?? [],
  );
  return own.some((name) => name.trim().toLowerCase() === host);
};
