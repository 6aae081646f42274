import type { Settings } from "../config.ts";
import { makeCameOverTls, type Peers } from "./over-tls.ts";

type Header = readonly [name: string, value: string];

/** What a page may load besides nothing: sources by directive, such as `"script-src": "'self'"`. */
type PageSources = Partial<
  Record<"script-src" | "style-src" | "img-src" | "font-src" | "connect-src" | "form-action", string>
>;

// Text reaches no sink that could run it, such as `innerHTML`; for that it had to be an object of a Trusted Types policy.
const noTextRuns = { "require-trusted-types-for": "'script'", "trusted-types": "'none'" };

/**
 * The `Content-Security-Policy` of a page: nothing but `sources`. It is in no frame, no element changes what its
 * addresses are relative to, and no form leaves it unless `form-action` says so. `writesHtml` is for a page whose scripts
 * assign text to `innerHTML` or the like, which no other page can.
 */
export const pagePolicy = (sources: PageSources = {}, { writesHtml = false } = {}): string =>
  Object.entries({
    "default-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
    ...(writesHtml ? {} : noTextRuns),
    ...sources,
  })
    .map((directive) => directive.join(" "))
    .join("; ");

const nosniff: Header = ["x-content-type-options", "nosniff"];
const ownOrigin: Header = ["cross-origin-resource-policy", "same-origin"];

/** Of everything that is no page: were it shown as one after all, nothing in it would run or load. */
const answerHeaders: ReadonlyArray<Header> = [
  nosniff,
  ["content-security-policy", "default-src 'none'; frame-ancestors 'none'"],
  ownOrigin,
];

/**
 * Pages of other origins send events; some of them load nothing that does not let itself be loaded by others. Each header
 * costs the busiest route some time, and nobody is led to its answers, so that they have no policy.
 */
const ingestHeaders: ReadonlyArray<Header> = [nosniff, ["cross-origin-resource-policy", "cross-origin"]];

const pageHeaders: ReadonlyArray<Header> = [
  nosniff,
  // A page that names no policy of its own loads nothing.
  ["content-security-policy", pagePolicy()],
  ownOrigin,
  ["cross-origin-opener-policy", "same-origin"],
  // Not `no-referrer`: beacons of the demo page would come from the origin "null".
  ["referrer-policy", "same-origin"],
  [
    "permissions-policy",
    [
      ...["accelerometer", "autoplay", "camera", "display-capture", "encrypted-media", "geolocation"],
      ...["gyroscope", "hid", "magnetometer", "microphone", "midi", "payment", "serial", "usb"],
    ]
      .map((feature) => `${feature}=()`)
      .join(", "),
  ],
];

/** A year, for this host alone: others below its name may not know TLS. */
const transportSecurity: Header = ["strict-transport-security", "max-age=31536000"];

/** What Elysia passes to a hook about an answer. */
interface Answered {
  readonly request: Request;
  /** The path of the route as it is registered. */
  readonly route: string;
  /** A `Response`, or what one is made of. */
  readonly responseValue?: unknown;
  readonly server: Peers | null;
  readonly set: { readonly headers: Record<string, string | number> };
}

const INGEST_ROUTE = "/v1/events";

const fill = (headers: Headers, wanted: ReadonlyArray<Header>): void => {
  for (const [name, value] of wanted) if (!headers.has(name)) headers.set(name, value);
};

/**
 * Gives every answer the headers that keep what is stored from running in a browser; one that the route has set stays.
 *
 * Pages (`text/html`) also get `Strict-Transport-Security` if they were asked for over TLS. Nothing else does, since a
 * visitor of somebody's site who loads the script should not be told how to reach this host's other ports.
 */
export const makeSecurityHeaders = (settings: Settings) => {
  const cameOverTls = makeCameOverTls(settings);

  /** For `mapResponse`. */
  const secure = ({ request, responseValue, route, server, set }: Answered): void => {
    if (!(responseValue instanceof Response)) {
      for (const [name, value] of answerHeaders) set.headers[name] ??= value;
      return;
    }
    const { headers } = responseValue;
    if (route === INGEST_ROUTE && request.method === "POST") {
      // Not looked for first, since the route sets none of them.
      for (const [name, value] of ingestHeaders) headers.set(name, value);
    } else if (headers.get("content-type")?.startsWith("text/html") === true) {
      fill(headers, pageHeaders);
      if (cameOverTls(request, server)) headers.set(...transportSecurity);
    } else {
      fill(headers, answerHeaders);
    }
  };

  /** A problem that never comes to `mapResponse`. */
  const secured = (problem: Response): Response => {
    fill(problem.headers, answerHeaders);
    return problem;
  };

  return { secure, secured };
};
