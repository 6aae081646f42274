/**
 * Cookies with what logs somebody in. Over TLS their names begin with `__Host-`, which browsers take from this host
 * alone, over TLS, so that nobody who can write to a page of another name below its domain can plant one.
 */
const SESSION = "footfall";
const SHARE = "footfall-share-";
const HOST_PREFIX = "__Host-";

/** Links that a browser has open at once; more are not looked at. */
const MOST_SHARES = 20;

export interface PresentedSession {
  readonly token: string;
  /** Whether it came in a cookie that only this host can have set, over TLS. */
  readonly isSecure: boolean;
}

const cookiesOf = (request: Request): ReadonlyArray<readonly [name: string, value: string]> =>
  (request.headers.get("cookie") ?? "").split(";").flatMap((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 ? [] : [[pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()] as const];
  });

/** The session that a request presents; one in a cookie that others can plant is looked at only if there is no other. */
export const presentedSession = (request: Request): PresentedSession | undefined => {
  const cookies = cookiesOf(request);
  const of = (name: string) => cookies.find(([each]) => each === name)?.[1];
  const secure = of(HOST_PREFIX + SESSION);
  if (secure !== undefined) return { token: secure, isSecure: true };
  const plain = of(SESSION);
  return plain === undefined ? undefined : { token: plain, isSecure: false };
};

/** The openers of shared links that a request presents. */
export const presentedOpeners = (request: Request): ReadonlyArray<string> =>
  cookiesOf(request)
    .filter(([name]) => name.startsWith(SHARE) || name.startsWith(HOST_PREFIX + SHARE))
    .slice(0, MOST_SHARES)
    .map(([, value]) => value);

const cookie = (name: string, value: string, isSecure: boolean, maxAgeSeconds: number): string =>
  [
    `${isSecure ? HOST_PREFIX : ""}${name}=${value}`,
    "Path=/",
    `Max-Age=${maxAgeSeconds}`,
    "HttpOnly",
    "SameSite=Lax",
    ...(isSecure ? ["Secure"] : []),
  ].join("; ");

export const sessionCookie = (token: string, isSecure: boolean, maxAgeSeconds: number): string =>
  cookie(SESSION, token, isSecure, maxAgeSeconds);

/** Takes the session's cookie away. */
export const noSessionCookie = (isSecure: boolean): string => cookie(SESSION, "", isSecure, 0);

export const shareCookie = (id: string, opener: string, isSecure: boolean, maxAgeSeconds: number): string =>
  cookie(SHARE + id, opener, isSecure, maxAgeSeconds);
